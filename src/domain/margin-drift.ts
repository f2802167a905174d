import {
  EMPTY_SEQUENCE,
  ERROR_RATE,
  extendSequence,
  type SequenceState,
  sequenceLimits,
} from './confidence-sequence.ts'
import type { Estimate } from './replay-report.ts'
import type { Bps } from './units.ts'

/** Margin deltas are counted no further out than this, so that they are bounded; those cut are counted. */
export const DELTA_BPS_MAX = 3000

/** The realised margin delta of one quote that closed. */
export interface RealizedDelta {
  readonly cluster: string
  readonly deltaBps: Bps
}

export const DRIFT_VERDICTS = ['as_promised', 'below_promise', 'above_promise', 'unknown'] as const
export type DriftVerdict = (typeof DRIFT_VERDICTS)[number]

/** What may be said of the realised margin delta at any moment, however often one looks; JSON names. */
export interface MarginDrift {
  readonly error_rate_bps: Bps
  readonly counted_to_bps: Bps
  /** Customers or tenders heard from, each once an intake. */
  readonly observations: number
  readonly quotes: number
  readonly cut_quotes: number
  /** The confidence sequence's limits, rounded outwards. */
  readonly lower_bps: Bps
  readonly upper_bps: Bps
  /**
   * below_promise, above_promise: the limits lie wholly on that side of the promised interval · as_promised: they do not ·
   * unknown: nothing was promised, or nothing observed
   */
  readonly verdict: DriftVerdict
  /** How the sequence goes on, sums as the shortest text that reads back to the same number. */
  readonly state: Readonly<Record<Exclude<keyof SequenceState, 'count'>, string>>
}

/**
 * The drift after one more intake. Quotes of one cluster are not independent, so each cluster is one observation an intake, the
 * mean of its quotes, in the order of the clusters' names. The sequence goes on from `before`; it never looks back, so an
 * intake once counted stays counted as it was.
 */
export function driftAfter(
  before: MarginDrift | null,
  intake: readonly RealizedDelta[],
  promised: Estimate,
): MarginDrift {
  const observed = clusterMeans(intake)
  let state = stateOf(before)
  for (const delta of observed.means) state = extendSequence(state, delta / (2 * DELTA_BPS_MAX) + 0.5)
  const limits = sequenceLimits(state)
  const lower = Math.floor((limits.lower - 0.5) * 2 * DELTA_BPS_MAX)
  const upper = Math.ceil((limits.upper - 0.5) * 2 * DELTA_BPS_MAX)
  return {
    error_rate_bps: ERROR_RATE * 10_000,
    counted_to_bps: DELTA_BPS_MAX,
    observations: state.count,
    quotes: (before?.quotes ?? 0) + intake.length,
    cut_quotes: (before?.cut_quotes ?? 0) + observed.cut,
    lower_bps: lower,
    upper_bps: upper,
    verdict: verdictOf(state.count, lower, upper, promised),
    state: {
      sum: String(state.sum),
      squares: String(state.squares),
      lambdas: String(state.lambdas),
      weighted: String(state.weighted),
      penalty: String(state.penalty),
    },
  }
}

/** Where no interval is known, the point of the promise stands for it. */
function verdictOf(observations: number, lower: Bps, upper: Bps, promised: Estimate): DriftVerdict {
  const least = promised.lower ?? promised.point
  const most = promised.upper ?? promised.point
  if (observations === 0 || least === null || most === null) return 'unknown'
  if (upper < least) return 'below_promise'
  return lower > most ? 'above_promise' : 'as_promised'
}

function clusterMeans(intake: readonly RealizedDelta[]): { readonly means: number[]; readonly cut: number } {
  const sums = new Map<string, { total: number; quotes: number }>()
  let cut = 0
  for (const { cluster, deltaBps } of intake) {
    const counted = Math.max(-DELTA_BPS_MAX, Math.min(DELTA_BPS_MAX, deltaBps))
    if (counted !== deltaBps) cut += 1
    const sum = sums.get(cluster) ?? { total: 0, quotes: 0 }
    sum.total += counted
    sum.quotes += 1
    sums.set(cluster, sum)
  }
  const ordered = [...sums].sort(([left], [right]) => (left < right ? -1 : 1))
  return { means: ordered.map(([, { total, quotes }]) => total / quotes), cut }
}

function stateOf(before: MarginDrift | null): SequenceState {
  if (before === null) return EMPTY_SEQUENCE
  const { sum, squares, lambdas, weighted, penalty } = before.state
  return {
    count: before.observations,
    sum: Number(sum),
    squares: Number(squares),
    lambdas: Number(lambdas),
    weighted: Number(weighted),
    penalty: Number(penalty),
  }
}
