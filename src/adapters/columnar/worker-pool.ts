import { Worker } from 'node:worker_threads'
import type { PartitionSums } from './partition.ts'
import type { ColumnarTask } from './plan.ts'
import type { PreparedSnapshot } from './snapshot.ts'
import type { WorkerOrder } from './worker.ts'

const PROGRESS_MS = 200

/** Threads that share one snapshot at a time. They keep the process alive only while they work. */
export class WorkerPool {
  readonly #threads: number
  #workers: Worker[] = []
  #snapshot: PreparedSnapshot | null = null
  /** Tasks run one after the other: an answer belongs to the task that was posted last. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(threads: number) {
    this.#threads = threads
  }

  run(
    task: ColumnarTask,
    snapshot: PreparedSnapshot,
    progress?: (done: number, total: number) => void,
  ): Promise<readonly PartitionSums[]> {
    const mine = this.#last.then(() => this.#runAlone(task, snapshot, progress))
    this.#last = mine.catch(() => undefined)
    return mine
  }

  async #runAlone(
    task: ColumnarTask,
    snapshot: PreparedSnapshot,
    progress?: (done: number, total: number) => void,
  ): Promise<readonly PartitionSums[]> {
    if (this.#workers.length === 0) this.#workers = this.#start()
    if (this.#snapshot !== snapshot) {
      this.#post({ kind: 'snapshot', snapshot })
      this.#snapshot = snapshot
    }
    const nextRow = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    const ticking =
      progress &&
      setInterval(
        () => progress(Math.min(Atomics.load(nextRow, 0), snapshot.rows), snapshot.rows),
        PROGRESS_MS,
      )
    for (const worker of this.#workers) worker.ref()
    try {
      const answers = this.#workers.map(answerOf)
      this.#post({ kind: 'task', task, nextRow })
      return await Promise.all(answers)
    } catch (error) {
      await this.close()
      throw error
    } finally {
      clearInterval(ticking)
      for (const worker of this.#workers) worker.unref()
    }
  }

  async close(): Promise<void> {
    const workers = this.#workers
    this.#workers = []
    this.#snapshot = null
    await Promise.all(workers.map(worker => worker.terminate()))
  }

  #start(): Worker[] {
    const entry = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)
    return Array.from({ length: this.#threads }, () => new Worker(entry))
  }

  #post(order: WorkerOrder): void {
    for (const worker of this.#workers) worker.postMessage(order)
  }
}

/** The next message of a worker; rejects when it fails or ends instead. */
function answerOf(worker: Worker): Promise<PartitionSums> {
  return new Promise((resolve, reject) => {
    const ended = (code: number): void => reject(new Error(`a replay worker ended with code ${code}`))
    worker.once('exit', ended)
    worker.once('error', reject)
    worker.once('message', (sums: PartitionSums) => {
      worker.off('exit', ended)
      worker.off('error', reject)
      resolve(sums)
    })
  })
}
