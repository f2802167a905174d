import { marginBps, netCents } from './arithmetic.ts'
import { type Decision, decide, type NotReplayableReason } from './decision.ts'
import type { CheckedPolicy } from './policy.ts'
import { type Quote, type QuoteColumns, quoteAt } from './quote.ts'
import { MeanLatency } from './realized-latency.ts'
import type { Estimate } from './replay-report.ts'
import { ReplicatedMean, widest } from './replicated-mean.ts'
import { type ResponseModel, SLOPE_SHIFTS, type SlopeShift } from './response.ts'
import { winPpm } from './response-score.ts'
import type { Bps, Cents } from './units.ts'

/**
 * What an applied policy did, set against what the prior policy would have done on the very same quotes and requests. All
 * means are over closed quotes that the prior policy can decide.
 *
 *   margin_delta_bps    mean of (margin of the price offered - margin of the price under the prior policy); quotes with cost
 *   margin_delta_as_applied_bps
 *                       the same over quotes handled as the applied policy says. Where it differs from the former, exceptions granted
 *                       past the policy make the difference, and not the policy
 *   win_rate_delta_bps  observed wins - wins expected under the prior decision, over quotes. Where both decide alike the outcome
 *                       would have been the same; elsewhere the frozen response model expects it. The model knows the market of
 *                       its history: a market that turned since shows here too. null without a model
 *   approval_latency_delta_seconds
 *                       mean of (waiting as logged - waiting under the prior policy). A quote that needs an approval either way
 *                       waits equally; one that needed it only under the prior policy would have waited its segment's mean;
 *                       quotes without a logged approval do not count. null where no latency is logged
 *   expected_margin_delta_cents_per_quote
 *                       mean of (profit of won quotes - expected profit under the prior policy); quotes with cost. null without a model
 *
 * Intervals as in ReplicatedMean; where the model is asked, the widest over the range of slopes.
 */
export interface RealizedEstimates {
  readonly margin_delta_bps: Estimate
  readonly margin_delta_as_applied_bps: Estimate
  readonly win_rate_delta_bps: Estimate
  readonly approval_latency_delta_seconds: Estimate
  readonly expected_margin_delta_cents_per_quote: Estimate
}

export interface RealizedCounts {
  /** open + not replayable + scored = quotes handed in. */
  readonly open: number
  readonly not_replayable: Readonly<Record<NotReplayableReason, number>>
  readonly scored: number
  readonly with_cost: number
  /** Scored quotes on which both policies decide alike: nothing could differ there. */
  readonly decided_alike: number
  /** Scored quotes whose logged grant, and approval where logged, are what the applied policy decides. */
  readonly as_applied: number
}

export interface Realized {
  readonly estimates: RealizedEstimates
  readonly counts: RealizedCounts
}

type ByShift = Readonly<Record<SlopeShift, ReplicatedMean>>

