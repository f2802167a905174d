import { divWide } from './arithmetic.ts'
import { jackknifeError } from './jackknife.ts'
import type { FitSums, ReplaySums } from './replay.ts'
import { type ResponseModel, SLOPE_SHIFTS, type SlopeShift } from './response.ts'

/** What a change is worth: micro-cents of expected margin per scored quote with cost. */
export interface GainJudgement {
  /** Full fit, point slope. */
  readonly pointMicroCents: bigint
  /** See `judgeGain`. */
  readonly robustLowerMicroCents: bigint
}

/**
 * The robust lower bound of DESIGN section 7. At each of the three slopes of the range (estimate - d, estimate, estimate + d):
 * the gain of the full fit, less what extrapolated quotes could lose if they behaved as badly as monotonicity allows, less
 * Student's t at one-sided level 0.05 / tunables times the delete-a-group jackknife error of the gain; the least of the three.
 * Integers throughout: expected sums are ppm-cents, so sum / quotes is micro-cents a quote. null where there is no model, no
 * scored quote with cost, fewer than two groups to resample, or more tunables than the model has quantiles for (40).
 */
export function judgeGain(
  sums: ReplaySums,
  model: ResponseModel | null,
  tunables: number,
): GainJudgement | null {
  const full = sums.response?.[0]
  const worst = sums.worst_case_expected_delta
  if (model === null || sums.response === null || full === undefined || worst === null) return null
  const leftOut = model.groups_used.map(group => sums.response?.[group + 1] as FitSums)
  if (full.with_cost === 0 || leftOut.length < 2 || leftOut.some(fit => fit.with_cost === 0)) return null

  const quantile = model.student_t_ppm.one_sided_by_tunables[tunables - 1]
  if (quantile === undefined) return null
  const tPpm = BigInt(quantile)
  const lowerAt = (shift: SlopeShift): bigint => {
    const doubtful = full.expected_delta[shift] - worst[shift]
    const counted = full.expected_delta[shift] - (doubtful > 0n ? doubtful : 0n)
    const error = jackknifeError(leftOut.map(fit => perQuote(fit.expected_delta[shift], fit)))
    return perQuote(counted, full) - divWide(tPpm * error, 1_000_000n)
  }
  return {
    pointMicroCents: perQuote(full.expected_delta.point, full),
    robustLowerMicroCents: SLOPE_SHIFTS.map(lowerAt).reduce(smaller),
  }
}

const perQuote = (sum: bigint, fit: FitSums): bigint => divWide(sum, BigInt(fit.with_cost))

function smaller(left: bigint, right: bigint): bigint {
  if (left < right) return left
  return right
}
