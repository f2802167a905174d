/** Won and lost quotes at one place of an order. */
export interface RankedCounts {
  readonly won: number
  readonly lost: number
}

/**
 * Area under the ROC curve, 0..1: the probability that a won quote ranks above a lost one, ties counting half (Mann and Whitney
 * 1947; Hanley and McNeil 1982). `ranks` ascend. 0.5 where one outcome is missing.
 */
export function rankSeparation(ranks: Iterable<RankedCounts>): number {
  let won = 0
  let lost = 0
  let ordered = 0
  for (const rank of ranks) {
    ordered += rank.won * (lost + rank.lost / 2)
    won += rank.won
    lost += rank.lost
  }
  return won === 0 || lost === 0 ? 0.5 : ordered / (won * lost)
}
