import assert from 'node:assert/strict'
import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { columnarEngine } from '../src/adapters/columnar/engine.ts'
import { streamedReplay } from '../src/adapters/columnar/streamed-replay.ts'
import { snapshots } from '../src/adapters/snapshots.ts'
import { storedReplay } from '../src/adapters/sql/stored-replay.ts'
import { type ReplaySums, type ReplayTask, WHOLE_SNAPSHOT } from '../src/domain/replay.ts'
import { generatedModel } from './generated-columns.ts'
import { largeHistory } from './large-history.ts'
import { capsLoweredBy, twelveRules } from './twelve-rules.ts'

/*
 * Generates quotes straight into a Parquet file, proves it by digest and replays a change of the policy of 12 rules over it without
 * loading it: streamed through the columnar loops, and again as the check does it, over scattered parts; with a response model of 33 fits at
 * three slopes and without one. Up to ten million quotes the SQL engine must give the same sums, up to two million also the columnar engine
 * over quotes in memory. What a process of its own takes at most is for the system to hold it to:
 *
 *     systemd-run --scope -p MemoryMax=4G -p MemorySwapMax=0 npm run bench -- larger-than-memory 100000000
 *
 * Words: quotes, folder for the file (default: a temporary one; some 40 bytes a quote, removed afterwards).
 */

const LOADED_ROWS_MAX = 2_000_000
const SQL_ROWS_MAX = 10_000_000

const SILENT = () => undefined

const [rowsWord = '1000000', place = tmpdir()] = process.argv.slice(2)
const rows = Number(rowsWord)
const home = join(place, `quotey-large-${process.pid}`)
await mkdir(home)
try {
  const made = await timed('generated and digested', () => largeHistory(home, rows))
  console.log(`  file: ${(made.bytes / 1e6).toFixed(0)} MB, ${(made.bytes / rows).toFixed(0)} bytes a quote`)
  const kept = snapshots({ home }, SILENT)
  const opened = await timed('proven by digest', () => kept.open(made.digest))
  if (!opened.ok) throw new Error(opened.refusal.message)
  const quotes = opened.value
  const base = twelveRules()
  const task = {
    snapshotDigest: made.digest,
    base,
    candidates: [capsLoweredBy(base, 200)],
    scope: WHOLE_SNAPSHOT,
  }
  const streamed = streamedReplay(home, SILENT)
  const inSql = storedReplay(home, SILENT)
  for (const model of [null, generatedModel()]) {
    const asked = { ...task, model }
    const how = model === null ? 'without a model' : 'with the model of 33 fits'
    const sums = await timed(`replayed ${how}`, () => streamed.evaluate(quotes, asked, false))
    console.log(`  ${sums[0]?.in_scope} in scope, ${sums[0]?.impacted} impacted`)
    same(
      sums,
      await timed(`replayed ${how} over scattered parts`, () => streamed.evaluate(quotes, asked, true)),
    )
    if (rows <= SQL_ROWS_MAX) {
      same(sums, await timed(`replayed ${how} in SQL`, () => inSql.evaluate(quotes, asked, false)))
    }
    if (rows <= LOADED_ROWS_MAX) same(sums, await inMemory(asked))
  }
} finally {
  await rm(home, { recursive: true, force: true })
}

async function inMemory(task: Omit<ReplayTask, 'columns'>): Promise<readonly ReplaySums[]> {
  const columns = await snapshots({ home }, SILENT).load(task.snapshotDigest)
  if (!columns.ok) throw new Error(columns.refusal.message)
  const engine = columnarEngine({ threads: 2 })
  try {
    return await engine.evaluate({ ...task, columns: columns.value })
  } finally {
    await engine.close()
  }
}

function same(sums: readonly ReplaySums[], others: readonly ReplaySums[]): void {
  assert.deepEqual(others, sums)
  console.log('  the same sums')
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const usedBefore = process.cpuUsage()
  const began = performance.now()
  const result = await work()
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(usedBefore)
  const peak = Math.round(process.resourceUsage().maxRSS / 1024)
  console.log(
    `${rows.toLocaleString('en')} quotes ${what}: ${seconds.toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of processor, ${Math.round(rows / seconds).toLocaleString('en')} quotes/s; peak so far ${peak} MB`,
  )
  return result
}
