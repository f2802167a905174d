import { Worker } from 'node:worker_threads'
import type { PreparedSnapshot } from './snapshot.ts'
import type { Answers, Work, WorkerOrder } from './worker.ts'

const PROGRESS_MS = 200

/** Threads that share one snapshot at a time. They keep the process alive only while they work. */
export class WorkerPool {
  readonly #threads: number
  #workers: Worker[] = []
  #snapshot: PreparedSnapshot | null = null
  /** Work is done one after the other: an answer belongs to what was posted last. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(threads: number) {
    this.#threads = threads
  }

  /** What each thread answers; together they have seen every row once. */
  run<Kind extends Work['kind']>(
    work: Work & { readonly kind: Kind },
    snapshot: PreparedSnapshot,
    progress?: (done: number, total: number) => void,
  ): Promise<readonly Answers[Kind][]> {
    const mine = this.#last.then(() => this.#runAlone<Kind>(work, snapshot, progress))
    this.#last = mine.catch(() => undefined)
    return mine
  }

  async #runAlone<Kind extends Work['kind']>(
    work: Work & { readonly kind: Kind },
    snapshot: PreparedSnapshot,
    progress?: (done: number, total: number) => void,
  ): Promise<readonly Answers[Kind][]> {
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
      const answers = this.#workers.map(worker => answerOf<Answers[Kind]>(worker))
      this.#post({ kind: 'work', work, nextRow })
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
function answerOf<Answer>(worker: Worker): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const ended = (code: number): void => reject(new Error(`a replay worker ended with code ${code}`))
    worker.once('exit', ended)
    worker.once('error', reject)
    worker.once('message', (sums: Answer) => {
      worker.off('exit', ended)
      worker.off('error', reject)
      resolve(sums)
    })
  })
}
