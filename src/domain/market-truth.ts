import { decide, type Request } from './decision.ts'
import { type MarketDraw, unrecordedOf, winLogit } from './market-request.ts'
import type { CheckedPolicy, PolicyDocument } from './policy.ts'
import type { Quote } from './quote.ts'
import type { OfferedDecision } from './response.ts'
import type { Instant, PolicyVersion } from './units.ts'

/**
 * The truth of one simulated period, JSON names, schema `clo_market_truth.v1`: with the policy document checked again, it deals out
 * the same quotes to the last byte, and it says what any decision on any of them would really have done.
 */
export interface MarketTruth extends MarketDraw {
  readonly schema: 'clo_market_truth.v1'
  readonly from: Instant
  readonly to: Instant
  /** Quotes not closed by then are open. */
  readonly observed_until: Instant
  readonly policy_version: PolicyVersion
  readonly policy_document: PolicyDocument
}

/** Name of quote `index`; byte order of names is order of dealing. */
export const marketQuoteId = (seed: number, index: number): string =>
  `m${seed}-${String(index).padStart(8, '0')}`

/** True probability, 0..1, of winning a quote of this market under any decision. */
export function trueWinProbability(truth: MarketTruth, quote: Quote, decision: OfferedDecision): number {
  return probability(winLogit(truth.world, quote, unrecordedOf(truth, indexOf(truth, quote)), decision))
}

/** True expected margin of a quote under a policy, in cents; null where the policy cannot be replayed on it or cost is absent. */
export function trueExpectedMarginCents(
  truth: MarketTruth,
  policy: CheckedPolicy,
  quote: Quote,
): number | null {
  const decision = decide(policy, quote as Request)
  if (decision.kind === 'not_replayable' || quote.costCents === null) return null
  return trueWinProbability(truth, quote, decision) * (decision.netCents - quote.costCents)
}

/** Mean true expected margin over closed quotes, cents a quote. Decisions are the policy's own, without exceptions. */
export const trueExpectedMarginPerQuote = (
  truth: MarketTruth,
  policy: CheckedPolicy,
  quotes: Iterable<Quote>,
): number => meanOverClosed(quotes, quote => trueExpectedMarginCents(truth, policy, quote))

/** What a candidate really changes against the base, mean over closed quotes replayable under both, cents a quote. */
export const trueMarginDeltaPerQuote = (
  truth: MarketTruth,
  base: CheckedPolicy,
  candidate: CheckedPolicy,
  quotes: Iterable<Quote>,
): number =>
  meanOverClosed(quotes, quote => {
    const before = trueExpectedMarginCents(truth, base, quote)
    const after = trueExpectedMarginCents(truth, candidate, quote)
    return before === null || after === null ? null : after - before
  })

/** What a candidate really changes in the share of quotes won, mean over closed quotes replayable under both, -1..1. */
export const trueWinRateDelta = (
  truth: MarketTruth,
  base: CheckedPolicy,
  candidate: CheckedPolicy,
  quotes: Iterable<Quote>,
): number =>
  meanOverClosed(quotes, quote => {
    const before = decide(base, quote)
    const after = decide(candidate, quote)
    if (before.kind === 'not_replayable' || after.kind === 'not_replayable') return null
    return trueWinProbability(truth, quote, after) - trueWinProbability(truth, quote, before)
  })

function meanOverClosed(quotes: Iterable<Quote>, measure: (quote: Quote) => number | null): number {
  let sum = 0
  let counted = 0
  for (const quote of quotes) {
    const value = quote.outcome === 'open' ? null : measure(quote)
    if (value === null) continue
    sum += value
    counted += 1
  }
  return counted === 0 ? 0 : sum / counted
}

function indexOf(truth: MarketTruth, quote: Quote): number {
  const [seed, index] = quote.quoteId.slice(1).split('-').map(Number)
  if (seed !== truth.seed || index === undefined || !(index < truth.quotes)) {
    throw new RangeError(`quote \`${quote.quoteId}\` is not of the market with seed ${truth.seed}`)
  }
  return index
}

/** The logistic function. */
export const probability = (logit: number): number => 1 / (1 + Math.exp(-logit))
