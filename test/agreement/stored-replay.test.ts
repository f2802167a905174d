import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { generatedColumns, generatedModel } from '../../bench/generated-columns.ts'
import { twelveRules, withParams } from '../../bench/twelve-rules.ts'
import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import { snapshots } from '../../src/adapters/snapshots.ts'
import { storedReplay } from '../../src/adapters/sql/stored-replay.ts'
import { openStoredQuotes } from '../../src/adapters/stored-quotes.ts'
import type { QuoteColumns } from '../../src/domain/quote.ts'
import { type ReplayTask, WHOLE_SNAPSHOT } from '../../src/domain/replay.ts'
import { snapshotDigest } from '../../src/evidence/snapshot-digest.ts'
import type { StoredQuotes } from '../../src/loop/ports.ts'
import { asSnapshot } from '../support/as-snapshot.ts'
import { scratchFolder, valueIn } from '../support/fresh-home.ts'
import { arbitraryTask } from '../support/generate-task.ts'

const SEED = Number(process.env.QUOTEY_TEST_SEED ?? Date.now() % 1_000_000)
const SILENT = () => undefined

const withoutColumns = ({ columns: _, ...task }: ReplayTask): Omit<ReplayTask, 'columns'> => task

async function stored(home: string, columns: QuoteColumns): Promise<StoredQuotes> {
  const kept = snapshots({ home }, SILENT)
  return valueIn(await kept.open(await kept.save(columns)))
}

test(`R2 a snapshot replayed where it lies gives the columnar engine's sums (seed ${SEED})`, async () => {
  using folder = scratchFolder()
  const columnar = columnarEngine({ threads: 0 })
  const replay = storedReplay(folder.path, SILENT)
  for (const any of fc.sample(arbitraryTask(), { seed: SEED, numRuns: 2 })) {
    const given = { ...any, columns: await asSnapshot(folder.path, any.columns) }
    const quotes = await stored(folder.path, given.columns)
    assert.equal(quotes.rows, given.columns.rows)
    const expected = await columnar.evaluate(given)
    assert.deepEqual(await replay.evaluate(quotes, withoutColumns(given), false), expected)
    assert.deepEqual(await replay.evaluate(quotes, withoutColumns(given), true), expected)
  }
})

const MEMORY_MEGABYTES = 80
const ROWS = 150_000

/** A text a row of its own in no order, and many columns of integers below 2^53 that nobody can compress. */
function incompressible(): QuoteColumns['attributes'] {
  const bytesOf = (name: string, length: number): Buffer =>
    createHash('shake256', { outputLength: length }).update(name).digest()
  const dictionary = Array.from({ length: ROWS }, (_, row) =>
    bytesOf(`note ${row}`, 20).toString('hex'),
  ).sort()
  // A prime that does not divide the number of rows, so that each text stands on one row.
  const codes = Int32Array.from({ length: ROWS }, (_, row) => (row * 7_919) % ROWS)
  const integers = Array.from({ length: 80 }, (_, at) => {
    const bytes = bytesOf(`column ${at}`, ROWS * 8)
    const values = Float64Array.from({ length: ROWS }, (_, row) =>
      Number(bytes.readBigUInt64LE(row * 8) >> 11n),
    )
    return [`number_${at}`, { kind: 'integer' as const, values }]
  })
  return { note: { kind: 'text', dictionary, codes }, ...Object.fromEntries(integers) }
}

test('R2 a file larger than its memory is proven and replayed to the last integer, and leaves nothing behind', async () => {
  using folder = scratchFolder()
  const generated = generatedColumns(ROWS)
  const attributes = { ...generated.attributes, ...incompressible() }
  const columns = { ...generated, attributes }
  const base = twelveRules()
  const task = {
    snapshotDigest: 'sha256:00',
    base,
    candidates: [withParams(base, { 'discount-cap-smb': { cap_bps: 1_600 } })],
    scope: WHOLE_SNAPSHOT,
    model: generatedModel(),
  }
  const kept = snapshots({ home: folder.path }, SILENT)
  const file = join(folder.path, 'snapshots', `${(await kept.save(columns)).slice('sha256:'.length)}.parquet`)
  assert.ok(statSync(file).size > MEMORY_MEGABYTES * 1e6, `${statSync(file).size} bytes`)
  const quotes = await openStoredQuotes(folder.path, file, snapshotDigest(columns), SILENT, MEMORY_MEGABYTES)
  assert.ok(quotes !== null)
  const replay = storedReplay(folder.path, SILENT, MEMORY_MEGABYTES)
  assert.deepEqual(
    await replay.evaluate(quotes, task, false),
    await columnarEngine({ threads: 0 }).evaluate({ ...task, columns }),
  )
  assert.deepEqual(readdirSync(folder.path), ['snapshots'])
})
