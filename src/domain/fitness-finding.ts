import type { JsonObject } from './units.ts'

export const FITNESS_CODES = [
  'no_losses',
  'losing_prices_missing',
  'discount_follows_outcome',
  'no_overlap',
  'response_sign_wrong',
  'response_sign_unstable',
  'response_shifted',
  'leaking_column',
  'too_few_outcomes',
  'thin_segment',
  'cost_missing',
  'single_period',
  'undated',
  'approvals_unrecorded',
  'competing_quotes',
  'protected_attribute',
] as const
export type FitnessCode = (typeof FITNESS_CODES)[number]

/** `unfit`: nothing may be learned from this history; `limited`: what is learned carries this caveat. */
export type FitnessSeverity = 'limited' | 'unfit'
export type FitnessVerdict = 'fit' | FitnessSeverity

/** One thing a history cannot support. Facts hold integers with their units in the names, shares in bps. */
export interface FitnessFinding {
  readonly code: FitnessCode
  readonly severity: FitnessSeverity
  readonly message: string
  readonly facts: JsonObject
  readonly remedy: string
}

/** Schema `clo_fitness_audit.v1`, JSON names. */
export interface FitnessAudit {
  readonly schema: 'clo_fitness_audit.v1'
  readonly verdict: FitnessVerdict
  readonly findings: readonly FitnessFinding[]
  readonly figures: FitnessFigures
}

/** What the audit measured, also where it found nothing wrong. Slopes are null where grants do not vary. */
export interface FitnessFigures {
  readonly closed: number
  readonly won: number
  readonly lost: number
  readonly open: number
  readonly distinct_grants: number
  /** Share of the variance of grants that other columns explain. */
  readonly grants_explained_bps: number | null
  readonly raw_response: ResponseSlope | null
  readonly adjusted_response: ResponseSlope | null
}

/** What 100 bps more discount went along with, in the probability of winning, with its 95% interval. */
export interface ResponseSlope {
  readonly slope_ppm_per_100_bps: number
  readonly lower_ppm_per_100_bps: number
  readonly upper_ppm_per_100_bps: number
  readonly t_thousandths: number
  /** Cells within which quotes are compared; 1 is no adjustment. */
  readonly cells: number
  readonly quotes: number
}

export interface FitnessOptions {
  /** Segments with fewer closed quotes are thin. */
  readonly thinSegmentQuotes: number
  /** Words of attributes on which prices must not be set; default PROTECTED_ATTRIBUTES_DEFAULT. */
  readonly protectedAttributes?: readonly string[]
}

/** `part` of `whole` in bps, rounded; 0 of nothing. */
export const shareBps = (part: number, whole: number): number =>
  whole === 0 ? 0 : Math.round((10_000 * part) / whole)
