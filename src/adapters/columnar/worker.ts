import { parentPort } from 'node:worker_threads'
import type { CheckedPolicy } from '../../domain/policy.ts'
import { Partition, type PartitionSums } from './partition.ts'
import { type ColumnarTask, planOf } from './plan.ts'
import type { PreparedSnapshot } from './snapshot.ts'
import { TallyRows } from './tally.ts'

/** What all threads do together, each on ranges of rows. */
export type Work =
  | { readonly kind: 'replay'; readonly task: ColumnarTask }
  | { readonly kind: 'tally'; readonly policy: CheckedPolicy }

/** What a thread answers to each kind of work. */
export interface Answers {
  readonly replay: PartitionSums
  readonly tally: Float64Array
}

/** What the pool posts: a snapshot to keep, or work on the snapshot kept last. */
export type WorkerOrder =
  | { readonly kind: 'snapshot'; readonly snapshot: PreparedSnapshot }
  | { readonly kind: 'work'; readonly work: Work; readonly nextRow: Int32Array }

/** Rows a worker takes at a time from the common counter. */
export const CHUNK_ROWS = 16_384

let snapshot: PreparedSnapshot | null = null

parentPort?.on('message', (order: WorkerOrder) => {
  if (order.kind === 'snapshot') {
    snapshot = order.snapshot
    return
  }
  if (snapshot === null) throw new Error('work came before its snapshot')
  const { work } = order
  const adding =
    work.kind === 'replay' ? new Partition(planOf(work.task, snapshot)) : new TallyRows(work.policy, snapshot)
  for (;;) {
    const from = Atomics.add(order.nextRow, 0, CHUNK_ROWS)
    if (from >= snapshot.rows) break
    adding.run(from, Math.min(snapshot.rows, from + CHUNK_ROWS))
  }
  parentPort?.postMessage(adding.sums())
})
