import type { Request } from './decision.ts'
import { mixed, RandomStream } from './market-random.ts'
import type { MarketSegment, MarketWorld } from './market-world.ts'
import type { OfferedDecision } from './response.ts'
import type { Bps } from './units.ts'

/** One period of a market: which quotes chance deals out. */
export interface MarketDraw {
  readonly seed: number
  readonly quotes: number
  readonly world: MarketWorld
}

/** What no history records about a quote, in logits taken from (hidden) and given to (lean) its win predictor. */
export interface Unrecorded {
  readonly hidden: number
  readonly lean: number
  /** Whether the quote falls after a market's shift, if it has one. */
  readonly late: boolean
}

/** A quote before any policy has seen it. */
export interface DrawnRequest {
  readonly request: Request
  readonly customer: number
  readonly unrecorded: Unrecorded
}

/** One stream a purpose, so that what one draws never moves another. */
export const PURPOSE = { customer: 1, request: 2, hidden: 3, outcome: 4, handling: 5 } as const

const REQUEST_BPS_MAX = 6000
const ROUND_REQUEST_BPS = 50

/** Deals out quote `index` (0 <= index < quotes): the same for the same seed, whatever the policy. */
export function drawRequest(draw: MarketDraw, index: number): DrawnRequest {
  const { seed, world } = draw
  const customer = customerOf(draw, index)
  const profile = drawCustomer(draw, customer)
  const stream = new RandomStream(seed, PURPOSE.request, index)
  const family = pick(world.families, stream)
  const size = stream.normal()
  const listCents = Math.max(10_000, roundTo(listOf(profile.segment, size), 100))
  const costCents = Math.round((listCents * family.cost_ratio_bps * (1 + 0.08 * stream.normal())) / 10_000)
  const termYears = 1 + stream.choose([60, 25, 15])
  const priced = {
    segment: profile.segment.name,
    region: profile.region.name,
    productFamily: family.name,
    listCents,
    costCents: Math.max(0, costCents),
    attributes: { channel: profile.channel.name, term: 12 * termYears },
  }
  const difficulty = hiddenDifficulty(seed, index)
  const asked =
    profile.segment.request_mean_bps -
    world.request_per_recorded_logit_bps * recordedEase(world, priced) +
    world.request_per_hidden_sd_bps * difficulty +
    world.request_per_year_bps * (termYears - 1) +
    world.request_noise_bps * stream.normal()
  const requestedDiscountBps = Math.min(REQUEST_BPS_MAX, Math.max(0, roundTo(asked, ROUND_REQUEST_BPS)))
  return {
    request: { ...priced, requestedDiscountBps },
    customer,
    unrecorded: {
      hidden: (world.hidden_effect_micro / 1e6) * difficulty,
      lean: profile.lean,
      late: isLate(draw, index),
    },
  }
}

/** Re-derives what no history records from the seed alone, without dealing out the quote again. */
export const unrecordedOf = (draw: MarketDraw, index: number): Unrecorded => ({
  hidden: (draw.world.hidden_effect_micro / 1e6) * hiddenDifficulty(draw.seed, index),
  lean: drawCustomer(draw, customerOf(draw, index)).lean,
  late: isLate(draw, index),
})

const isLate = (draw: MarketDraw, index: number): boolean => 2 * index >= draw.quotes

/** The win predictor in logits; DESIGN section 4 has `win_ppm` as its fitted counterpart. */
export function winLogit(
  world: MarketWorld,
  request: Omit<Request, 'costCents'>,
  unrecorded: Unrecorded,
  decision: OfferedDecision,
): number {
  const segment = named(world.segments, request.segment)
  return (
    segment.intercept_micro / 1e6 +
    recordedEase(world, request) +
    (segment.slope_nano / 1e9) * worthOf(world, request.requestedDiscountBps, unrecorded, decision) +
    breachEffect(world, unrecorded) +
    (decision.approvalRequired ? world.approval_effect_micro / 1e6 : 0) +
    unrecorded.lean -
    unrecorded.hidden
  )
}

/** The grant as customers feel it, bps; it differs from the grant only where the market breaches the model. */
function worthOf(
  { breach }: MarketWorld,
  requestedBps: Bps,
  { late }: Unrecorded,
  { grantedDiscountBps: granted }: OfferedDecision,
): number {
  switch (breach?.kind) {
    case undefined:
      return granted
    case 'kinked':
      return Math.min(granted, breach.beyond_bps)
    case 'saturating':
      return breach.scale_bps * (1 - Math.exp(-granted / breach.scale_bps))
    case 'reference_price':
      return granted - (breach.resentment_bps / 10_000) * Math.max(0, requestedBps - granted)
    case 'shift':
      return late ? (granted * breach.slope_factor_bps) / 10_000 : granted
  }
}

const breachEffect = ({ breach }: MarketWorld, { late }: Unrecorded): number =>
  breach?.kind === 'shift' && late ? breach.effect_micro / 1e6 : 0

/** What region, family, channel and size add to the win predictor, logits; reps ask less where it is high. */
function recordedEase(
  world: MarketWorld,
  request: Omit<Request, 'requestedDiscountBps' | 'costCents'>,
): number {
  const segment = named(world.segments, request.segment)
  const size =
    Math.log(request.listCents / segment.list_median_cents) / (segment.list_log_sd_thousandths / 1000)
  const micro =
    named(world.regions, request.region).effect_micro +
    named(world.families, request.productFamily).effect_micro +
    named(world.channels, String(request.attributes.channel)).effect_micro +
    world.size_effect_micro * size
  return micro / 1e6
}

function drawCustomer(draw: MarketDraw, customer: number) {
  const { seed, world } = draw
  const stream = new RandomStream(seed, PURPOSE.customer, customer)
  return {
    segment: pick(world.segments, stream),
    region: pick(world.regions, stream),
    channel: pick(world.channels, stream),
    lean: (world.customer_sd_micro / 1e6) * stream.normal(),
  }
}

/** Quotes fall on customers by a hash, so the number a customer has is close to Poisson. */
function customerOf(draw: MarketDraw, index: number): number {
  const customers = Math.ceil((draw.quotes * 1000) / draw.world.quotes_per_customer_thousandths)
  return (mixed(mixed(draw.seed) ^ index) >>> 0) % customers
}

const hiddenDifficulty = (seed: number, index: number): number =>
  new RandomStream(seed, PURPOSE.hidden, index).normal()

const listOf = (segment: MarketSegment, size: number): number =>
  segment.list_median_cents * Math.exp((segment.list_log_sd_thousandths / 1000) * size)

const roundTo = (value: number, unit: number): number => Math.round(value / unit) * unit

const pick = <T extends { readonly weight: number }>(of: readonly T[], stream: RandomStream): T =>
  of[stream.choose(of.map(entry => entry.weight))] as T

function named<T extends { readonly name: string }>(of: readonly T[], name: string): T {
  const found = of.find(entry => entry.name === name)
  if (found === undefined) throw new RangeError(`the market has no level \`${name}\``)
  return found
}
