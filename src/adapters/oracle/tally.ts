import { GROUPS } from '../../domain/quote.ts'
import {
  type FitSums,
  type GroupSums,
  MARGIN_DELTA_BINS,
  MOVERS_MAX,
  type ReplaySums,
  type SliceSums,
} from '../../domain/replay.ts'
import { compareText } from '../../domain/text.ts'

export type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export interface Mover {
  readonly row: number
  readonly quoteId: string
  readonly delta: bigint
}

/** The sums under way: the fields of ReplaySums, open for adding. */
export function emptyTally(fits: number | null, latenciesKnown: boolean) {
  return {
    in_scope: 0,
    open: 0,
    not_replayable: { attribute_absent: 0, cost_absent: 0 },
    not_replayable_base: 0,
    scored: 0,
    groups: Array.from({ length: GROUPS }, () => emptyGroup(latenciesKnown)),
    response: fits === null ? null : Array.from({ length: fits }, emptyFit),
    segments: new Map<string, Mutable<SliceSums>>(),
    regions: new Map<string, Mutable<SliceSums>>(),
    rules: new Map<string, Mutable<SliceSums>>(),
    cohorts: new Map<string, number>(),
    support: { observed: 0, reweighted: 0, extrapolated: 0 },
    impacted: 0,
    impactedValue: 0n,
    value: 0n,
    clusters: new Set<string>(),
    impactedThin: 0,
    histogram: Array.from({ length: MARGIN_DELTA_BINS.length + 1 }, () => 0),
    movers: [] as Mover[],
  }
}
export type Tally = ReturnType<typeof emptyTally>

const emptyGroup = (latenciesKnown: boolean): Mutable<GroupSums> => ({
  scored: 0,
  with_cost: 0,
  margin_bps_delta: 0,
  base_net_cents: 0n,
  candidate_net_cents: 0n,
  base_profit_cents: 0n,
  candidate_profit_cents: 0n,
  base_net_with_cost_cents: 0n,
  candidate_net_with_cost_cents: 0n,
  base_approvals: 0,
  candidate_approvals: 0,
  base_violations: 0,
  candidate_violations: 0,
  approval_lost_value_cents: 0n,
  latency_delta_seconds: latenciesKnown ? 0 : null,
})

interface OpenFitSums {
  readonly win_ppm_delta: Mutable<FitSums['win_ppm_delta']>
  readonly expected_delta: Mutable<FitSums['expected_delta']>
  readonly worst_case_expected_delta: Mutable<FitSums['worst_case_expected_delta']>
}

const emptyFit = (): OpenFitSums => ({
  win_ppm_delta: { low: 0n, point: 0n, high: 0n },
  expected_delta: { low: 0n, point: 0n, high: 0n },
  worst_case_expected_delta: { low: 0n, point: 0n, high: 0n },
})

/** The slice of a key, made when first met. */
export function sliceOf(
  slices: Map<string, Mutable<SliceSums>>,
  key: string,
  withModel: boolean,
): Mutable<SliceSums> {
  const known = slices.get(key)
  if (known !== undefined) return known
  const slice = {
    scored: 0,
    with_cost: 0,
    impacted: 0,
    margin_bps_delta: 0,
    approvals_delta: 0,
    violations_delta: 0,
    win_ppm_delta: withModel ? 0n : null,
    expected_delta: withModel ? 0n : null,
  }
  slices.set(key, slice)
  return slice
}

export function closedTally(tally: Tally): ReplaySums {
  const { segments, regions, rules, cohorts, impactedValue, value, clusters, impactedThin } = tally
  return {
    in_scope: tally.in_scope,
    open: tally.open,
    not_replayable: tally.not_replayable,
    not_replayable_base: tally.not_replayable_base,
    scored: tally.scored,
    groups: tally.groups,
    response: tally.response,
    by_segment: sortedByKey(segments),
    by_region: sortedByKey(regions),
    by_rule: sortedByKey(rules),
    impacted_cohorts: sortedByKey(cohorts),
    support: tally.support,
    impacted: tally.impacted,
    impacted_value_cents: impactedValue,
    value_cents: value,
    impacted_clusters: clusters.size,
    impacted_thin: impactedThin,
    margin_delta_histogram: tally.histogram,
    losing_rows: firstMovers(tally.movers, -1n),
    gaining_rows: firstMovers(tally.movers, 1n),
  }
}

/** The movers of one sign, farthest first, ties by quote_id. */
function firstMovers(movers: readonly Mover[], sign: 1n | -1n): readonly number[] {
  return movers
    .filter(mover => mover.delta * sign > 0n)
    .toSorted((left, right) => {
      const further = (right.delta - left.delta) * sign
      if (further !== 0n) return further > 0n ? 1 : -1
      return compareText(left.quoteId, right.quoteId)
    })
    .slice(0, MOVERS_MAX)
    .map(mover => mover.row)
}

export const sortedByKey = <T>(entries: ReadonlyMap<string, T>): Readonly<Record<string, T>> =>
  Object.fromEntries([...entries].toSorted(([left], [right]) => compareText(left, right)))
