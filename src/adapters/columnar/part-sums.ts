import type { DecidedColumns } from '../../domain/quote.ts'
import { type Carried, emptyCarried, Partition, type PartitionSums, partitionSums } from './partition.ts'
import { type ColumnarTask, planOf } from './plan.ts'
import { prepareRows, type Surroundings } from './snapshot.ts'

/** Some quotes of a snapshot, and where each stands in it by quote_id in UTF-8 order. */
export interface SnapshotPart extends DecidedColumns {
  readonly places: Int32Array
}

/** What all parts have in common. */
export interface PartsTask {
  readonly task: Omit<ColumnarTask, 'inScope'>
  readonly history: Pick<Surroundings, 'support' | 'latency'>
  /** Rows of the whole snapshot. */
  readonly rows: number
}

/**
 * Replays parts of a snapshot one after the other, all their quotes in scope, and carries the sums from one to the next, so that memory does
 * not grow with the parts.
 */
export class PartSums {
  readonly #of: PartsTask
  #carried: Carried | null = null
  #numbers = new Int32Array(0)
  /** By candidate, a bit for each row of the snapshot that is impacted; the highest of a byte first. */
  readonly #impacted: readonly Uint8Array[]

  constructor(of: PartsTask) {
    this.#of = of
    this.#impacted = of.task.candidates.map(() => new Uint8Array(Math.ceil(of.rows / 8)))
  }

  add(part: SnapshotPart): void {
    const { rows, places } = part
    const { task, history } = this.#of
    // Customers are counted afterwards, over all parts: here each row is its own, so that a bit says whether it is impacted.
    const cluster = { codes: this.#rowNumbers(rows), count: rows }
    const snapshot = prepareRows(part, { ...history, rank: places, cluster }, false)
    const plan = planOf({ ...task, inScope: new Uint8Array(rows).fill(1) }, snapshot)
    this.#carried ??= emptyCarried(plan)
    const { base, candidates } = this.#carried
    const here = candidates.map(state => ({ ...state, clusters: new Uint8Array((rows + 7) >> 3) }))
    new Partition(plan, { base, candidates: here }).run(0, rows)
    for (const [at, { clusters }] of here.entries()) mark(this.#impacted[at] as Uint8Array, clusters, places)
  }

  #rowNumbers(rows: number): Int32Array {
    if (this.#numbers.length < rows) {
      this.#numbers = new Int32Array(rows)
      for (let row = 0; row < rows; row += 1) this.#numbers[row] = row
    }
    return this.#numbers.subarray(0, rows)
  }

  /** As of one partition, whose rows and clusters are places in the snapshot. At least one part, be it empty, MUST have been added. */
  sums(): PartitionSums {
    if (this.#carried === null) throw new RangeError('no part was added')
    const { base, candidates } = partitionSums(this.#carried)
    return {
      base,
      candidates: candidates.map((candidate, at) => ({
        ...candidate,
        clusters: this.#impacted[at] as Uint8Array,
        losing: candidate.losing.map(mover => ({ ...mover, row: mover.rank })),
        gaining: candidate.gaining.map(mover => ({ ...mover, row: mover.rank })),
      })),
    }
  }
}

/** Sets the bits of the rows whose own bits are set, the lowest of a byte first. */
function mark(impacted: Uint8Array, rows: Uint8Array, places: Int32Array): void {
  for (let row = 0; row < places.length; row += 1) {
    if ((((rows[row >> 3] as number) >> (row & 7)) & 1) === 0) continue
    const place = places[row] as number
    impacted[place >> 3] = (impacted[place >> 3] as number) | (0x80 >> (place & 7))
  }
}
