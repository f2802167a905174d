import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { clickHouseEngine } from '../../src/adapters/clickhouse/engine.ts'
import { pushQuotes } from '../../src/adapters/clickhouse/push.ts'
import { sentColumns } from '../../src/adapters/clickhouse/sent-quotes.ts'
import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import type { ReplayTask } from '../../src/domain/replay.ts'
import { snapshotDigest } from '../../src/evidence/snapshot-digest.ts'
import { NO_CHDB, openChdb } from '../support/chdb.ts'
import { arbitraryTask } from '../support/generate-task.ts'
import { saidTwiceTask, sharpTask, textTask, wideTask } from '../support/sql-tasks.ts'

const SEED = Number(process.env.QUOTEY_TEST_SEED ?? Date.now() % 1_000_000)

const chdb = openChdb()
const skip = chdb === null ? `1 test left out: ${NO_CHDB}` : false
after(() => chdb?.close())

test('R2 today’s ClickHouse gives the oracle’s sums to the last integer', { skip }, async () => {
  if (chdb === null) return
  const oracle = oracleEngine()
  const generated = fc.sample(arbitraryTask(), { seed: SEED, numRuns: 2 })
  for (const task of [sharpTask(), textTask(), wideTask(), saidTwiceTask(), ...generated] as ReplayTask[]) {
    const candidates = task.candidates.slice(0, 1)
    const given = { ...task, candidates, snapshotDigest: snapshotDigest(task.columns) }
    await pushQuotes(
      chdb.database,
      given.snapshotDigest,
      sentColumns(given.columns),
      '2026-11-22T14:00:00.000Z',
      () => undefined,
    )
    assert.deepEqual(
      await clickHouseEngine(async () => chdb.database).evaluate(given),
      await oracle.evaluate(given),
      `seed ${SEED}`,
    )
  }
})
