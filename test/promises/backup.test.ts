import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { composeBackup, composePorts, composeRestored } from '../../src/compose.ts'
import { type Config, readConfig } from '../../src/config.ts'
import type { RefusalCode } from '../../src/domain/refusal.ts'
import { everyTable, verifyAudit } from '../../src/loop/audit.ts'
import { quotey } from '../support/command-line.ts'
import { apply, approvedCandidate, installationWithHistory, rollback } from '../support/governed-candidate.ts'
import { refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'

const RECORDING = fileURLToPath(new URL('../support/recording-process.ts', import.meta.url))

let original: TestInstallation
let candidateId = ''
let backup = ''
before(async () => {
  original = await installationWithHistory(800)
  const first = await approvedCandidate(original.ports)
  const applied = succeeded(await apply(original.ports, 'ruth', first.candidateId))
  succeeded(await rollback(original.ports, 'sam', applied.apply_record.id))
  candidateId = (await approvedCandidate(original.ports)).candidateId
  backup = join(original.folder, 'backup')
  succeeded(await composeBackup(original.config, backup))
})
after(() => original.remove())

let homes = 0
/** A place for a restore, with the keys of the original, as their owners would put them there. */
function newPlace(): Config {
  homes += 1
  const home = join(original.folder, `restored-${homes}`)
  return { ...readConfig({ home }, {}), keysFolder: original.config.keysFolder }
}

const filesUnder = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
    statSync(join(folder, name)).isFile(),
  )

test('a restored backup is the same installation, says so in its log, and work goes on', async () => {
  const config = newPlace()
  const restored = succeeded(await composeRestored(config, backup))
  const ports = succeeded(await composePorts(config))
  try {
    const [was, is] = [await original.ports.store.read(everyTable), await ports.store.read(everyTable)]
    for (const table of Object.keys(was).filter(name => name !== 'audit_node')) {
      const added = table === 'policy_lifecycle_audit' ? 1 : 0
      assert.deepEqual(is[table]?.slice(0, was[table]?.length), was[table], table)
      assert.equal(is[table]?.length, (was[table]?.length ?? 0) + added, table)
    }
    const last = is.policy_lifecycle_audit?.at(-1)
    assert.equal(last?.event_type, 'backup_restored')
    const payload = JSON.parse(String(last?.event_payload_json)) as { entries: number; root_hash: string }
    assert.deepEqual([payload.entries, payload.root_hash], [restored.entries, restored.root_hash])
    assert.deepEqual(succeeded(await verifyAudit(ports, null)).findings, [])
    assert.equal(succeeded(await apply(ports, 'ruth', candidateId)).activation.epoch, 4)
    assert.deepEqual(succeeded(await verifyAudit(ports, null)).findings, [])
  } finally {
    await ports.store.close()
  }
})

test('a backup holds database and snapshots, and no private key', () => {
  const files = filesUnder(backup)
  assert.deepEqual(
    files
      .map(name => name.split('/')[0])
      .filter((name, at, all) => all.indexOf(name) === at)
      .sort(),
    ['quotey.db', 'snapshots'],
  )
  const secrets = filesUnder(original.config.keysFolder)
  assert.ok(secrets.length > 0)
  for (const name of files) {
    const bytes = readFileSync(join(backup, name))
    assert.equal(bytes.includes('PRIVATE KEY'), false, name)
    for (const key of secrets) {
      const body = readFileSync(join(original.config.keysFolder, key), 'utf8').split('\n')[1] as string
      assert.equal(bytes.includes(body), false, `${key} in ${name}`)
    }
  }
})

test('L4 a backup taken while another process writes is a whole installation', async () => {
  const writer = spawn(process.execPath, [RECORDING, original.config.home], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(writer.stdout, 'data')
    const folder = join(original.folder, 'backup-in-use')
    const taken = succeeded(await composeBackup(original.config, folder))
    const restored = succeeded(await composeRestored(newPlace(), folder))
    assert.deepEqual([restored.entries, restored.root_hash], [taken.entries, taken.root_hash])
  } finally {
    writer.kill('SIGKILL')
    await once(writer, 'close')
  }
})

