import { marketTruth } from '../../src/domain/market.ts'
import { confoundedWorld } from '../../src/domain/market-confounding.ts'
import { RandomStream } from '../../src/domain/market-random.ts'
import type { MarketTruth } from '../../src/domain/market-truth.ts'
import {
  type MarketBreach,
  type MarketSegment,
  type MarketWorld,
  marketWorld,
} from '../../src/domain/market-world.ts'
import type { CheckedPolicy, PolicyDocument, Rule } from '../../src/domain/policy.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import { bestByTruth } from './best.ts'

/** `open`: the policy in force leaves room; `best`: no declared range holds a better one; `breach`: the model's form is wrong. */
export type WorldKind = 'open' | 'best' | 'breach'

/** One world of the family, before any quote is dealt. */
export interface WorldCase {
  readonly number: number
  readonly kind: WorldKind
  readonly quotes: number
  /** Share of the declared range of slopes that hidden confounding uses up; negative where it makes slopes look steeper. */
  readonly hidden: number
  readonly breach: MarketBreach['kind'] | 'beyond_range' | null
  readonly truth: MarketTruth
  readonly policy: CheckedPolicy
}

export const SIZES = [300, 1000, 2000, 5000, 10_000, 20_000, 50_000] as const
const SIZE_WEIGHTS = [8, 12, 26, 28, 12, 10, 4]
const BREACHES = ['kinked', 'saturating', 'reference_price', 'shift', 'beyond_range'] as const

/** Draws world `number` of a family; the same for the same seed. Every fifth has the best policy in force already. */
export async function drawWorld(
  seed: number,
  number: number,
  family: 'first' | 'second',
): Promise<WorldCase> {
  const stream = new RandomStream(seed, family === 'first' ? 101 : 102, number)
  const between = (low: number, high: number): number => low + (high - low) * stream.uniform()
  const quotes = SIZES[stream.choose(SIZE_WEIGHTS)] as number
  const marketSeed = 1 + Math.floor(4e9 * stream.uniform())
  const bare = drawMarket(stream, between, marketSeed)
  const opening = drawPolicy(bare, between)
  const hiddenKind = stream.choose([40, 25, 25, 10])
  const drawnHidden = [0, between(0, 0.5), between(0.5, 1), -between(0, 1)][hiddenKind] as number
  const dealt = (world: MarketWorld, policy: CheckedPolicy): MarketTruth =>
    marketTruth({ seed: marketSeed, quotes, world, policy })
  const confounded = (world: MarketWorld, policy: CheckedPolicy, share: number): MarketTruth =>
    dealt(confoundedWorld(dealt(world, policy), policy, share), policy)

  if (family === 'second') {
    const kind = BREACHES[number % BREACHES.length] as (typeof BREACHES)[number]
    const breach = kind === 'beyond_range' ? undefined : drawBreach(kind, between)
    const hidden = kind === 'beyond_range' ? between(1.2, 1.8) : 0
    const world = breach === undefined ? bare : { ...bare, breach }
    const truth = confounded(world, opening, hidden)
    return { number, kind: 'breach', quotes, hidden, breach: kind, truth, policy: opening }
  }
  if (number % 5 !== 4) {
    const truth = confounded(bare, opening, drawnHidden)
    return { number, kind: 'open', quotes, hidden: drawnHidden, breach: null, truth, policy: opening }
  }
  // The best policy has caps of its own, which amplify the hidden cause anew.
  const first = await bestByTruth(confounded(bare, opening, drawnHidden), opening)
  const policy = await bestByTruth(confounded(bare, first, drawnHidden), first)
  const truth = confounded(bare, policy, drawnHidden)
  return { number, kind: 'best', quotes, hidden: drawnHidden, breach: null, truth, policy }
}

