import type { FitSums, GroupSums } from './replay.ts'
import type { Estimate, ReplayIntervals } from './replay-report.ts'
import { type ResponseModel, SLOPE_SHIFTS, type SlopeShift } from './response.ts'
import type { SettingSums } from './settings.ts'
import { jackknifeEstimate, type Ratio } from './statistics.ts'

/**
 * Every measure of a report with its interval. What needs no model resamples the groups' sums: which quotes came is all the chance
 * there is. What depends on the response model is about the quotes replayed, as they are: for "without group g" it takes the
 * sums over all of them under the fit without g, so that the chance is the one in what the model learnt, and judges the
 * whole slope range.
 */
export const replayIntervals = (sums: SettingSums, model: ResponseModel | null): ReplayIntervals => ({
  ...groupIntervals(sums),
  ...responseIntervals(sums, model),
})

/** Measures that need no response model. */
export function groupIntervals(
  sums: SettingSums,
): Omit<ReplayIntervals, 'win_rate_delta_bps' | 'expected_margin_delta_cents_per_quote'> {
  return {
    margin_delta_bps: overGroups(sums, marginDelta, group => group.with_cost > 0),
    revenue_weighted_margin_delta_bps: overGroups(sums, weightedMarginDelta, group => group.with_cost > 0),
    approval_load_delta_bps: overGroups(sums, approvalLoadDelta, group => group.scored > 0),
    approval_latency_delta_seconds: overGroups(
      sums,
      sums.groups.some(group => group.latency_delta_seconds === null) ? unknown : latencyDelta,
      group => group.scored > 0,
    ),
    hard_violation_delta: violationDelta(sums),
    approval_coverage_loss_bps: notBelowZero(overGroups(sums, coverageLoss, group => group.scored > 0)),
  }
}

/** Measures that rest on the response model. */
export const responseIntervals = (
  sums: SettingSums,
  model: ResponseModel | null,
): Pick<ReplayIntervals, 'win_rate_delta_bps' | 'expected_margin_delta_cents_per_quote'> => ({
  win_rate_delta_bps: winRateDelta(sums, model),
  expected_margin_delta_cents_per_quote: expectedMarginDelta(sums, model),
})

/** A statistic of sums over some groups; null where they hold no data for it. */
type Statistic = (total: Totals) => Ratio | null

/** The sum of a field over some groups; absent counts as nothing. */
type Totals = (field: NumberField) => bigint
type NumberField = keyof GroupSums

/** The jackknife over the groups that count; a statistic that one of them alone makes possible has no interval. */
function overGroups(sums: SettingSums, of: Statistic, counts: (group: GroupSums) => boolean): Estimate {
  const groups = sums.groups.filter(counts)
  const all = totalsOf(groups)
  const leftOut = groups.map(group => of(field => all(field) - BigInt(group[field] ?? 0)))
  return jackknifeEstimate(of(all), leftOut.includes(null) ? [] : (leftOut as Ratio[]))
}

function totalsOf(groups: readonly GroupSums[]): Totals {
  const known = new Map<NumberField, bigint>()
  return field => {
    let sum = known.get(field)
    if (sum === undefined) {
      sum = total(groups, field)
      known.set(field, sum)
    }
    return sum
  }
}

const total = (groups: readonly GroupSums[], field: NumberField): bigint =>
  groups.reduce((sum, group) => sum + BigInt(group[field] ?? 0), 0n)

const ratio = (n: bigint, d: bigint): Ratio | null => (d > 0n ? { n, d } : null)

const marginDelta: Statistic = of => ratio(of('margin_bps_delta'), of('with_cost'))

const weightedMarginDelta: Statistic = of => {
  const baseNet = of('base_net_with_cost_cents')
  const candidateNet = of('candidate_net_with_cost_cents')
  const gained = of('candidate_profit_cents') * baseNet
  const had = of('base_profit_cents') * candidateNet
  return ratio((gained - had) * 10_000n, baseNet * candidateNet)
}

const approvalLoadDelta: Statistic = of =>
  ratio((of('candidate_approvals') - of('base_approvals')) * 10_000n, of('scored'))

const latencyDelta: Statistic = of => ratio(of('latency_delta_seconds'), of('scored'))

const unknown: Statistic = () => null

const coverageLoss: Statistic = of => ratio(of('approval_lost_value_cents') * 10_000n, of('base_net_cents'))

const notBelowZero = (estimate: Estimate): Estimate =>
  estimate.lower === null ? estimate : { ...estimate, lower: Math.max(0, estimate.lower) }

/**
 * The difference in the number of violations, as the mean per quote times the number of quotes. Where no group gains a
 * violation the upper limit is not above zero, and likewise below: chance cannot bring about what no part of history shows.
 */
function violationDelta(sums: SettingSums): Estimate {
  const scored = total(sums.groups, 'scored')
  const estimate = overGroups(
    sums,
    of => ratio((of('candidate_violations') - of('base_violations')) * scored, of('scored')),
    group => group.scored > 0,
  )
  if (estimate.lower === null || estimate.upper === null) return estimate
  const deltas = sums.groups.map(group => group.candidate_violations - group.base_violations)
  return {
    ...estimate,
    lower: deltas.some(delta => delta < 0) ? estimate.lower : Math.max(0, estimate.lower),
    upper: deltas.some(delta => delta > 0) ? estimate.upper : Math.min(0, estimate.upper),
  }
}

/** Wins are in ppm, so a hundredth is in bps. */
const winRateDelta = (sums: SettingSums, model: ResponseModel | null): Estimate =>
  overSlopes(shift =>
    overFits(sums, model, fit => ratio(fit.win_ppm_delta[shift], BigInt(sums.scored) * 100n)),
  )

const expectedMarginDelta = (sums: SettingSums, model: ResponseModel | null): Estimate =>
  overSlopes(shift => overFits(sums, model, fit => expectedPerQuote(sums, fit, shift)))

/** Sums are ppm-cents, so a millionth is in cents. */
const expectedPerQuote = (sums: SettingSums, fit: FitSums, shift: SlopeShift): Ratio | null =>
  ratio(fit.expected_delta[shift], quotesWithCost(sums) * 1_000_000n)

/** Scored quotes with cost. */
export const quotesWithCost = ({ groups }: SettingSums): bigint => total(groups, 'with_cost')

/**
 * A statistic of all scored quotes under the full fit, and under the fit without each group that the model was fitted on,
 * exactly; for `jackknifeEstimate` at any level. A group counts where it moves the fit, also when the scope holds none of its
 * quotes.
 */
export function fitRatios(
  sums: SettingSums,
  of: (fit: FitSums) => Ratio | null,
  groupsOfModel: readonly number[] = [],
): { readonly full: Ratio | null; readonly leftOut: readonly Ratio[] } {
  const [full, ...without] = sums.response ?? []
  if (full === undefined) return { full: null, leftOut: [] }
  const leftOut = without.filter((_, group) => groupsOfModel.includes(group)).map(of)
  return { full: of(full), leftOut: leftOut.includes(null) ? [] : (leftOut as Ratio[]) }
}

function overFits(
  sums: SettingSums,
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
