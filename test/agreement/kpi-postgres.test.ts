import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { kpiQueryFile } from '../../src/adapters/kpi-query.ts'
import { agreeOnWorlds, QUERIES, referencePack } from '../support/kpi-agreement.ts'
import { fillPostgres } from '../support/kpi-postgres.ts'
import { kpiWorlds } from '../support/kpi-world.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

const WORLDS = 120
const SEED = 20261122

let started: TestPostgres | string
before(async () => {
  started = await startPostgres()
})
after(async () => {
  if (typeof started !== 'string') await started[Symbol.asyncDispose]()
})

test('K1 SQLite and a real PostgreSQL give the figures of an independent computation on 120 generated worlds', async context => {
  if (typeof started === 'string') return context.skip(`2 tests left out: ${started}`)
  assert.equal(await agreeOnWorlds(started, WORLDS, SEED), WORLDS)
})

test('K1 the files run as they are in psql over the last 30 days', async context => {
  if (typeof started === 'string') return context.skip(started)
  if (spawnSync('psql', ['--version']).status !== 0) return context.skip('1 test left out: no psql here')
  const nowMs = Date.now()
  // Edges of the window are left out: it moves on between the calls.
  for (const world of fc.sample(kpiWorlds(nowMs - 29 * 86_400_000, nowMs - 60_000), {
    numRuns: 2,
    seed: SEED,
  })) {
    await fillPostgres(started, world)
    for (const query of QUERIES) {
      const printed = psql(started.url, kpiQueryFile(query, 'postgres'))
      const [asked] = psql(started.url, kpiQueryFile('clo_kpi_summary_v1', 'postgres'))
      const start: string = new Date(asked?.window_start as string).toISOString()
      const end: string = new Date(asked?.window_end as string).toISOString()
      assert.equal(Date.parse(end) - Date.parse(start), 30 * 86_400_000)
      assert.ok(Math.abs(Date.parse(end) - nowMs) < 60_000, `the window ends now, not at ${end}`)
      const expected = referencePack(world, start, end)[query] as readonly Record<string, unknown>[]
      assert.deepEqual(printed.map(withoutWindow), expected.map(withoutWindow).map(asPrinted))
    }
  }
})

/** Rows of a file as psql prints them, CSV read back by its header. */
function psql(url: string, file: string): readonly Record<string, string>[] {
  const words = [url, '--no-psqlrc', '--quiet', '--csv', '--set', 'ON_ERROR_STOP=1', '--file', file]
  const environment = { ...process.env, PGTZ: 'UTC' }
  const text = execFileSync('psql', words, { encoding: 'utf8', env: environment })
  const [head = '', ...lines] = text.trimEnd().split('\n')
  const names = head.split(',')
  return lines.map(line => {
    const quoted = /^(.*),"([^"]*)"$/.exec(line)
    const cells =
      quoted === null ? line.split(',') : [...(quoted[1] as string).split(','), quoted[2] as string]
    return Object.fromEntries(names.map((name, at) => [name, cells[at] ?? '']))
  })
}

/** The window moves between two calls; instants are compared as moments. */
const withoutWindow = (row: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => !name.startsWith('window_'))
      .map(([name, value]) => [name, name.endsWith('_at') ? Date.parse(value as string) : value]),
  )

const asPrinted = (row: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      name.endsWith('_at') ? value : value === null ? '' : String(value),
    ]),
  )