/** Measures the rows given (all of them decided under `applied`) against `prior`. Integers throughout. */
export function measureRealized(
  columns: QuoteColumns,
  rows: readonly number[],
  prior: CheckedPolicy,
  applied: CheckedPolicy,
  model: ResponseModel | null,
): Realized {
  const latencies = new MeanLatency(columns, rows)
  const margin = new ReplicatedMean()
  const marginAsApplied = new ReplicatedMean()
  const latency = new ReplicatedMean()
  const wins = byShift(model)
  const expected = byShift(model)
  const counts = { open: 0, scored: 0, with_cost: 0, decided_alike: 0, as_applied: 0 }
  const notReplayable = { attribute_absent: 0, cost_absent: 0 }

  for (const row of rows) {
    const quote = quoteAt(columns, row)
    const group = columns.group[row] as number
    const before = decide(prior, quote)
    if (quote.outcome === 'open') {
      counts.open += 1
      continue
    }
    if (before.kind === 'not_replayable') {
      notReplayable[before.reason] += 1
      continue
    }
    counts.scored += 1
    const decidesAlike = isAlike(before, quote)
    if (decidesAlike) counts.decided_alike += 1
    const now = decide(applied, quote)
    const isAsApplied = now.kind === 'decided' && isAlike(now, quote)
    if (isAsApplied) counts.as_applied += 1

    const waited = latencies.delta(quote, before.approvalRequired)
    if (waited !== null) latency.add(group, BigInt(waited))
    const chances =
      model === null ? null : decidesAlike ? sameOutcome(model, quote) : priorChances(model, quote, before)
    if (chances !== null) addWins(wins, chances, quote, group)
    if (quote.costCents === null) continue
    counts.with_cost += 1
    const offered = offeredNet(quote)
    const marginDelta = BigInt(marginDeltaBps(quote, quote.costCents, before))
    margin.add(group, marginDelta)
    if (isAsApplied) marginAsApplied.add(group, marginDelta)
    if (chances === null) continue
    const priorProfit = before.netCents - quote.costCents
    const earned = quote.outcome === 'won' ? offered - quote.costCents : 0
    addExpected(expected, chances, { group, priorProfit, earned })
  }
  return {
    estimates: {
      margin_delta_bps: margin.estimate(),
      margin_delta_as_applied_bps: marginAsApplied.estimate(),
      win_rate_delta_bps: overSlopes(wins, 100n),
      approval_latency_delta_seconds: latency.estimate(),
      expected_margin_delta_cents_per_quote: overSlopes(expected, 1_000_000n),
    },
    counts: { ...counts, not_replayable: notReplayable },
  }
}

/** Margin of the price offered less that of the price under another decision on the same quote. */
export const marginDeltaBps = (quote: Quote, costCents: Cents, before: Decision): Bps =>
  marginBps(offeredNet(quote), costCents) - (before.marginBps as number)

/** The price as logged, else by the formula from the logged grant. */
const offeredNet = (quote: Quote): number =>
  quote.netCents ?? netCents(quote.listCents, quote.grantedDiscountBps)

const isAlike = (decision: Decision, quote: Quote): boolean =>
  decision.grantedDiscountBps === quote.grantedDiscountBps &&
  (quote.approvalRequired === null || decision.approvalRequired === quote.approvalRequired)

function byShift(model: ResponseModel | null): ByShift {
  const mean = (): ReplicatedMean => new ReplicatedMean(model?.groups_used)
  return { low: mean(), point: mean(), high: mean() }
}

const overSlopes = (means: ByShift, divisor: bigint): Estimate =>
  widest([means.point.estimate(divisor), means.low.estimate(divisor), means.high.estimate(divisor)])

/** Win probability under the prior decision, in ppm: by slope shift, by fit. */
type Chances = Readonly<Record<SlopeShift, readonly number[]>>

function priorChances(model: ResponseModel, quote: Quote, before: Decision): Chances {
  const ofShift = (shift: SlopeShift): number[] =>
    model.fits.map((_, fit) => winPpm(model, fit, shift, quote, before))
  return { low: ofShift('low'), point: ofShift('point'), high: ofShift('high') }
}

/** The same decision on the same quote ends the same way. */
function sameOutcome(model: ResponseModel, quote: Quote): Chances {
  const certain = model.fits.map(() => observedPpm(quote))
  return { low: certain, point: certain, high: certain }
}

const observedPpm = (quote: Quote): number => (quote.outcome === 'won' ? 1_000_000 : 0)

/** In parts per million of a win. */
function addWins(means: ByShift, chances: Chances, quote: Quote, group: number): void {
  const observed = observedPpm(quote)
  for (const shift of SLOPE_SHIFTS) {
    const delta = (fit: number): bigint => BigInt(observed - (chances[shift][fit] as number))
    means[shift].add(group, delta(0), left => delta(left + 1))
  }
}

/** In parts per million of a cent. */
function addExpected(
  means: ByShift,
  chances: Chances,
  {
    group,
    priorProfit,
    earned,
  }: { readonly group: number; readonly priorProfit: number; readonly earned: number },
): void {
  for (const shift of SLOPE_SHIFTS) {
    const delta = (fit: number): bigint =>
      BigInt(earned) * 1_000_000n - BigInt(chances[shift][fit] as number) * BigInt(priorProfit)
    means[shift].add(group, delta(0), left => delta(left + 1))
  }
}
