import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { generatedColumns, generatedModel } from '../../bench/generated-columns.ts'
import { twelveRules, withParams, withRules } from '../../bench/twelve-rules.ts'
import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import { type StreamOptions, streamedReplay } from '../../src/adapters/columnar/streamed-replay.ts'
import { snapshots } from '../../src/adapters/snapshots.ts'
import type { QuoteColumns } from '../../src/domain/quote.ts'
import { type ReplaySums, type ReplayTask, WHOLE_SNAPSHOT } from '../../src/domain/replay.ts'
import { asSnapshot } from '../support/as-snapshot.ts'
import { scratchFolder, valueIn } from '../support/fresh-home.ts'
import { arbitraryTask } from '../support/generate-task.ts'

const SEED = Number(process.env.QUOTEY_TEST_SEED ?? Date.now() % 1_000_000)
const SILENT = () => undefined

/** Replays a task over its quotes as a snapshot's file, in each way, and compares with the engine that has them in memory. */
async function agrees(home: string, task: ReplayTask, ways: readonly StreamOptions[]): Promise<ReplaySums> {
  const kept = snapshots({ home }, SILENT)
  const quotes = valueIn(await kept.open(await kept.save(task.columns)))
  const { columns: _, ...streamed } = task
  const expected = await columnarEngine({ threads: 0 }).evaluate(task)
  for (const way of ways) {
    for (const scattered of [false, true]) {
      const found = await streamedReplay(home, SILENT, way).evaluate(quotes, streamed, scattered)
      assert.deepEqual(found, expected, JSON.stringify({ way, scattered }))
    }
  }
  return expected[0] as ReplaySums
}

test(`R2 a snapshot streamed in parts gives the sums of one that lies in memory (seed ${SEED})`, async () => {
  using folder = scratchFolder()
  for (const any of fc.sample(arbitraryTask(), { seed: SEED, numRuns: 6 })) {
    const task = { ...any, columns: await asSnapshot(folder.path, any.columns) }
    await agrees(folder.path, task, [{ partRows: 7 }, { partRows: 1 }])
  }
  assert.deepEqual(readdirSync(folder.path).toSorted(), ['as-snapshot.parquet', 'snapshots'])
})

const ROWS = 40_000

/** Customers that come back in every part, and a text a quote of its own in no order: too many to be listed. */
function scatteredTexts(columns: QuoteColumns): QuoteColumns {
  const numbered = (prefix: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, at) => `${prefix}${String(at).padStart(6, '0')}`)
  // A prime that does not divide the number of rows, so that each text stands on one row.
  const codes = Int32Array.from({ length: ROWS }, (_, row) => (row * 7_919) % ROWS)
  const note = { kind: 'text', dictionary: numbered('note ', ROWS), codes } as const
  const customers = Int32Array.from({ length: ROWS }, (_, row) => row % 997)
  return {
    ...columns,
    cluster: { kind: 'text', dictionary: numbered('c', 997), codes: customers },
    attributes: { ...columns.attributes, note },
  }
}

const base = withRules(twelveRules(), rules => [
  ...rules,
  {
    id: 'noted',
    kind: 'approval',
    when: 'quote.attr.note in ["note 000007", "note 012345"]',
    approver: 'ceo',
  },
])
const loosened = {
  snapshotDigest: 'sha256:00',
  base,
  candidates: [
    withParams(base, { 'discount-cap-smb': { cap_bps: 1_600 } }),
    withRules(base, rules => rules.filter(rule => rule.id !== 'noted')),
  ],
  scope: WHOLE_SNAPSHOT,
} as const

test('R2 customers that stand in many parts count once, and texts too many to be listed are told apart', async () => {
  using folder = scratchFolder()
  const columns = scatteredTexts(generatedColumns(ROWS))
  const task = { ...loosened, columns, model: generatedModel() }
  const sums = await agrees(folder.path, task, [{ partRows: 5_000 }, { partRows: 333 }])
  assert.ok(sums.impacted > sums.impacted_clusters && sums.impacted_clusters > 900)
})

test('R2 the greatest prices add up over a hundred parts, and of equal movers the first by id are named', async () => {
  using folder = scratchFolder()
  const inOrder = generatedColumns(ROWS)
  const generated = scatteredTexts(inOrder)
  const columns = {
    ...generated,
    cluster: inOrder.cluster,
    listCents: generated.listCents.map(() => 1_000_000_000_000),
    costCents: generated.costCents.map(cost => (Number.isNaN(cost) ? cost : 0)),
    requestedDiscountBps: generated.requestedDiscountBps.map(requested => (requested > 2_000 ? 2_000 : 100)),
  }
  const task = { ...loosened, columns, model: null }
  const sums = await agrees(folder.path, task, [{ partRows: 300 }])
  assert.equal(sums.gaining_rows.length, 10)
  assert.deepEqual(
    sums.gaining_rows,
    sums.gaining_rows.toSorted((one, other) => one - other),
  )
})
