import type { Estimate } from './replay-report.ts'

/** Whether a promised effect arrived. */
export const PROMISE_VERDICTS = ['arrived', 'not_arrived', 'not_yet_shown', 'unknown'] as const
export type PromiseVerdict = (typeof PROMISE_VERDICTS)[number]

export type PromisedMeasure =
  | 'expected_margin_delta_cents_per_quote'
  | 'margin_delta_bps'
  | 'win_rate_delta_bps'
  | 'approval_latency_delta_seconds'

/** The measures that are promised, the objective first; waiting is better when it falls. */
export const PROMISED_MEASURES: readonly PromisedMeasure[] = [
  'expected_margin_delta_cents_per_quote',
  'margin_delta_bps',
  'win_rate_delta_bps',
  'approval_latency_delta_seconds',
]

export interface PromiseKept {
  readonly measure: PromisedMeasure
  readonly projected: Estimate
  readonly realized: Estimate
  readonly verdict: PromiseVerdict
}

/**
 * Sets what was observed against what was promised, both with 95% intervals.
 *   not_arrived    what was observed lies wholly on the worse side of what was promised
 *   arrived        observation tells it from what was not promised: from no gain where a gain was promised for certain, else
 *                  from anything worse than the worse end of the promise
 *   not_yet_shown  observation does not contradict the promise, and cannot tell so
 *   unknown        an interval is missing
 */
export function judgePromise(measure: PromisedMeasure, projected: Estimate, realized: Estimate): PromiseKept {
  return { measure, projected, realized, verdict: verdictOf(measure, projected, realized) }
}

function verdictOf(measure: PromisedMeasure, projected: Estimate, realized: Estimate): PromiseVerdict {
  const promised = betterUpwards(measure, projected)
  const seen = betterUpwards(measure, realized)
  if (promised === null || seen === null) return 'unknown'
  if (seen.upper < promised.lower) return 'not_arrived'
  const isShown = promised.lower > 0 ? seen.lower > 0 : seen.lower >= promised.lower
  return isShown ? 'arrived' : 'not_yet_shown'
}

/** The interval with its sign turned so that more is better. */
function betterUpwards(
  measure: PromisedMeasure,
  { lower, upper }: Estimate,
): { readonly lower: number; readonly upper: number } | null {
  if (lower === null || upper === null) return null
  return measure === 'approval_latency_delta_seconds' ? { lower: -upper, upper: -lower } : { lower, upper }
}
