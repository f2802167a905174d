import type { FitSums, ReplaySums } from './replay.ts'
import { fitRatios } from './replay-measures.ts'
import { type ResponseModel, SLOPE_SHIFTS, type SlopeShift } from './response.ts'
import { jackknifeEstimate, type Ratio } from './statistics.ts'

/** Expected margin in millionths of a cent per scored quote with cost: fine enough to rank small changes. */
export type MicroCents = number

/** What a change is worth. */
export interface GainJudgement {
  /** Full fit, point slope. */
  readonly pointMicroCents: MicroCents
  /** See `judgeGain`. */
  readonly robustLowerMicroCents: MicroCents
}

/**
 * The robust lower bound of DESIGN section 7. At each of the three slopes of the range (estimate - d, estimate, estimate + d):
 * the gain of the full fit, less what extrapolated quotes could lose if they behaved as badly as monotonicity allows, less
 * Student's t at one-sided level 0.05 / tunables times the delete-a-group jackknife error of the gain; the least of the three.
 * Rounded downwards. null where there is no model, no scored quote with cost, fewer than two groups to resample, or more
 * tunables than the model has quantiles for.
 */
export function judgeGain(
  sums: ReplaySums,
  model: ResponseModel | null,
  tunables: number,
): GainJudgement | null {
  const tPpm = model?.student_t_ppm.one_sided_by_tunables[tunables - 1]
  const worst = sums.worst_case_expected_delta
  const full = sums.response?.[0]
  if (tPpm === undefined || worst === null || full === undefined) return null
  const estimates = SLOPE_SHIFTS.map(shift => {
    const doubtful = full.expected_delta[shift] - worst[shift]
    const { full: gain, leftOut } = fitRatios(sums, fit => microCentsPerQuote(fit, shift), model?.groups_used)
    return jackknifeEstimate(gain === null ? null : lessened(gain, doubtful), leftOut, tPpm)
  })
  const lowers = estimates.flatMap(({ lower }) => lower ?? [])
  const point = jackknifeEstimate(microCentsPerQuote(full, 'point'), []).point
  if (point === null || lowers.length < estimates.length) return null
  return { pointMicroCents: point, robustLowerMicroCents: Math.min(...lowers) }
}

/**
 * The same before anything is taken off for chance: no robust lower bound lies above it. Needs the full fit alone, so that a
 * search can leave a hopeless change without asking the others. null where there is no model or no scored quote with cost.
 */
export function gainBeforeChance(sums: ReplaySums): MicroCents | null {
  const worst = sums.worst_case_expected_delta
  const full = sums.response?.[0]
  if (worst === null || full === undefined) return null
  const gains = SLOPE_SHIFTS.flatMap(shift => {
    const gain = microCentsPerQuote(full, shift)
    if (gain === null) return []
    return jackknifeEstimate(lessened(gain, full.expected_delta[shift] - worst[shift]), []).point ?? []
  })
  return gains.length === 0 ? null : Math.min(...gains)
}

/** Expected sums are ppm-cents, so sum / quotes is micro-cents a quote. */
const microCentsPerQuote = (fit: FitSums, shift: SlopeShift): Ratio | null =>
  fit.with_cost > 0 ? { n: fit.expected_delta[shift], d: BigInt(fit.with_cost) } : null

/** Taken off only where it lowers the gain: a worst case never raises it. */
const lessened = (gain: Ratio, doubtful: bigint): Ratio =>
  doubtful > 0n ? { n: gain.n - doubtful, d: gain.d } : gain
