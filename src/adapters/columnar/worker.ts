import { parentPort } from 'node:worker_threads'
import { Partition } from './partition.ts'
import { type ColumnarTask, planOf } from './plan.ts'
import type { PreparedSnapshot } from './snapshot.ts'

/** What the pool posts: a snapshot to keep, or a task on the snapshot kept last. */
export type WorkerOrder =
  | { readonly kind: 'snapshot'; readonly snapshot: PreparedSnapshot }
  | { readonly kind: 'task'; readonly task: ColumnarTask; readonly nextRow: Int32Array }

/** Rows a worker takes at a time from the common counter. */
export const CHUNK_ROWS = 16_384

let snapshot: PreparedSnapshot | null = null

parentPort?.on('message', (order: WorkerOrder) => {
  if (order.kind === 'snapshot') {
    snapshot = order.snapshot
    return
  }
  if (snapshot === null) throw new Error('a task came before its snapshot')
  const partition = new Partition(planOf(order.task, snapshot))
  for (;;) {
    const from = Atomics.add(order.nextRow, 0, CHUNK_ROWS)
    if (from >= snapshot.rows) break
    partition.run(from, Math.min(snapshot.rows, from + CHUNK_ROWS))
  }
  parentPort?.postMessage(partition.sums())
})