const SEGMENTS: readonly MarketSegment[] = [
  ...marketWorld().segments,
  {
    name: 'public',
    weight: 15,
    list_median_cents: 8_000_000,
    list_log_sd_thousandths: 600,
    intercept_micro: -900_000,
    slope_nano: 300_000,
    request_mean_bps: 1600,
    close_median_days: 40,
  },
  {
    name: 'startup',
    weight: 25,
    list_median_cents: 500_000,
    list_log_sd_thousandths: 600,
    intercept_micro: -1_300_000,
    slope_nano: 800_000,
    request_mean_bps: 1500,
    close_median_days: 10,
  },
]

type Between = (low: number, high: number) => number

/** A market without hidden confounding. */
function drawMarket(stream: RandomStream, between: Between, worldSeed: number): MarketWorld {
  const world = marketWorld({ variety: 1, worldSeed, hiddenConfounding: 0 })
  const scale = Math.exp(0.35 * stream.normal())
  const segments = SEGMENTS.slice(0, 2 + Math.floor(4 * stream.uniform())).map(segment => ({
    ...segment,
    weight: Math.round(between(8, 60)),
    intercept_micro: Math.round(segment.intercept_micro + 300_000 * stream.normal()),
    slope_nano: Math.round(segment.slope_nano * scale * Math.exp(0.4 * stream.normal())),
    request_mean_bps: Math.max(500, Math.round(segment.request_mean_bps + 300 * stream.normal())),
  }))
  return {
    ...world,
    segments,
    request_per_recorded_logit_bps: Math.round(between(0, 600)),
    request_noise_bps: Math.round(between(300, 700)),
    customer_sd_micro: Math.round(between(100_000, 500_000)),
    quotes_per_customer_thousandths: Math.round(between(1000, 4000)),
    exception_share_bps: Math.round(between(0, 800)),
  }
}

/** Caps from where they bind on most requests to where they bind on few, and approvals as drawn. */
function drawPolicy(world: MarketWorld, between: Between): CheckedPolicy {
  const spread = Math.hypot(world.request_noise_bps, world.request_per_hidden_sd_bps)
  const caps = world.segments.map((segment): Rule => {
    const cap = Math.max(300, 50 * Math.round((segment.request_mean_bps + between(-0.3, 1.5) * spread) / 50))
    return {
      id: `cap-${segment.name}`,
      kind: 'discount_cap',
      when: `quote.segment == "${segment.name}"`,
      params: { cap_bps: cap },
      tune: { cap_bps: { min: Math.max(100, cap - 700), max: cap + 700, step: 50 } },
    }
  })
  const approval = (id: string, when: string): Rule => {
    const above = 100 * Math.round(between(12, 24))
    return {
      id,
      kind: 'approval',
      when: `quote.discount_bps > params.above_bps && ${when}`,
      params: { above_bps: above },
      tune: { above_bps: { min: above - 800, max: above + 800, step: 100 } },
      approver: 'sales_manager',
    }
  }
  const document: PolicyDocument = {
    schema: 'clo_policy.v1',
    name: 'drawn-policy',
    rules: [
      ...caps,
      { id: 'floor', kind: 'margin_floor', when: 'true', params: { floor_bps: 500 }, protected: true },
      approval('approval-na-emea', 'quote.region in ["na", "emea"]'),
      approval('approval-apac', 'quote.region == "apac"'),
      { id: 'never-below-cost', kind: 'prohibit', when: 'quote.margin_bps < 0', protected: true },
    ],
  }
  const checked = checkPolicy(document)
  if (!checked.ok) throw new Error(checked.refusal.message)
  return checked.value
}

function drawBreach(kind: MarketBreach['kind'], between: Between): MarketBreach {
  switch (kind) {
    case 'kinked':
      return { kind, beyond_bps: Math.round(between(900, 2000)) }
    case 'saturating':
      return { kind, scale_bps: Math.round(between(800, 2500)) }
    case 'reference_price':
      return { kind, resentment_bps: Math.round(between(2500, 10_000)) }
    case 'shift':
      return {
        kind,
        slope_factor_bps: Math.round(between(3000, 17_000)),
        effect_micro: Math.round(between(-800_000, 800_000)),
      }
  }
}
