import { OUTCOMES, type QuoteColumns } from './quote.ts'
import type { FittedResponseModel, FrozenFit, SegmentEvidence } from './response.ts'
import { calibrationOf, curveOf } from './response-calibration.ts'
import { fittedCurvesOf } from './response-curve.ts'
import { slopeOf } from './response-design.ts'
import type { FitOptions, FloatingResponse } from './response-fit.ts'
import { fittedSlope } from './response-slopes.ts'
import { oneSidedLevel, studentTQuantile } from './student-t.ts'
import { compareText } from './text.ts'
import { TUNABLES_MAX } from './tunables.ts'

/**
 * How far freezing can move a win probability, in ppm, at any grant within -10000..10000 bps. A quote meets an intercept, a size
 * class, an approval and one level a factor, each rounded by at most half a micro-logit; a slope rounded by half a nano-logit
 * per bps is 5 micro-logits at most, and the product is rounded once more; the logistic curve is nowhere steeper than 1/4; the
 * integer sigmoid is within 1 ppm, and rounded.
 */
export const freezingErrorMaxPpm = ({ factors }: FittedResponseModel): number =>
  ((factors.length + 3) * 0.5 + 5 + 0.5) / 4 + 1.5

/** Turns a fit into the integer artifact: micro-logits, slopes in nano-logits per bps, rounded to nearest. */
export function freezeResponse(
  columns: QuoteColumns,
  floating: FloatingResponse,
  options: FitOptions,
): FittedResponseModel {
  const { cells, plan, ridge, fits, groupsUsed, folds } = floating
  const full = fits[0] as Float64Array
  const pooled = full[plan.pooledSlope] as number
  const offset = Math.max(0, pooled) * options.sensitivityOffsetShare
  const segments = segmentEvidence(columns, floating, options)
  return {
    schema: 'clo_response_model.v1',
    size_bounds_cents: cells.sizeBoundsCents,
    factors: cells.factors,
    fits: fits.map(fit => freezeFit(floating, fit)),
    slope_offset_nano: nano(offset),
    thin_segments: segments.filter(entry => entry.thin_reason !== null).map(entry => entry.segment),
    student_t_ppm: studentT(groupsUsed.length - 1),
    groups_used: groupsUsed,
    evidence: {
      won: sum(cells.wins),
      lost: sum(cells.quotes) - sum(cells.wins),
      cells: cells.cells,
      discount_bin_bps: cells.discountBinBps,
      ridge_levels_thousandths: Math.round(ridge.levels * 1000),
      ridge_slopes_thousandths: Math.round(ridge.slopes * 1000),
      segments,
      calibration: calibrationOf(cells, folds),
      curve: curveOf(cells, folds),
      fitted: fittedCurvesOf(columns, floating, pooled * options.sensitivityOffsetShare),
    },
  }
}

function freezeFit({ cells, plan, flat }: FloatingResponse, fit: Float64Array): FrozenFit {
  const at = (place: number): number => micro(fit[place] as number)
  const levels = cells.factors[0]?.levels ?? []
  return {
    intercept_micro: at(plan.intercept),
    level_micro: cells.factors.map((factor, number) =>
      factor.levels.map((_level, level) => at((plan.factors[number] as number) + level)),
    ),
    size_micro: Array.from({ length: cells.sizeBoundsCents.length + 1 }, (_, size) => at(plan.size + size)),
    approval_micro: at(plan.approval),
    slope_nano: nano(slopeOf(fit, plan, flat, -1)),
    slope_nano_by_segment: Object.fromEntries(
      levels.map((level, segment) => [level, nano(slopeOf(fit, plan, flat, segment))]),
    ),
  }
}

function studentT(degreesOfFreedom: number): FittedResponseModel['student_t_ppm'] {
  const ppm = (probability: number): number =>
    Math.round(studentTQuantile(probability, degreesOfFreedom) * 1_000_000)
  return {
    two_sided_95: ppm(0.975),
    one_sided_by_tunables: Array.from({ length: TUNABLES_MAX }, (_, at) => ppm(1 - oneSidedLevel(at + 1))),
  }
}

/**
 * Every segment that has closed quotes, the empty one too, with its slope and whether it is thin. What makes it thin besides few
 * quotes is a slope held at zero, one of which even the upper end of the range lies below zero, and a pooled slope that leaves the
 * range no width: something then hides what discounts do.
 */
function segmentEvidence(
  columns: QuoteColumns,
  floating: FloatingResponse,
  options: FitOptions,
): readonly SegmentEvidence[] {
  const levels = floating.cells.factors[0]?.levels ?? []
  const pooled = (floating.fits[0] as Float64Array)[floating.plan.pooledSlope] as number
  return closedBySegment(columns).map(([segment, closed]) => {
    const level = levels.indexOf(segment)
    const { slope, error } = fittedSlope(floating, level)
    const isHidden =
      floating.flat.has(level) || pooled <= 0 || slope + pooled * options.sensitivityOffsetShare < 0
    return {
      segment,
      closed_quotes: closed,
      slope_nano: nano(slope),
      slope_standard_error_nano: nano(error),
      thin_reason:
        closed < options.thinSegmentQuotes
          ? 'too_few_quotes'
          : isHidden
            ? 'slope_negative'
            : level < 0 && segment !== ''
              ? 'no_level'
              : null,
    }
  })
}

function closedBySegment(columns: QuoteColumns): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>()
  for (let row = 0; row < columns.rows; row += 1) {
    if (OUTCOMES[columns.outcome[row] as number] === 'open') continue
    const segment = columns.segment.dictionary[columns.segment.codes[row] as number] ?? ''
    counts.set(segment, (counts.get(segment) ?? 0) + 1)
  }
  return [...counts].sort(([left], [right]) => compareText(left, right))
}

const sum = (values: Iterable<number>): number => {
  let total = 0
  for (const value of values) total += value
  return total
}

/** Logits to micro-logits; `+ 0` because -0 has no place in an artifact. */
const micro = (logits: number): number => Math.round(logits * 1_000_000) + 0

/** Logits per ten percent to nano-logits per bps: both factors are a thousand times a thousand. */
const nano = (logitsPerTenPercent: number): number => Math.round(logitsPerTenPercent * 1_000_000) + 0
