import assert from 'node:assert/strict'
import { columnarEngine } from '../src/adapters/columnar/engine.ts'
import { oracleEngine } from '../src/adapters/oracle-engine.ts'
import { sqlEngine } from '../src/adapters/sql/engine.ts'
import type { CheckedPolicy } from '../src/domain/policy.ts'
import type { QuoteColumns } from '../src/domain/quote.ts'
import { type ReplayEngine, type ReplaySums, type ReplayTask, WHOLE_SNAPSHOT } from '../src/domain/replay.ts'
import { generatedColumns, generatedModel } from './generated-columns.ts'
import { replayMemory, TELLS_PEAKS } from './replay-memory.ts'
import { capsLoweredBy, twelveRules } from './twelve-rules.ts'

/*
 * Replays a policy of 12 rules against a change of it, with a response model of 33 fits at three slopes, on the same quotes in
 * every engine, and checks that the answers are the same before it prints a figure. Then how much more many quotes and candidates cost. Then how time and memory grow with quotes and candidates.
 */

const ORACLE_ROWS = 5_000
const SQL_ROWS_MAX = 1_000_000
const asked = process.argv.slice(2).map(Number)
const sizes = asked.length > 0 ? asked : [100_000, 1_000_000]
const BATCH = 20

const base = twelveRules()
const candidate = capsLoweredBy(base, 200)

const taskOn = (columns: QuoteColumns, candidates: readonly CheckedPolicy[]): ReplayTask => ({
  snapshotDigest: 'sha256:bench',
  columns,
  base,
  candidates,
  scope: WHOLE_SNAPSHOT,
  model: generatedModel(),
})

/** Best of three after one run that prepares and compiles. */
async function measured(
  engine: ReplayEngine,
  task: ReplayTask,
  runs = 3,
): Promise<{
  readonly seconds: number
  readonly firstSeconds: number
  readonly sums: readonly ReplaySums[]
}> {
  const timed = async () => {
    const began = performance.now()
    const sums = await engine.evaluate(task)
    return { seconds: (performance.now() - began) / 1000, sums }
  }
  const first = await timed()
  let seconds = first.seconds
  for (let run = 1; run < runs; run += 1) seconds = Math.min(seconds, (await timed()).seconds)
  return { seconds, firstSeconds: first.seconds, sums: first.sums }
}

const rate = (rows: number, seconds: number): string =>
  `${Math.round(rows / seconds).toLocaleString('en')} quotes/s`.padStart(24)
const peakMegabytes = (): number => Math.round(process.resourceUsage().maxRSS / 1024)

async function oracleAgainstColumnar(): Promise<number> {
  const task = taskOn(generatedColumns(ORACLE_ROWS), [candidate])
  const oracle = await measured(oracleEngine(), task, 1)
  const columnar = await measured(columnarEngine({ threads: 0 }), task)
  assert.deepEqual(columnar.sums, oracle.sums)
  const [sums] = oracle.sums
  console.log(`\n${ORACLE_ROWS} quotes, ${sums?.impacted} impacted; oracle and columnar give the same sums`)
  console.log(`  oracle               ${rate(ORACLE_ROWS, oracle.seconds)}`)
  return ORACLE_ROWS / oracle.seconds
}

async function atSize(rows: number, oracleRate: number): Promise<Grown> {
  const columns = generatedColumns(rows)
  const task = taskOn(columns, [candidate])
  const one = columnarEngine({ threads: 0 })
  const two = columnarEngine({ threads: 2 })
  const single = await measured(one, task)
  const double = await measured(two, task)
  assert.deepEqual(double.sums, single.sums)
  const batch = taskOn(
    columns,
    Array.from({ length: BATCH }, (_, at) => capsLoweredBy(base, 10 * (at + 1))),
  )
  const many = await measured(two, batch, 1)
  await two.close()
  // The Parquet file is written anew for each task in memory, and its time is in the figure.
  const sql = rows <= SQL_ROWS_MAX ? await measured(sqlEngine(), task, 1) : null
  if (sql !== null) assert.deepEqual(sql.sums, single.sums)
  const impacted = single.sums[0]?.impacted ?? 0
  console.log(`\n${rows} quotes, ${impacted} impacted; all give the same sums`)
  const line = (name: string, seconds: number, ratio: string): void =>
    console.log(`  ${name.padEnd(20)} ${rate(rows, seconds)}  ${seconds.toFixed(3)} s  ${ratio}`)
  const times = (seconds: number): string => `${Math.round(rows / seconds / oracleRate)} x oracle`
  line('columnar, 1 thread', single.seconds, times(single.seconds))
  line(
    'columnar, 2 threads',
    double.seconds,
    `${times(double.seconds)}, ${(single.seconds / double.seconds).toFixed(2)} x 1 thread`,
  )
  line('  first call', double.firstSeconds, 'with copying to shared memory and starting threads')
  line(`  ${BATCH} candidates`, many.seconds, `${((many.seconds / BATCH) * 1000).toFixed(0)} ms a candidate`)
  if (sql !== null) line('sql in DuckDB', sql.seconds, times(sql.seconds))
  console.log(`  peak memory so far   ${peakMegabytes()} MB`)
  return { rows, oneSeconds: single.seconds, manyTimes: many.seconds / double.seconds }
}

interface Grown {
  readonly rows: number
  /** Of one candidate, one thread. */
  readonly oneSeconds: number
  /** What many candidates take, as a multiple of one. */
  readonly manyTimes: number
}

async function growth(sizes: readonly Grown[]): Promise<void> {
  const first = sizes[0] as Grown
  console.log('\nwhat more costs')
  for (const { rows, oneSeconds, manyTimes } of sizes) {
    const memory = TELLS_PEAKS ? await replayMemory(rows, 2, BATCH) : null
    const held =
      memory === null
        ? ''
        : `; memory besides the columns ${(memory.moreBytes / memory.columnsBytes).toFixed(1)} x their ${(memory.columnsBytes / 1e6).toFixed(0)} MB`
    console.log(
      `  ${(rows / first.rows).toFixed(1)} x the quotes: ${(oneSeconds / first.oneSeconds).toFixed(1)} x the time; ${BATCH} candidates: ${manyTimes.toFixed(1)} x one${held}`,
    )
  }
}

console.log(`policy of ${base.rules.length} rules; Node ${process.version}`)
const oracleRate = await oracleAgainstColumnar()
const grown: Grown[] = []
for (const rows of sizes) grown.push(await atSize(rows, oracleRate))
await growth(grown)
