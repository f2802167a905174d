import { lengthMsOf, type ReportingWindow, reportingWindow, type WindowRequest } from './kpi-window.ts'
import { done, type Result, refuse } from './refusal.ts'
import type { Instant } from './units.ts'

/** How a back-test moves its window: from one end to the next by `step`, over the time from `from` to `to`. */
export interface BacktestRequest extends WindowRequest {
  readonly step: string
}

/** More windows than this would take minutes and tell no more. */
export const BACKTEST_WINDOWS_MAX = 2000

/**
 * The windows of a back-test in the order of their ends: the last ends at `to`, else now; the first ends after `from`, else after
 * `firstEvent`. Refuses `bad_input` on unreadable lengths or instants, and where there are more than BACKTEST_WINDOWS_MAX.
 */
export function backtestWindows(
  request: BacktestRequest,
  firstEvent: Instant,
  now: Instant,
): Result<readonly ReportingWindow[]> {
  const span = reportingWindow({ ...request, from: request.from ?? firstEvent }, now)
  if (!span.ok) return span
  const stepMs = lengthMsOf(request.step)
  if (stepMs === null) {
    return refuse(
      'bad_input',
      `\`${request.step}\` is no length of a step`,
      'write days or hours, such as `--step 1d` or `--step 12h`',
    )
  }
  const [startMs, endMs] = [Date.parse(span.value.start), Date.parse(span.value.end)]
  const count = Math.ceil((endMs - startMs) / stepMs)
  if (count > BACKTEST_WINDOWS_MAX) {
    return refuse(
      'bad_input',
      `a back-test over ${count} windows is too long`,
      'take a longer `--step`, or a later `--from`',
      { windows: count, windows_max: BACKTEST_WINDOWS_MAX },
    )
  }
  // reportingWindow has read the length, so it is one.
  const lengthMs = lengthMsOf(request.length) as number
  const windowEnding = (endsMs: number): ReportingWindow => ({
    start: new Date(endsMs - lengthMs).toISOString(),
    end: new Date(endsMs).toISOString(),
  })
  return done(Array.from({ length: count }, (_, n) => windowEnding(endMs - (count - 1 - n) * stepMs)))
}