/** Ways a backup can be broken, each laid on a copy of a sound one. */
const BROKEN: readonly (readonly [string, RefusalCode, (folder: string) => void])[] = [
  [
    'one record was edited',
    'audit_broken',
    folder => edit(folder, "UPDATE policy_apply_record SET actor_id = 'eve'"),
  ],
  [
    'the newest audit entry was removed',
    'audit_broken',
    folder =>
      edit(
        folder,
        'DELETE FROM policy_lifecycle_audit WHERE row_order = (SELECT max(row_order) FROM policy_lifecycle_audit)',
      ),
  ],
  ['a trigger was dropped', 'audit_broken', folder => edit(folder, 'SELECT 1')],
  ['the database is cut short', 'audit_broken', folder => truncateSync(join(folder, 'quotey.db'), 20_480)],
  [
    'the database is another program’s',
    'bad_input',
    folder => {
      rmSync(join(folder, 'quotey.db'))
      new DatabaseSync(join(folder, 'quotey.db')).exec('CREATE TABLE songs (title TEXT)')
    },
  ],
  ['there is no database', 'not_found', folder => rmSync(join(folder, 'quotey.db'))],
  ['a snapshot is missing', 'audit_broken', folder => rmSync(join(folder, 'snapshots'), { recursive: true })],
  [
    'a snapshot was altered',
    'audit_broken',
    folder => {
      const [name] = readdirSync(join(folder, 'snapshots')) as [string]
      writeFileSync(join(folder, 'snapshots', name), 'no quotes')
    },
  ],
  ['it was copied while in use', 'bad_input', folder => writeFileSync(join(folder, 'quotey.db-wal'), '')],
]

/** Edits a database past its triggers, as somebody without the keys could. */
function edit(folder: string, statement: string): void {
  const database = new DatabaseSync(join(folder, 'quotey.db'), { enableForeignKeyConstraints: false })
  for (const { name } of database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all()) {
    database.exec(`DROP TRIGGER "${String(name)}"`)
  }
  database.exec(statement)
  database.close()
}

for (const [fault, code, spoil] of BROKEN) {
  test(`V1 a backup is refused and leaves nothing behind when ${fault}`, async () => {
    const folder = join(original.folder, `spoilt-${fault.replaceAll(/\W/g, '-')}`)
    cpSync(backup, folder, { recursive: true })
    spoil(folder)
    const config = newPlace()
    refusedWith(code, await composeRestored(config, folder))
    assert.equal(existsSync(config.home), false, 'something was left')
  })
}

test('an installation is never overwritten by a restore, nor a backup by a backup, nor is a foreign log played in', async () => {
  refusedWith('bad_input', await composeRestored(original.config, backup))
  refusedWith('bad_input', await composeBackup(original.config, backup))
  assert.deepEqual(succeeded(await verifyAudit(original.ports, null)).findings, [])
  const config = newPlace()
  succeeded(await composeRestored(config, backup))
  renameSync(join(config.home, 'quotey.db'), join(config.home, 'gone.db'))
  writeFileSync(join(config.home, 'quotey.db-wal'), 'what another database had not yet written')
  const refusal = refusedWith('bad_input', await composeRestored(config, backup))
  assert.match(refusal.remedy, /move it away/)
  assert.equal(existsSync(join(config.home, 'quotey.db')), false)
})

test('a broken installation gives no backup, and is told so', async () => {
  const home = newPlace()
  cpSync(backup, home.home, { recursive: true })
  edit(home.home, "UPDATE policy_apply_record SET actor_id = 'eve'")
  const target = join(original.folder, 'of-broken')
  refusedWith('audit_broken', await composeBackup(home, target))
  assert.equal(existsSync(target), false)
  assert.deepEqual(
    readdirSync(original.folder).filter(name => name.startsWith('.backup-')),
    [],
  )
})

test('backup and restore on the command line', async () => {
  const folder = join(original.folder, 'by-command')
  const taken = await quotey(original.config.home, null, '--json', 'backup', folder)
  assert.equal(taken.exitCode, 0, taken.stderr)
  const place = newPlace()
  const restored = await quotey(place.home, null, 'restore', folder)
  assert.equal(restored.exitCode, 0, restored.stderr)
  assert.match(restored.stdout, /put the owners' key files into/)
  const again = await quotey(place.home, null, '--json', 'restore', folder)
  assert.equal(again.exitCode, 2)
  rmSync(join(place.home, 'snapshots'), { recursive: true })
  const lacking = await quotey(place.home, null, '--json', 'backup', join(original.folder, 'of-lacking'))
  assert.deepEqual([lacking.exitCode, JSON.parse(lacking.stdout).refusal.code], [4, 'audit_broken'])
})
