import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { buildFolder } from '../../src/adapters/whole-folder.ts'
import type { Refusal } from '../../src/domain/refusal.ts'
import { quotey } from '../support/command-line.ts'
import { installationWithHistory } from '../support/governed-candidate.ts'
import type { TestInstallation } from '../support/installation.ts'

let original: TestInstallation
before(async () => {
  original = await installationWithHistory(500)
  await original.ports.store.close()
})
after(() => original.remove())

/** A disk of its own of that size, where this machine lets us make one; what does not fit is really refused by the system. */
async function onDisk(
  context: TestContext,
  kib: number,
  work: (disk: string) => Promise<void>,
): Promise<void> {
  const disk = mkdtempSync(join(tmpdir(), 'quotey-disk-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', disk]).status === 0
  try {
    if (mounted) await work(disk)
    else context.skip('left out: 1 case, as making a disk of a given size takes root on Linux')
  } finally {
    if (mounted) spawnSync('umount', ['-l', disk])
    rmSync(disk, { recursive: true, force: true })
  }
}

function fill(disk: string): void {
  const chunk = Buffer.alloc(4096)
  for (let at = 0; ; at += 1) {
    try {
      writeFileSync(join(disk, `fill-${at}`), chunk)
    } catch {
      return
    }
  }
}

/** Runs a command that must find no room, and says so. */
async function hasNoRoom(home: string, ...words: readonly string[]): Promise<void> {
  const ended = await quotey(home, 'sam', '--json', ...words)
  const { refusal } = ended.json as { refusal: Refusal }
  const what = `${words.join(' ')}: ${ended.stderr}${ended.stdout}`
  assert.deepEqual(
    [ended.exitCode, refusal.code, refusal.facts.cause],
    [3, 'store_unavailable', 'full'],
    what,
  )
  assert.match(refusal.remedy, /make room/, what)
}

test('L4 on a disk without any room every command is refused by that name, and goes on once there is room', context =>
  onDisk(context, 4096, async disk => {
    const home = join(disk, 'home')
    cpSync(original.config.home, home, { recursive: true })
    fill(disk)
    const pause = 'policy-opt control pause --ticket CLO-SAFETY-PAUSE --reason x --metric other:x'.split(' ')
    await hasNoRoom(home, ...pause)
    await hasNoRoom(home, 'policy-opt', 'control', 'status')
    for (const name of readdirSync(disk)) if (name.startsWith('fill-')) rmSync(join(disk, name))
    assert.equal((await quotey(home, 'sam', ...pause)).exitCode, 0)
    assert.equal((await quotey(home, null, 'audit', 'verify')).exitCode, 0)
  }))

test('a backup, a restore or a new installation that finds no room is refused by that name, and leaves nothing', async context => {
  const backup = join(original.folder, 'backup')
  assert.equal((await quotey(original.config.home, null, 'backup', backup)).exitCode, 0)
  const wholeKib = statSync(join(backup, 'quotey.db')).size / 1024
  for (const share of [0.2, 0.6, 1]) {
    const kib = Math.floor(wholeKib * share)
    await onDisk(context, kib, async disk => {
      await hasNoRoom(original.config.home, 'backup', join(disk, 'backup'))
      await hasNoRoom(join(disk, 'home'), 'restore', backup)
      if (share === 0.2) await hasNoRoom(join(disk, 'home'), 'init')
      assert.deepEqual(readdirSync(disk), [], `with ${kib} KiB`)
    })
  }
})

test('a folder that cannot be filled for want of room is refused and gone; with room it is there', async () => {
  const place = mkdtempSync(join(tmpdir(), 'quotey-test-'))
  const target = join(place, 'copy')
  try {
    const refused = await buildFolder(target, async () => {
      const error: NodeJS.ErrnoException = new Error('no space left on device')
      throw Object.assign(error, { code: 'ENOSPC' })
    })
    assert.deepEqual(!refused.ok && [refused.refusal.code, refused.refusal.facts.cause], [
      'store_unavailable',
      'full',
    ])
    assert.deepEqual(readdirSync(place), [])
    await assert.rejects(buildFolder(target, () => Promise.reject(new TypeError('a fault of ours'))))
    const made = await buildFolder(target, async () => ({ ok: true, value: 1 }))
    assert.ok(made.ok && existsSync(target))
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
})
