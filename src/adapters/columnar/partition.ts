import { addBase, emptyBlock, pickRows } from './base-rows.ts'
import { CandidateRows } from './candidate-rows.ts'
import { type CandidateState, emptyState } from './candidate-state.ts'
import { BLOCK_ROWS, type BlockDecisions, emptyDecisions, type RunKernel } from './kernel.ts'
import type { Mover } from './movers.ts'
import type { Plan } from './plan.ts'

/** What one thread found, as plain values that can be posted. */
export interface PartitionSums {
  readonly base: Float64Array
  readonly candidates: readonly CandidatePartition[]
}

export interface CandidatePartition {
  readonly cells: Float64Array
  readonly clusters: Uint8Array
  readonly cohorts: ReadonlyMap<number, number>
  readonly losing: readonly Mover[]
  readonly gaining: readonly Mover[]
}

/** A candidate that may decide otherwise than the base on the run at hand. */
interface Differing {
  readonly kernel: RunKernel
  readonly state: CandidateState
}

/** What one thread gathers, in place. */
export interface Carried {
  readonly base: Float64Array
  readonly candidates: readonly CandidateState[]
}

export const emptyCarried = (plan: Plan): Carried => ({
  base: new Float64Array(plan.baseLayout.cells),
  candidates: plan.candidates.map(() => emptyState(plan)),
})

/** Runs a plan over ranges of rows, all candidates in one pass. */
export class Partition {
  readonly #plan: Plan
  readonly #baseCells: Float64Array
  readonly #states: readonly CandidateState[]

  readonly #base: BlockDecisions
  readonly #decided: BlockDecisions
  readonly #block = emptyBlock()
  readonly #rows: CandidateRows

  /** With `carried`, adds to what was gathered before. */
  constructor(plan: Plan, carried: Carried = emptyCarried(plan)) {
    this.#plan = plan
    this.#base = emptyDecisions(plan.index.words)
    this.#decided = emptyDecisions(plan.index.words)
    this.#rows = new CandidateRows(plan, this.#base)
    this.#baseCells = carried.base
    this.#states = carried.candidates
  }

  /** Adds the rows of [from, to), run by run. */
  run(from: number, to: number): void {
    const { snapshot, base, candidates } = this.#plan
    for (const [number, run] of snapshot.runs.entries()) {
      const start = Math.max(from, run.from)
      const end = Math.min(to, run.to)
      if (start >= end) continue
      const baseLoops = base.over(number)
      const differing = candidates.flatMap((candidate, at) => {
        const kernel = candidate.over(number)
        return kernel.means(baseLoops) ? [] : [{ kernel, state: this.#states[at] as CandidateState }]
      })
      for (let block = start; block < end; block += BLOCK_ROWS) {
        this.#addBlock(block, Math.min(end, block + BLOCK_ROWS), baseLoops, differing)
      }
    }
  }

  #addBlock(from: number, to: number, base: RunKernel, differing: readonly Differing[]): void {
    const plan = this.#plan
    const block = this.#block
    pickRows(plan, this.#baseCells, block, from, to)
    base.decide(block.count, block.rows, this.#base)
    addBase(plan, this.#baseCells, block, this.#base)
    if (differing.length === 0) return
    this.#rows.beginBlock()
    for (const { kernel, state } of differing) {
      kernel.decide(block.count, block.rows, this.#decided)
      this.#rows.add(block, kernel.changesOf(base), this.#decided, state)
    }
  }

  sums(): PartitionSums {
    return partitionSums({ base: this.#baseCells, candidates: this.#states })
  }
}

export const partitionSums = ({ base, candidates }: Carried): PartitionSums => ({
  base,
  candidates: candidates.map(({ cells, clusters, cohorts, losing, gaining }) => ({
    cells,
    clusters,
    cohorts,
    losing: losing.kept,
    gaining: gaining.kept,
  })),
})
