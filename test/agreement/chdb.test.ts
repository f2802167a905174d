import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { type ClickHouse, wholeSums } from '../../src/adapters/clickhouse/connection.ts'
import { clickHouseEngine } from '../../src/adapters/clickhouse/engine.ts'
import { pushQuotes } from '../../src/adapters/clickhouse/push.ts'
import { sentColumns } from '../../src/adapters/clickhouse/sent-quotes.ts'
import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import type { ReplayTask } from '../../src/domain/replay.ts'
import { snapshotDigest } from '../../src/evidence/snapshot-digest.ts'
import { arbitraryTask } from '../support/generate-task.ts'
import { sharpTask, textTask, wideTask } from '../support/sql-tasks.ts'

const SEED = Number(process.env.QUOTEY_TEST_SEED ?? Date.now() % 1_000_000)

interface Session {
  query(statement: string, format?: string): string
  close(): void
}

/** Today's ClickHouse as a library, where the packages of the bench are installed. */
function chdbSession(folder: string): Session | null {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
  try {
    const chdb = createRequire(join(root, 'bench', 'package.json'))('chdb') as {
      readonly Session: new (path: string) => Session
    }
    return new chdb.Session(folder)
  } catch {
    return null
  }
}

const folder = mkdtempSync(join(tmpdir(), 'quotey-chdb-'))
const session = chdbSession(folder)
const skip = session === null ? '1 test left out: no chdb here (`npm ci` in bench/ installs it)' : false
after(() => {
  session?.close()
  rmSync(folder, { recursive: true, force: true })
})

function database({ query }: { readonly query: (statement: string, format: string) => string }): ClickHouse {
  return {
    place: 'chdb',
    ask: async question =>
      query(question, 'JSONEachRow')
        .split('\n')
        .filter(line => line !== '')
        .map(line => wholeSums(JSON.parse(line) as Record<string, unknown>)),
    run: async statement => void query(statement, 'CSV'),
    insert: async (table, rows) => {
      const lines = rows.map(row => JSON.stringify(row)).join('\n')
      if (rows.length > 0) query(`INSERT INTO ${table} FORMAT JSONEachRow ${lines}`, 'CSV')
    },
    shard: null,
    shards: [],
    cluster: async () => [],
    close: async () => undefined,
  }
}

test('R2 today’s ClickHouse gives the oracle’s sums to the last integer', { skip }, async () => {
  if (session === null) return
  session.query('CREATE DATABASE IF NOT EXISTS quotey')
  session.query('USE quotey')
  session.query('SET output_format_json_quote_64bit_integers = 1')
  const there = database({ query: (statement, format) => session.query(statement, format) })
  const oracle = oracleEngine()
  const generated = fc.sample(arbitraryTask(), { seed: SEED, numRuns: 2 })
  for (const task of [sharpTask(), textTask(), wideTask(), ...generated] as ReplayTask[]) {
    const candidates = task.candidates.slice(0, 1)
    const given = { ...task, candidates, snapshotDigest: snapshotDigest(task.columns) }
    await pushQuotes(
      there,
      given.snapshotDigest,
      sentColumns(given.columns),
      '2026-11-22T14:00:00.000Z',
      () => undefined,
    )
    assert.deepEqual(
      await clickHouseEngine(async () => there).evaluate(given),
      await oracle.evaluate(given),
      `seed ${SEED}`,
    )
  }
})
