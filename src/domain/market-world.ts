import { RandomStream } from './market-random.ts'
import type { Bps, Cents } from './units.ts'

/** Micro-logits: a millionth of the unit of a logistic model's linear predictor. */
type MicroLogits = number

export interface MarketSegment {
  readonly name: string
  readonly weight: number
  readonly list_median_cents: Cents
  /** Standard deviation of ln(list price), in thousandths. */
  readonly list_log_sd_thousandths: number
  /** Win predictor of a median quote at no discount, before the other effects. */
  readonly intercept_micro: MicroLogits
  /** What one basis point of discount adds to the win predictor, in nano-logits. */
  readonly slope_nano: number
  readonly request_mean_bps: Bps
  readonly close_median_days: number
}

export interface MarketLevel {
  readonly name: string
  readonly weight: number
  readonly effect_micro: MicroLogits
}

export interface MarketFamily extends MarketLevel {
  readonly cost_ratio_bps: Bps
}

/** Everything that is true of a simulated market besides chance and policy. Integers, so that it has one canonical form. */
export interface MarketWorld {
  readonly segments: readonly MarketSegment[]
  readonly regions: readonly MarketLevel[]
  readonly families: readonly MarketFamily[]
  readonly channels: readonly MarketLevel[]
  /** Effect of one standard deviation of ln(list price) within the segment. */
  readonly size_effect_micro: MicroLogits
  /** Effect of needing an approval: the delay and the occasional no cost deals. */
  readonly approval_effect_micro: MicroLogits
  /** Share of lost quotes with an approval whose loss was the approver's no. */
  readonly rejected_share_of_lost_bps: Bps
  /** What a rep asks more per logit by which the recorded attributes make the deal harder. */
  readonly request_per_recorded_logit_bps: Bps
  /** What a rep asks more per standard deviation of the difficulty nobody records. */
  readonly request_per_hidden_sd_bps: Bps
  /** What a standard deviation of that difficulty takes from the win predictor. */
  readonly hidden_effect_micro: MicroLogits
  /** What a rep asks more per year of term beyond the first; term itself moves no outcome. */
  readonly request_per_year_bps: Bps
  readonly request_noise_bps: Bps
  /** Standard deviation of a customer's own lean, shared by all its quotes. */
  readonly customer_sd_micro: MicroLogits
  /** Quotes a customer has on average. */
  readonly quotes_per_customer_thousandths: number
  /** Share of quotes granted as requested, past every cap, regardless of anything. */
  readonly exception_share_bps: Bps
  /** How this market breaks what the response model assumes; absent where it does not. */
  readonly breach?: MarketBreach
}

/** Ways in which a market answers to price otherwise than by one constant slope a segment. */
export type MarketBreach =
  /** No answer to what is granted beyond a point. */
  | { readonly kind: 'kinked'; readonly beyond_bps: Bps }
  /** The answer fades: slope * scale * (1 - exp(-grant / scale)). */
  | { readonly kind: 'saturating'; readonly scale_bps: Bps }
  /** Customers resent what they asked for and did not get: each bps of it costs this share of the slope on top. */
  | { readonly kind: 'reference_price'; readonly resentment_bps: Bps }
  /** From the middle of the period on slopes are multiplied, and every deal is harder or easier. */
  | { readonly kind: 'shift'; readonly slope_factor_bps: Bps; readonly effect_micro: MicroLogits }

/** What makes one world differ from the standard one. */
export interface WorldOptions {
  /**
   * Share of the pooled slope that hidden difficulty would take from a fit on all that is recorded if no cap were in force: 0 none,
   * 1 the whole of it. Caps amplify it; `confoundedWorld` takes a policy's caps into account.
   */
  readonly hiddenConfounding?: number
  /** Strength of asking more where the recorded attributes make a deal harder; 0 none, 1 standard. */
  readonly recordedConfounding?: number
  /** Factor on every slope. */
  readonly slopeScale?: number
  /** Share 0..1 of quotes granted past the caps. */
  readonly exceptionShare?: number
  /** 0 the standard world, 1 levels, slopes, costs and habits drawn widely around it by `worldSeed`. */
  readonly variety?: number
  readonly worldSeed?: number
}

const level = (name: string, weight: number, effect_micro: MicroLogits): MarketLevel => ({
  name,
  weight,
  effect_micro,
})

const segment = (
  name: string,
  weight: number,
  list_median_cents: Cents,
  intercept_micro: MicroLogits,
  slope_nano: number,
  request_mean_bps: Bps,
  close_median_days: number,
): MarketSegment => ({
  name,
  weight,
  list_median_cents,
  list_log_sd_thousandths: 600,
  intercept_micro,
  slope_nano,
  request_mean_bps,
  close_median_days,
})

