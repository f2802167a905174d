import { TopMovers } from './movers.ts'
import type { Plan } from './plan.ts'

/** What one candidate gathers in one thread. */
export interface CandidateState {
  readonly cells: Float64Array
  /** One bit per cluster with an impacted quote. */
  readonly clusters: Uint8Array
  /** Impacted quotes by segment code * regions + region code. */
  readonly cohorts: Map<number, number>
  readonly losing: TopMovers
  readonly gaining: TopMovers
}

export const emptyState = ({ layout, snapshot }: Plan): CandidateState => ({
  cells: new Float64Array(layout.cells),
  clusters: new Uint8Array((snapshot.clusters + 7) >> 3),
  cohorts: new Map(),
  losing: new TopMovers(-1),
  gaining: new TopMovers(1),
})

export function bump(cells: Float64Array, cell: number, amount: number): void {
  cells[cell] = (cells[cell] as number) + amount
}
