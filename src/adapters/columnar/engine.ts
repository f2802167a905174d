import { availableParallelism } from 'node:os'
import type { CheckedPolicy } from '../../domain/policy.ts'
import type { QuoteColumns } from '../../domain/quote.ts'
import type { ReplayEngine, ReplayTask } from '../../domain/replay.ts'
import { rowsInScope } from '../../domain/scope.ts'
import type { PolicyTally } from '../../domain/tally.ts'
import { mergePartitions } from './merge.ts'
import { permuted } from './packed-array.ts'
import { Partition, type PartitionSums } from './partition.ts'
import { type ColumnarTask, planOf } from './plan.ts'
import { namesIn, replaySums } from './replay-sums.ts'
import { replaySettings } from './settings/settings-replay.ts'
import { type PreparedSnapshot, prepareSnapshot } from './snapshot.ts'
import { TallyRows, tallyOf } from './tally.ts'
import { WorkerPool } from './worker-pool.ts'

/** Below this many rows, starting and feeding threads costs more than they save. */
const THREADED_ROWS_MIN = 50_000
const THREADS_MAX = 16

export interface ColumnarOptions {
  /** Worker threads; 0 works in the calling thread. Default: one per processor from 50,000 rows on. */
  readonly threads?: number
  /** Rows that a run of like quotes holds on average, at least; default 2048. */
  readonly runRows?: number
  /** Ranges that a snapshot is cut into when working in the calling thread. */
  readonly partitions?: number
}

export interface ColumnarEngine extends ReplayEngine {
  /** What one policy decides on all quotes of a snapshot, open ones too. */
  tally(columns: QuoteColumns, policy: CheckedPolicy): Promise<PolicyTally>
}

/**
 * The default engine: each policy becomes a loop over typed arrays, all candidates in one pass over the rows, in worker
 * threads over shared memory where that pays. A snapshot is prepared once, as long as its columns are the same object.
 */
export function columnarEngine(options: ColumnarOptions = {}): ColumnarEngine {
  const prepared = new WeakMap<QuoteColumns, PreparedSnapshot>()
  let pool: WorkerPool | null = null

  const threadsFor = (rows: number): number =>
    options.threads ??
    (rows < THREADED_ROWS_MIN || options.partitions !== undefined
      ? 0
      : Math.min(THREADS_MAX, availableParallelism()))

  const preparedOf = (columns: QuoteColumns): PreparedSnapshot => {
    const known = prepared.get(columns)
    if (known !== undefined) return known
    const snapshot = prepareSnapshot(columns, threadsFor(columns.rows) > 0, options.runRows)
    prepared.set(columns, snapshot)
    return snapshot
  }

  return {
    name: 'columnar',
    async evaluate(task, progress) {
      const threads = threadsFor(task.columns.rows)
      const snapshot = preparedOf(task.columns)
      const columnar = columnarTask(task, snapshot, threads > 0)
      if (threads === 0) {
        return replaySums(columnar, namesIn(snapshot), runHere(columnar, snapshot, options.partitions ?? 1))
      }
      pool ??= new WorkerPool(threads)
      const partitions = await pool.run<'replay'>({ kind: 'replay', task: columnar }, snapshot, progress)
      return replaySums(columnar, namesIn(snapshot), mergePartitions(partitions))
    },
    settings: task => replaySettings(task, preparedOf(task.columns)),
    async tally(columns, policy) {
      const threads = threadsFor(columns.rows)
      const snapshot = preparedOf(columns)
      if (threads === 0) {
        const rows = new TallyRows(policy, snapshot)
        rows.run(0, snapshot.rows)
        return tallyOf([rows.sums()], snapshot.rows)
      }
      pool ??= new WorkerPool(threads)
      return tallyOf(await pool.run<'tally'>({ kind: 'tally', policy }, snapshot), snapshot.rows)
    },
    async close() {
      await pool?.close()
      pool = null
    },
  }
}

function columnarTask(task: ReplayTask, { order }: PreparedSnapshot, shared: boolean): ColumnarTask {
  const { base, candidates, model, columns, scope } = task
  const inScope = permuted(rowsInScope(columns, scope), order, Uint8Array, shared)
  return { base, candidates, model, inScope }
}

/** Cuts the rows into equal ranges, as a check that cutting changes nothing. */
function runHere(task: ColumnarTask, snapshot: PreparedSnapshot, partitions: number): PartitionSums {
  const plan = planOf(task, snapshot)
  return mergePartitions(
    Array.from({ length: partitions }, (_, at) => {
      const partition = new Partition(plan)
      const bound = (part: number): number => Math.floor((snapshot.rows * part) / partitions)
      partition.run(bound(at), bound(at + 1))
      return partition.sums()
    }),
  )
}