/**
 * The standard world: a seller of software, hardware and services. Small customers answer to a discount, large ones hardly, yet
 * large ones are given the larger discounts; approvals take days. No study stands behind the figures.
 */
const STANDARD_WORLD: MarketWorld = {
  segments: [
    segment('smb', 50, 900_000, -1_150_000, 650_000, 1400, 14),
    segment('mid_market', 32, 4_500_000, -1_050_000, 420_000, 1700, 28),
    segment('enterprise', 18, 24_000_000, -600_000, 150_000, 2300, 42),
  ],
  regions: [level('na', 45, 0), level('emea', 35, -150_000), level('apac', 20, 150_000)],
  families: [
    { ...level('software', 50, 150_000), cost_ratio_bps: 4200 },
    { ...level('hardware', 30, -150_000), cost_ratio_bps: 6400 },
    { ...level('services', 20, 0), cost_ratio_bps: 5600 },
  ],
  channels: [level('direct', 60, 0), level('partner', 30, 200_000), level('web', 10, -250_000)],
  size_effect_micro: -200_000,
  approval_effect_micro: -350_000,
  rejected_share_of_lost_bps: 1200,
  request_per_recorded_logit_bps: 300,
  request_per_hidden_sd_bps: 150,
  hidden_effect_micro: 0,
  request_per_year_bps: 60,
  request_noise_bps: 500,
  customer_sd_micro: 250_000,
  quotes_per_customer_thousandths: 2500,
  exception_share_bps: 400,
}

export const DEFAULT_HIDDEN_CONFOUNDING = 0.15

/** A world that differs from the standard one as told. */
export function marketWorld(options: WorldOptions = {}): MarketWorld {
  const varied = vary(STANDARD_WORLD, options.variety ?? 0, options.worldSeed ?? 0)
  const segments = varied.segments.map(entry => ({
    ...entry,
    slope_nano: Math.round(entry.slope_nano * (options.slopeScale ?? 1)),
  }))
  const world: MarketWorld = {
    ...varied,
    segments,
    request_per_recorded_logit_bps: Math.round(
      varied.request_per_recorded_logit_bps * (options.recordedConfounding ?? 1),
    ),
    exception_share_bps: Math.round((options.exceptionShare ?? varied.exception_share_bps / 10_000) * 10_000),
  }
  return {
    ...world,
    hidden_effect_micro: hiddenEffectMicro(world, options.hiddenConfounding ?? DEFAULT_HIDDEN_CONFOUNDING),
  }
}

/** Mean of the segments' slopes by weight, nano-logits per bps. */
export const pooledSlopeNano = (world: MarketWorld): number =>
  world.segments.reduce((sum, entry) => sum + entry.weight * entry.slope_nano, 0) /
  world.segments.reduce((sum, entry) => sum + entry.weight, 0)

/**
 * Omitted-variable bias without caps: with request = a u + noise of deviation s and predictor = slope d - b u, a fit without u finds
 * slope - a b / (a^2 + s^2). Solved for the b that takes the given share of the pooled slope.
 */
function hiddenEffectMicro(world: MarketWorld, share: number): MicroLogits {
  const a = world.request_per_hidden_sd_bps
  return Math.round((share * pooledSlopeNano(world) * (a * a + world.request_noise_bps ** 2)) / a / 1000)
}

function vary(world: MarketWorld, variety: number, worldSeed: number): MarketWorld {
  if (variety === 0) return world
  const stream = new RandomStream(worldSeed, 0, 0)
  const shifted = (value: number, sd: number): number => Math.round(value + variety * sd * stream.normal())
  const scaled = (value: number, sd: number): number =>
    Math.round(value * Math.exp(variety * sd * stream.normal()))
  const levels = <T extends MarketLevel>(of: readonly T[]): readonly T[] =>
    of.map(entry => ({ ...entry, effect_micro: shifted(entry.effect_micro, 200_000) }))
  return {
    ...world,
    segments: world.segments.map(entry => ({
      ...entry,
      intercept_micro: shifted(entry.intercept_micro, 300_000),
      slope_nano: scaled(entry.slope_nano, 0.5),
      request_mean_bps: Math.max(500, shifted(entry.request_mean_bps, 300)),
    })),
    regions: levels(world.regions),
    families: levels(world.families).map(entry => ({
      ...entry,
      cost_ratio_bps: Math.min(8500, Math.max(1000, shifted(entry.cost_ratio_bps, 1000))),
    })),
    channels: levels(world.channels),
    size_effect_micro: shifted(world.size_effect_micro, 100_000),
    approval_effect_micro: Math.min(0, shifted(world.approval_effect_micro, 200_000)),
  }
}
