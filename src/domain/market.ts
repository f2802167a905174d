import { type Decision, decide } from './decision.ts'
import { RandomStream } from './market-random.ts'
import { type DrawnRequest, drawRequest, PURPOSE, winLogit } from './market-request.ts'
import { type MarketTruth, marketQuoteId, probability } from './market-truth.ts'
import { type MarketSegment, type MarketWorld, marketWorld } from './market-world.ts'
import type { CheckedPolicy } from './policy.ts'
import type { Quote } from './quote.ts'
import type { Instant, PolicyVersion } from './units.ts'

export interface MarketOptions {
  /** 0 .. 2^32 - 1. Another period of the same world needs another seed, or its quotes would be the same ones. */
  readonly seed: number
  /** 1 .. 10^8. */
  readonly quotes: number
  /** The policy in force, which decides grants and approvals. */
  readonly policy: CheckedPolicy
  readonly policyVersion?: PolicyVersion
  readonly world?: MarketWorld
  /** Quotes are made in [from, to), default the year up to 2026-07-01. */
  readonly from?: Instant
  readonly to?: Instant
  /** What has not closed by then is open; default `to`. */
  readonly observedUntil?: Instant
}

const DAY_MS = 86_400_000
const APPROVAL_MEDIAN_SECONDS = 72_000

/** Fixes one period of a market; `simulateQuotes` deals it out. */
export function marketTruth(options: MarketOptions): MarketTruth {
  const to = options.to ?? '2026-07-01T00:00:00.000Z'
  return {
    schema: 'clo_market_truth.v1',
    seed: options.seed,
    quotes: options.quotes,
    from: options.from ?? '2025-07-01T00:00:00.000Z',
    to,
    observed_until: options.observedUntil ?? to,
    policy_version: options.policyVersion ?? 1,
    policy_document: options.policy.document,
    world: options.world ?? marketWorld(),
  }
}

/** Deals out the quotes of a period in order of time and of quote_id. `policy` is the truth's document, checked. */
export function* simulateQuotes(truth: MarketTruth, policy: CheckedPolicy): Generator<Quote> {
  const uncapped = { ...policy, rules: policy.rules.filter(rule => rule.kind !== 'discount_cap') }
  for (let index = 0; index < truth.quotes; index += 1) {
    yield simulateQuote(truth, index, policy, uncapped)
  }
}

function simulateQuote(
  truth: MarketTruth,
  index: number,
  policy: CheckedPolicy,
  uncapped: CheckedPolicy,
): Quote {
  const { seed, world } = truth
  const drawn = drawRequest(truth, index)
  const handling = new RandomStream(seed, PURPOSE.handling, index)
  const exceptional = handling.uniform() * 10_000 < world.exception_share_bps
  const decision = decisionOn(drawn, exceptional ? uncapped : policy)
  const latencySeconds = decision.approvalRequired
    ? Math.round(
        APPROVAL_MEDIAN_SECONDS * Math.max(1, decision.approvers.length) * Math.exp(0.7 * handling.normal()),
      )
    : null

  const outcome = new RandomStream(seed, PURPOSE.outcome, index)
  const won = outcome.uniform() < probability(winLogit(world, drawn.request, drawn.unrecorded, decision))
  const refused = !won && outcome.uniform() * 10_000 < world.rejected_share_of_lost_bps
  const quotedMs = quotedAtMs(truth, index, handling.uniform())
  const closedMs = quotedMs + closingMs(world, drawn, handling.normal()) + (latencySeconds ?? 0) * 1000
  const open = closedMs >= Date.parse(truth.observed_until)

  return {
    ...drawn.request,
    quoteId: marketQuoteId(seed, index),
    grantedDiscountBps: decision.grantedDiscountBps,
    netCents: decision.netCents,
    approvalRequired: decision.approvalRequired,
    approvalOutcome: decision.approvalRequired && !open ? (refused ? 'rejected' : 'approved') : null,
    approvalLatencySeconds: open ? null : latencySeconds,
    outcome: open ? 'open' : won ? 'won' : 'lost',
    quotedAt: new Date(quotedMs).toISOString(),
    closedAt: open ? null : new Date(closedMs).toISOString(),
    policyVersion: truth.policy_version,
    cluster: `c${seed}-${drawn.customer}`,
  }
}

/** The market records channel and term alone, so a policy that names another attribute cannot have been in force in it. */
function decisionOn(drawn: DrawnRequest, policy: CheckedPolicy): Decision {
  const decision = decide(policy, drawn.request)
  if (decision.kind === 'not_replayable') {
    throw new RangeError(
      `the market cannot live under policy \`${policy.document.name}\`: ${decision.reason}`,
    )
  }
  return decision
}

function quotedAtMs(truth: MarketTruth, index: number, share: number): number {
  const from = Date.parse(truth.from)
  return Math.floor(from + ((Date.parse(truth.to) - from) * (index + share)) / truth.quotes)
}

function closingMs(world: MarketWorld, drawn: DrawnRequest, deviation: number): number {
  const segment = world.segments.find(entry => entry.name === drawn.request.segment) as MarketSegment
  return Math.round(segment.close_median_days * DAY_MS * Math.exp(0.6 * deviation))
}
