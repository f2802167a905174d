import type { Appraisal, Hindrance } from './appraisal.ts'
import { div } from './arithmetic.ts'
import { gainBeforeChance, judgeGain } from './judgement.ts'
import type { ReplayIntervals } from './replay-report.ts'
import type { ResponseModel } from './response.ts'
import type { SettingSums } from './settings.ts'
import type { Thresholds } from './thresholds.ts'
import type { Setting } from './tunables.ts'

/** What a replay of one setting found, as far as its appraisal needs it. */
export interface ReplayedSetting {
  readonly setting: Setting
  readonly sums: SettingSums
  readonly intervals: ReplayIntervals
  /** Guardrails that block it. */
  readonly guardrailCodes: readonly string[]
}

/** Appraises a setting; `tunables` is the number searched at once, which sets the level of the bound. */
export function appraisalOf(
  replayed: ReplayedSetting,
  model: ResponseModel | null,
  tunables: number,
  thresholds: Thresholds,
): Appraisal {
  const gain = judgeGain(replayed.sums, model, tunables)
  return {
    setting: replayed.setting,
    robustLowerMicroCents: gain?.robustLowerMicroCents ?? null,
    pointMicroCents: gain?.pointMicroCents ?? null,
    winRateDeltaBps: replayed.intervals.win_rate_delta_bps.point,
    approvalLoadDeltaBps: replayed.intervals.approval_load_delta_bps.point,
    impacted: replayed.sums.impacted,
    hindrance: gain === null ? 'gain_unknown' : hindranceOf(replayed, thresholds),
  }
}

/**
 * Appraises a setting by its replay under the full fit alone, a thirtieth of the work, when that settles that it cannot be
 * proposed: something stands against it whatever chance does, or it gains nothing even before chance. null: ask all fits.
 */
export function screened(replayed: ReplayedSetting, thresholds: Thresholds): Appraisal | null {
  const gain = gainBeforeChance(replayed.sums)
  const certain = replayed.guardrailCodes.filter(code => !code.endsWith('_unknown'))
  const hindrance = hindranceOf({ ...replayed, guardrailCodes: certain }, thresholds)
  if (gain === null || (hindrance === null && gain > 0)) return null
  return {
    setting: replayed.setting,
    robustLowerMicroCents: hindrance === null ? gain : null,
    pointMicroCents: null,
    winRateDeltaBps: replayed.intervals.win_rate_delta_bps.point,
    approvalLoadDeltaBps: replayed.intervals.approval_load_delta_bps.point,
    impacted: replayed.sums.impacted,
    hindrance,
  }
}

/** The first thing that stands against proposing it; the same limits that packet and apply will judge by. */
function hindranceOf({ sums, guardrailCodes }: ReplayedSetting, thresholds: Thresholds): Hindrance | null {
  if (sums.impacted === 0) return 'nothing_impacted'
  if (sums.impacted_thin > 0) return 'thin_segment'
  const extrapolatedBps = div(sums.support.extrapolated * 10_000, sums.scored)
  if (extrapolatedBps > thresholds.attacks.extrapolation.max_extrapolated_share_bps)
    return 'extrapolated_too_much'
  if (oneCohortPays(sums, thresholds)) return 'one_cohort_pays'
  const code = guardrailCodes[0]
  return code === undefined ? null : `guardrail:${code}`
}

/** A segment or region whose mean margin falls beyond the limit without a gain in expected margin to make up for it. */
function oneCohortPays(sums: SettingSums, thresholds: Thresholds): boolean {
  const limit = thresholds.attacks.biased_cohort_regression.max_segment_loss_bps
  return [...Object.values(sums.by_segment), ...Object.values(sums.by_region)].some(
    slice =>
      slice.with_cost > 0 &&
      div(slice.margin_bps_delta, slice.with_cost) < -limit &&
      (slice.expected_delta ?? 0n) <= 0n,
  )
}
