import { addBase, emptyBlock, pickRows } from './base-rows.ts'
import { CandidateRows } from './candidate-rows.ts'
import { type CandidateState, emptyState } from './candidate-state.ts'
import { BLOCK_ROWS, emptyDecisions, type Kernel } from './kernel.ts'
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

/** Runs a plan over ranges of rows, all candidates in one pass. */
export class Partition {
  readonly #plan: Plan
  readonly #baseCells: Float64Array
  readonly #states: readonly CandidateState[]

  constructor(plan: Plan) {
    this.#plan = plan
    this.#baseCells = new Float64Array(plan.baseLayout.cells)
    this.#states = plan.candidates.map(() => emptyState(plan))
  }

  /** Adds the rows of [from, to). */
  run(from: number, to: number): void {
    const plan = this.#plan
    const nothing = emptyDecisions(plan.index.words)
    const base = emptyDecisions(plan.index.words)
    const decided = emptyDecisions(plan.index.words)
    const block = emptyBlock()
    const rows = new CandidateRows(plan, base)
    for (let start = from; start < to; start += BLOCK_ROWS) {
      pickRows(plan, this.#baseCells, block, start, Math.min(to, start + BLOCK_ROWS))
      plan.base.decide(block.count, block.rows, nothing, base)
      addBase(plan, this.#baseCells, block, base)
      rows.beginBlock()
      for (const [at, candidate] of plan.candidates.entries()) {
        candidate.decide(block.count, block.rows, base, decided)
        rows.add(block, candidate as Kernel, decided, this.#states[at] as CandidateState)
      }
    }
  }

  sums(): PartitionSums {
    return {
      base: this.#baseCells,
      candidates: this.#states.map(({ cells, clusters, cohorts, losing, gaining }) => ({
        cells,
        clusters,
        cohorts,
        losing: losing.kept,
        gaining: gaining.kept,
      })),
    }
  }
}
