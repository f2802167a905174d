import type { FitSums, GroupSums, ReplaySums } from './replay.ts'
import type { Estimate, ReplayIntervals } from './replay-report.ts'
import { type ResponseModel, SLOPE_SHIFTS, type SlopeShift } from './response.ts'
import { jackknifeEstimate, type Ratio } from './statistics.ts'

/**
 * Every measure of a report with its interval. What needs no model resamples the groups' sums: which quotes came is all the chance
 * there is. What depends on the response model is about the quotes replayed, as they are: for "without group g" it takes the
 * sums over all of them under the fit without g, so that the chance is the one in what the model learnt, and judges the
 * whole slope range.
 */
export function replayIntervals(sums: ReplaySums, model: ResponseModel | null): ReplayIntervals {
  return {
    margin_delta_bps: overGroups(sums, marginDelta, group => group.with_cost > 0),
    revenue_weighted_margin_delta_bps: overGroups(sums, weightedMarginDelta, group => group.with_cost > 0),
    win_rate_delta_bps: winRateDelta(sums, model),
    approval_load_delta_bps: overGroups(sums, approvalLoadDelta, group => group.scored > 0),
    approval_latency_delta_seconds: overGroups(sums, latencyDelta, group => group.scored > 0),
    hard_violation_delta: violationDelta(sums),
    expected_margin_delta_cents_per_quote: expectedMarginDelta(sums, model),
    approval_coverage_loss_bps: notBelowZero(overGroups(sums, coverageLoss, group => group.scored > 0)),
  }
}

/** A statistic of the sums of some groups; null where they hold no data for it. */
type Statistic = (groups: readonly GroupSums[]) => Ratio | null

/** The jackknife over the groups that count; a statistic that one of them alone makes possible has no interval. */
function overGroups(sums: ReplaySums, of: Statistic, counts: (group: GroupSums) => boolean): Estimate {
  const groups = sums.groups.filter(counts)
  const leftOut = groups.map(group => of(groups.filter(other => other !== group)))
  return jackknifeEstimate(of(groups), leftOut.includes(null) ? [] : (leftOut as Ratio[]))
}

const total = (groups: readonly GroupSums[], field: NumberField): bigint =>
  groups.reduce((sum, group) => sum + BigInt(group[field] ?? 0), 0n)
type NumberField = keyof GroupSums

const ratio = (n: bigint, d: bigint): Ratio | null => (d > 0n ? { n, d } : null)

const marginDelta: Statistic = groups => ratio(total(groups, 'margin_bps_delta'), total(groups, 'with_cost'))

const weightedMarginDelta: Statistic = groups => {
  const baseNet = total(groups, 'base_net_with_cost_cents')
  const candidateNet = total(groups, 'candidate_net_with_cost_cents')
  const gained = total(groups, 'candidate_profit_cents') * baseNet
  const had = total(groups, 'base_profit_cents') * candidateNet
  return ratio((gained - had) * 10_000n, baseNet * candidateNet)
}

const approvalLoadDelta: Statistic = groups =>
  ratio(
    (total(groups, 'candidate_approvals') - total(groups, 'base_approvals')) * 10_000n,
    total(groups, 'scored'),
  )

const latencyDelta: Statistic = groups =>
  groups.some(group => group.latency_delta_seconds === null)
    ? null
    : ratio(total(groups, 'latency_delta_seconds'), total(groups, 'scored'))

const coverageLoss: Statistic = groups =>
  ratio(total(groups, 'approval_lost_value_cents') * 10_000n, total(groups, 'base_net_cents'))

const notBelowZero = (estimate: Estimate): Estimate =>
  estimate.lower === null ? estimate : { ...estimate, lower: Math.max(0, estimate.lower) }

/**
 * The difference in the number of violations, as the mean per quote times the number of quotes. Where no group gains a
 * violation the upper limit is not above zero, and likewise below: chance cannot bring about what no part of history shows.
 */
function violationDelta(sums: ReplaySums): Estimate {
  const scored = total(sums.groups, 'scored')
  const deltaOf = (groups: readonly GroupSums[]): bigint =>
    total(groups, 'candidate_violations') - total(groups, 'base_violations')
  const estimate = overGroups(
    sums,
    groups => ratio(deltaOf(groups) * scored, total(groups, 'scored')),
    group => group.scored > 0,
  )
  if (estimate.lower === null || estimate.upper === null) return estimate
  const deltas = sums.groups.map(group => deltaOf([group]))
  return {
    ...estimate,
    lower: deltas.some(delta => delta < 0n) ? estimate.lower : Math.max(0, estimate.lower),
    upper: deltas.some(delta => delta > 0n) ? estimate.upper : Math.min(0, estimate.upper),
  }
}

/** Wins are in ppm, so a hundredth is in bps. */
const winRateDelta = (sums: ReplaySums, model: ResponseModel | null): Estimate =>
  overSlopes(shift =>
    overFits(sums, model, fit => ratio(fit.win_ppm_delta[shift], BigInt(sums.scored) * 100n)),
  )

const expectedMarginDelta = (sums: ReplaySums, model: ResponseModel | null): Estimate =>
  overSlopes(shift => overFits(sums, model, fit => expectedPerQuote(sums, fit, shift)))

/** Sums are ppm-cents, so a millionth is in cents. */
const expectedPerQuote = (sums: ReplaySums, fit: FitSums, shift: SlopeShift): Ratio | null =>
  ratio(fit.expected_delta[shift], quotesWithCost(sums) * 1_000_000n)

/** Scored quotes with cost. */
export const quotesWithCost = ({ groups }: ReplaySums): bigint => total(groups, 'with_cost')

/**
 * A statistic of all scored quotes under the full fit, and under the fit without each group that the model was fitted on,
 * exactly; for `jackknifeEstimate` at any level. A group counts where it moves the fit, also when the scope holds none of its
 * quotes.
 */
export function fitRatios(
  sums: ReplaySums,
  of: (fit: FitSums) => Ratio | null,
  groupsOfModel: readonly number[] = [],
): { readonly full: Ratio | null; readonly leftOut: readonly Ratio[] } {
  const [full, ...without] = sums.response ?? []
  if (full === undefined) return { full: null, leftOut: [] }
  const leftOut = without.filter((_, group) => groupsOfModel.includes(group)).map(of)
  return { full: of(full), leftOut: leftOut.includes(null) ? [] : (leftOut as Ratio[]) }
}

function overFits(
  sums: ReplaySums,
  model: ResponseModel | null,
  of: (fit: FitSums) => Ratio | null,
): Estimate {
  const { full, leftOut } = fitRatios(sums, of, model?.groups_used)
  return jackknifeEstimate(full, leftOut)
}

/** The point at the fitted slopes, and the widest limits over the slope range. */
function overSlopes(at: (shift: SlopeShift) => Estimate): Estimate {
  const estimates = SLOPE_SHIFTS.map(at)
  const lowers = estimates.flatMap(estimate => estimate.lower ?? [])
  const uppers = estimates.flatMap(estimate => estimate.upper ?? [])
  return {
    point: at('point').point,
    lower: lowers.length < estimates.length ? null : Math.min(...lowers),
    upper: uppers.length < estimates.length ? null : Math.max(...uppers),
  }
}
