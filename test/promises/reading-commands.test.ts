import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { everyTable } from '../../src/loop/audit.ts'
import { scratchFolder } from '../support/fresh-home.ts'
import type { TestInstallation } from '../support/installation.ts'
import { livedInInstallation } from '../support/lived-in-installation.ts'
import { READING } from '../support/open-commands.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

let lived: TestInstallation
before(async () => {
  lived = await livedInInstallation()
})
after(() => lived.remove())

/** Every row, and every file of the home beside the database, which SQLite's own files come and go with. */
async function standing(): Promise<unknown> {
  const { home } = lived.config
  const files = readdirSync(home, { recursive: true, encoding: 'utf8' })
    .filter(name => !name.startsWith('quotey.db') && statSync(join(home, name)).isFile())
    .sort()
  const digests = files.map(name =>
    createHash('sha256')
      .update(readFileSync(join(home, name)))
      .digest('hex'),
  )
  return { files, digests, rows: await lived.ports.store.read(everyTable) }
}

/** Runs calls in one process, as it takes long to start one for each. */
function inTurn(calls: readonly (readonly string[])[]): readonly { exitCode: number; said: string }[] {
  const runner = join(ROOT, 'test', 'support', 'commands-in-turn.ts')
  const ended = spawnSync(process.execPath, [runner, JSON.stringify(calls)], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  assert.equal(ended.status, 0, ended.stderr)
  return JSON.parse(ended.stdout)
}

test('A1 a command that asks nobody for a name changes nothing: no row, no snapshot, no key', async t => {
  using scratch = scratchFolder()
  const home = ['--home', lived.config.home]
  const [packet] = inTurn([[...home, 'policy-packet', 'show', 'latest', '--format', 'json']])
  writeFileSync(join(scratch.path, 'packet.json'), packet?.said ?? '')
  const placed = (word: string): string =>
    word.replace('OUT', scratch.path).replace('POLICY', join(ROOT, 'policies', 'starter.yaml'))
  const before = await standing()
  const words = Object.entries(READING)
  const ended = inTurn(words.map(([command, more]) => [...home, ...command.split(' '), ...more.map(placed)]))
  // What they found may be bad news, which ends with 3; what could not be asked at all would show nothing here.
  const badNews = ['doctor', 'validate', 'kpi backtest']
  const failed = words.flatMap(([command], at) => {
    const { exitCode, said } = ended[at] as { exitCode: number; said: string }
    return exitCode === 0 || (exitCode === 3 && badNews.includes(command)) ? [] : [`${command}: ${said}`]
  })
  assert.deepEqual(failed, [])
  assert.deepEqual(await standing(), before)
  t.diagnostic(`${words.length} commands`)
})
