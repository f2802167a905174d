import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { type ClickHouse, openClickHouse } from '../../src/adapters/clickhouse/connection.ts'
import { text } from '../../src/adapters/clickhouse/dialect.ts'
import { clickHouseEngine } from '../../src/adapters/clickhouse/engine.ts'
import { pushQuotes } from '../../src/adapters/clickhouse/push.ts'
import { sentColumns } from '../../src/adapters/clickhouse/sent-quotes.ts'
import { QUOTES_TABLE, SHARD_TABLE } from '../../src/adapters/clickhouse/tables.ts'
import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import type { ReplayTask } from '../../src/domain/replay.ts'
import { snapshotDigest } from '../../src/evidence/snapshot-digest.ts'
import { CLICKHOUSE_SERVER, startShards, type TestCluster } from '../support/clickhouse-servers.ts'
import { pushedTo } from '../support/clickhouse-ways.ts'
import { agreeOnPairs } from '../support/engine-agreement.ts'
import { NAMED_TASKS } from '../support/named-tasks.ts'
import { sharpTask, wideTask } from '../support/sql-tasks.ts'
import { obstacle } from '../support/store-obstacle.ts'

const SEED = Number(process.env.QUOTEY_TEST_SEED ?? Date.now() % 1_000_000)
const skip =
  CLICKHOUSE_SERVER === null
    ? '1 test file left out: no clickhouse-server here, or not where it was named'
    : false

const oracle = oracleEngine()
let cluster: TestCluster
let database: ClickHouse

before(async () => {
  if (skip) return
  cluster = await startShards()
  database = await open(60)
})
after(async () => {
  if (skip) return
  await database.close()
  await cluster.stop()
})

const open = (timeoutSeconds: number): Promise<ClickHouse> =>
  openClickHouse({ url: `${cluster.servers[0].url}/default`, timeoutSeconds })

let pushes = 0
const push = ({ columns, snapshotDigest: digest }: ReplayTask) => {
  pushes += 1
  return pushQuotes(database, digest, sentColumns(columns), new Date(pushes).toISOString(), () => undefined)
}

const replayed = (task: ReplayTask, timeoutSeconds = 60) =>
  clickHouseEngine(() => open(timeoutSeconds)).evaluate(task)

const named = (task: ReplayTask): ReplayTask => ({ ...task, snapshotDigest: snapshotDigest(task.columns) })

async function agrees(task: ReplayTask): Promise<void> {
  const pushed = named(task)
  await push(pushed)
  assert.deepEqual(await replayed(pushed), await oracle.evaluate(pushed))
}

test('R2 two shards of ClickHouse 18.16 give the oracle’s sums to the last integer on generated policies and snapshots', {
  skip,
}, async t => {
  const running = async () => ({ open: () => open(60), stop: async () => undefined })
  const { pairs, scored, impacted, disagreements } = await agreeOnPairs({
    ways: { clickhouse: () => pushedTo(running) },
    pairs: 24,
    seed: SEED,
    lanes: 2,
  })
  t.diagnostic(`seed ${SEED}: ${pairs} pairs, ${scored} quotes scored, ${impacted} impacted`)
  assert.deepEqual(disagreements, [])
})

for (const { name, task } of NAMED_TASKS) {
  test(`R2 ClickHouse gives what the oracle gives: ${name}`, { skip }, async () => {
    const given = task()
    await agrees({ ...given, candidates: given.candidates.slice(0, 1) })
  })
}

test('any text comes back from ClickHouse as the literal it was written as', { skip }, async () => {
  const texts = [
    ...fc.sample(fc.string({ unit: 'binary', maxLength: 20 }), { seed: SEED, numRuns: 300 }),
    ...fc.sample(
      fc.string({
        unit: fc.constantFrom('\\', "'", '\0', '"', '`', '\n', 'x', '0', '{', 'é'),
        maxLength: 12,
      }),
      {
        seed: SEED,
        numRuns: 300,
      },
    ),
    "'; DROP TABLE x; --",
    '\\',
    "\\'",
    '\0',
    '{p:String}',
    '公\u{1f600}',
  ]
  const [row] = await database.ask(`SELECT [${texts.map(text).join(', ')}] AS texts`)
  assert.deepEqual(row?.texts, texts)
})

test('R4 rows that a shard lost, or has twice, refuse the replay and are named', { skip }, async () => {
  const given = named({ ...sharpTask(), candidates: [] })
  const whole = given.columns.rows
  const [, second] = cluster.servers
  await push(given)
  const here = `snapshot = ${text(given.snapshotDigest)}`
  const there = Number(await second.plain(`SELECT count() FROM ${SHARD_TABLE} WHERE ${here}`))
  assert.ok(there > 0 && there < whole, 'both shards hold rows')

  await second.plain(`INSERT INTO ${SHARD_TABLE} SELECT * FROM ${SHARD_TABLE} WHERE ${here}`)
  const twice = await obstacle(replayed(given))
  assert.equal(twice.code, 'store_unavailable')
  assert.equal(twice.facts.cause, 'not_whole')
  assert.deepEqual([twice.facts.rows_expected, twice.facts.rows_found], [whole, whole + there])
  const shard = { number: 2, address: second.address, rows_pushed: there }
  assert.deepEqual(twice.facts.shard, { ...shard, rows_found: 2 * there })

  await second.plain(`ALTER TABLE ${SHARD_TABLE} DROP PARTITION ${text(given.snapshotDigest)}`)
  const lost = await obstacle(replayed(given))
  assert.deepEqual([lost.facts.rows_expected, lost.facts.rows_found], [whole, whole - there])
  assert.deepEqual(lost.facts.shard, { ...shard, rows_found: 0 })

  const again = await push(given)
  assert.equal(again.parts_there, 0)
  assert.deepEqual(await replayed(given), [])
})

test('R4 a snapshot that never arrived whole is not replayed', { skip }, async () => {
  const given = named({ ...wideTask(), snapshotDigest: 'sha256:00' })
  const refusal = await obstacle(replayed({ ...given, snapshotDigest: `sha256:${'0'.repeat(64)}` }))
  assert.equal(refusal.code, 'not_found')
})

test('R4 a shard that hangs is a refusal that names it, never a smaller answer', { skip }, async () => {
  const given = named(sharpTask())
  await push(given)
  const [, second] = cluster.servers
  second.process.kill('SIGSTOP')
  try {
    const refusal = await obstacle(replayed(given, 2))
    assert.equal(refusal.code, 'store_unavailable')
    assert.equal(refusal.facts.cause, 'timeout')
    assert.deepEqual(refusal.facts.shard, { number: 2, address: second.address })
  } finally {
    second.process.kill('SIGCONT')
  }
})

test('R4 a shard that was killed is a refusal that names it, though the profile lets the server skip shards', {
  skip,
}, async () => {
  const given = named(sharpTask())
  await push(given)
  const [first, second] = cluster.servers
  const ended = new Promise(resolve => second.process.once('exit', resolve))
  second.process.kill('SIGKILL')
  await ended
  const counted = Number(
    await first.plain(`SELECT count() FROM ${QUOTES_TABLE} WHERE snapshot = ${text(given.snapshotDigest)}`),
  )
  assert.ok(
    counted > 0 && counted < given.columns.rows,
    'left to its profile the server answers for fewer rows',
  )
  const refusal = await obstacle(replayed(given))
  assert.equal(refusal.code, 'store_unavailable')
  assert.equal(refusal.facts.cause, 'unreachable')
  assert.deepEqual(refusal.facts.shard, { number: 2, address: second.address })
})
