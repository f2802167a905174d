import type { Quote } from './quote.ts'
import type { Bps, Ppm } from './units.ts'

/**
 * The frozen response model, schema `clo_response_model.v1`: what scoring needs, in integers. Fit 0 is on all quotes; fit
 * g + 1 leaves group g out, for the jackknife. Verification never refits.
 *
 * At the logged decision of a quote, in micro-logits:
 *   eta = intercept + sum of level effects + size class + slope(segment) * granted + approval * approval_required
 * and at another decision eta moves by (slope + shift) * (granted - logged) + approval * (required - logged), so that a
 * shifted slope pivots at the logged decision. An absent logged approval moves nothing.
 */
export interface ResponseModel {
  readonly schema: 'clo_response_model.v1'
  /** Upper bounds (exclusive) on list_cents of the size classes, ascending; the last class is unbounded. */
  readonly size_bounds_cents: readonly number[]
  /** Text columns with an effect of their own, in order: segment, region, product_family, attr.*. */
  readonly factors: readonly ModelFactor[]
  readonly fits: readonly FrozenFit[]
  /** d of the slope range: every estimate is judged at slope - d, slope and slope + d, never below zero. Nano-logits per bps. */
  readonly slope_offset_nano: number
  /** Segments no proposal may touch. */
  readonly thin_segments: readonly string[]
  /** Student's t by purpose, in ppm: two-sided 95%, and one-sided at `oneSidedLevel(m)` for m = 1..40 tunables (index m - 1). */
  readonly student_t_ppm: { readonly two_sided_95: number; readonly one_sided_by_tunables: readonly number[] }
  /** Groups that hold closed quotes; the jackknife runs over them. */
  readonly groups_used: readonly number[]
}

export interface ModelFactor {
  /** Column name: `segment`, `region`, `product_family` or `attr.<key>`. */
  readonly column: string
  /** Levels with an effect, sorted; every other level, and absence, has effect 0. */
  readonly levels: readonly string[]
}

/** Coefficients of one fit. Micro-logits, slopes in nano-logits per bps as fitted: scoring holds them to the sensible sign. */
export interface FrozenFit {
  readonly intercept_micro: number
  /** By factor, by level. */
  readonly level_micro: readonly (readonly number[])[]
  readonly size_micro: readonly number[]
  readonly approval_micro: number
  /** Pooled slope, for segments that `slope_nano_by_segment` does not name. */
  readonly slope_nano: number
  readonly slope_nano_by_segment: Readonly<Record<string, number>>
}

/** The artifact as fitted: what scoring needs, and what a reader needs to judge it. Integers throughout. */
export interface FittedResponseModel extends ResponseModel {
  readonly evidence: ResponseEvidence
}

export interface ResponseEvidence {
  readonly won: number
  readonly lost: number
  readonly cells: number
  /** Discounts were counted in bins of this width, each standing for the mean of its quotes. */
  readonly discount_bin_bps: Bps
  /** Ridge strengths chosen by cross-validation, in thousandths: of level and size effects, of segments' own slopes. */
  readonly ridge_levels_thousandths: number
  readonly ridge_slopes_thousandths: number
  readonly segments: readonly SegmentEvidence[]
  /** Out of fold: the fit that scored a quote had not seen its group's fold. */
  readonly calibration: ResponseCalibration
  readonly curve: readonly CurvePoint[]
  /** The fitted curve of each segment, to be drawn over what was observed. */
  readonly fitted: readonly FittedCurvePoint[]
}

export interface SegmentEvidence {
  readonly segment: string
  readonly closed_quotes: number
  /** As fitted; below zero discounts seem to lose deals. */
  readonly slope_nano: number
  /** Delete-a-group jackknife. */
  readonly slope_standard_error_nano: number
  /** Why no proposal may touch it; null where it may. */
  readonly thin_reason: 'too_few_quotes' | 'slope_negative' | 'no_level' | null
}

export interface ResponseCalibration {
  /** Mean squared difference of prediction and outcome, and the same for predicting the overall win rate. */
  readonly brier_ppm: Ppm
  readonly brier_of_win_rate_ppm: Ppm
  readonly bins: readonly ReliabilityBin[]
}

/** Quotes whose predicted win probability lies in [from, to). */
export interface ReliabilityBin {
  readonly from_ppm: Ppm
  readonly to_ppm: Ppm
  readonly quotes: number
  readonly predicted_ppm: Ppm
  readonly observed_ppm: Ppm
}

/** Closed quotes of a segment by granted discount in [from, to): what was observed, and what the model says of them. */
export interface CurvePoint {
  readonly segment: string
  readonly from_bps: Bps
  readonly to_bps: Bps
  readonly quotes: number
  readonly won: number
  readonly predicted_ppm: Ppm
}

/** Mean win probability of a segment's closed quotes, were all of them offered this discount; made in response-curve.ts. */
export interface FittedCurvePoint {
  readonly segment: string
  readonly discount_bps: Bps
  readonly predicted_ppm: Ppm
  /** Over the slope range: the lower and the higher of its two ends. */
  readonly low_ppm: Ppm
  readonly high_ppm: Ppm
  /** Closed quotes of the segment granted this discount within 100 bps: below 50 history hardly speaks, see support.ts. */
  readonly quotes_near: number
}

/** Which end of the slope range. */
export const SLOPE_SHIFTS = ['low', 'point', 'high'] as const
export type SlopeShift = (typeof SLOPE_SHIFTS)[number]

/** What a win probability depends on besides the quote. */
export interface OfferedDecision {
  readonly grantedDiscountBps: Bps
  readonly approvalRequired: boolean
}

/** Signature of the scorer in response-score.ts: integer parts per million, 0..10^6. */
export type WinPpm = (
  model: ResponseModel,
  fit: number,
  shift: SlopeShift,
  quote: Quote,
  decision: OfferedDecision,
) => Ppm
