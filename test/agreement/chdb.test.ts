import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import { NO_CHDB, openChdb } from '../support/chdb.ts'
import { pushedTo } from '../support/clickhouse-ways.ts'
import { agreeOnPairs } from '../support/engine-agreement.ts'
import { NAMED_TASKS } from '../support/named-tasks.ts'

const SEED = Number(process.env.QUOTEY_TEST_SEED ?? Date.now() % 1_000_000)

const chdb = openChdb()
const skip = chdb === null ? `1 test file left out: ${NO_CHDB}` : false
after(() => chdb?.close())

const engine = () =>
  pushedTo(async () => {
    assert.ok(chdb !== null)
    return { open: async () => chdb.database, stop: async () => undefined }
  })

for (const { name, task } of NAMED_TASKS) {
  test(`R2 today’s ClickHouse gives what the oracle gives: ${name}`, { skip }, async () => {
    const all = task()
    const given = { ...all, candidates: all.candidates.slice(0, 1) }
    assert.deepEqual(await engine().evaluate(given), await oracleEngine().evaluate(given))
  })
}

test('R2 today’s ClickHouse gives the oracle’s sums on generated policies and snapshots', {
  skip,
}, async t => {
  const found = await agreeOnPairs({ ways: { chdb: engine }, pairs: 12, seed: SEED })
  t.diagnostic(
    `seed ${SEED}: ${found.pairs} pairs, ${found.scored} quotes scored, ${found.impacted} impacted`,
  )
  assert.deepEqual(found.disagreements, [])
})
