import type { FitSums } from './replay.ts'
import { fitRatios, quotesWithCost } from './replay-measures.ts'
import { type ResponseModel, SLOPE_SHIFTS, type SlopeShift } from './response.ts'
import type { SettingSums } from './settings.ts'
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
 * the gain of the full fit with extrapolated quotes as bad as monotonicity allows, less Student's t at one-sided level
 * 0.05 / sqrt(tunables) times the delete-a-group jackknife error of that same gain; the least of the three. The gain is that
 * over the quotes replayed, as they are; what is taken off is the chance in what the model learnt. What the worst case takes for certain has no chance left in it, so the model's uncertainty there is not taken off again. Where the full fit is
 * more pessimistic than the worst case, its own gain is judged. Rounded downwards. null where there is no model, no scored
 * quote with cost, fewer than two groups to resample, or more tunables than the model has quantiles for.
 */
export function judgeGain(
  sums: SettingSums,
  model: ResponseModel | null,
  tunables: number,
): GainJudgement | null {
  const tPpm = model?.student_t_ppm.one_sided_by_tunables[tunables - 1]
  const full = sums.response?.[0]
  if (tPpm === undefined || full === undefined) return null
  const estimates = SLOPE_SHIFTS.map(shift => {
    const measure = cautious(full, shift)
    const { full: gain, leftOut } = fitRatios(
      sums,
      fit => microCentsPerQuote(sums, fit, measure, shift),
      model?.groups_used,
    )
    return jackknifeEstimate(gain, leftOut, tPpm)
  })
  const lowers = estimates.flatMap(({ lower }) => lower ?? [])
  const point = jackknifeEstimate(microCentsPerQuote(sums, full, 'expected_delta', 'point'), []).point
  if (point === null || lowers.length < estimates.length) return null
  return { pointMicroCents: point, robustLowerMicroCents: Math.min(...lowers) }
}

/**
 * The same before anything is taken off for chance: no robust lower bound lies above it. Needs the full fit alone, so that a
 * search can leave a hopeless change without asking the others. null where there is no model or no scored quote with cost.
 */
export function gainBeforeChance(sums: SettingSums): MicroCents | null {
  const full = sums.response?.[0]
  if (full === undefined) return null
  const gains = SLOPE_SHIFTS.flatMap(
    shift => jackknifeEstimate(microCentsPerQuote(sums, full, cautious(full, shift), shift), []).point ?? [],
  )
  return gains.length === 0 ? null : Math.min(...gains)
}

type Measure = 'expected_delta' | 'worst_case_expected_delta'

/** The lower one by the full fit: a worst case never raises a gain. */
const cautious = (full: FitSums, shift: SlopeShift): Measure =>
  full.worst_case_expected_delta[shift] < full.expected_delta[shift]
    ? 'worst_case_expected_delta'
    : 'expected_delta'

/** Expected sums are ppm-cents, so sum / quotes is micro-cents a quote. */
function microCentsPerQuote(
  sums: SettingSums,
  fit: FitSums,
  measure: Measure,
  shift: SlopeShift,
): Ratio | null {
  const quotes = quotesWithCost(sums)
  return quotes > 0n ? { n: fit[measure][shift], d: quotes } : null
}
