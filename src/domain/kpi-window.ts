import { millisecondsOf } from './instant-text.ts'
import { done, type Result, refuse } from './refusal.ts'
import type { Instant } from './units.ts'
import { UnreadableCell } from './unreadable-cell.ts'

/** A reporting window as asked for: a length such as `30d` or `12h`, and instants that take the place of its ends. */
export interface WindowRequest {
  readonly length: string
  readonly from: string | null
  readonly to: string | null
}

/** [start, end). */
export interface ReportingWindow {
  readonly start: Instant
  readonly end: Instant
}

export const DEFAULT_WINDOW_LENGTH = '30d'

/** A recorded snapshot's window and when it was recorded. */
export interface RecordedWindow {
  readonly window_start: Instant
  readonly window_end: Instant
  readonly recorded_at: Instant
}

/** Whether a recorded window was over by then and is no shorter than a reporting window: an hour, or next month, is clear of anything. */
export const isWholeWindow = ({ window_start, window_end, recorded_at }: RecordedWindow): boolean =>
  window_end <= recorded_at &&
  Date.parse(window_end) - Date.parse(window_start) >= (lengthMsOf(DEFAULT_WINDOW_LENGTH) as number)

const MS_OF_UNIT: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000 }

/**
 * The window meant: it ends at `to`, else now, and begins at `from`, else that length before its end. Refuses `bad_input` on
 * an unreadable length or instant, and on a window without extent.
 */
export function reportingWindow(request: WindowRequest, now: Instant): Result<ReportingWindow> {
  const lengthMs = lengthMsOf(request.length)
  if (lengthMs === null) {
    return refuse(
      'bad_input',
      `\`${request.length}\` is no length of a window`,
      'write days or hours, such as `--window 30d` or `--window 12h`',
    )
  }
  const endMs = request.to === null ? Date.parse(now) : millisecondsOf(request.to)
  if (endMs instanceof UnreadableCell) return refuseInstant('--to', request.to, endMs)
  const startMs = request.from === null ? endMs - lengthMs : millisecondsOf(request.from)
  if (startMs instanceof UnreadableCell) return refuseInstant('--from', request.from, startMs)
  const window = { start: new Date(startMs).toISOString(), end: new Date(endMs).toISOString() }
  if (startMs < endMs) return done(window)
  return refuse(
    'bad_input',
    `the window from \`${window.start}\` to \`${window.end}\` is empty`,
    'let `--from` lie before `--to`',
  )
}

/** Milliseconds of a length such as `30d` or `12h`; null for anything else. */
export function lengthMsOf(text: string): number | null {
  const match = /^([1-9]\d{0,4})([dh])$/.exec(text.trim())
  return match === null ? null : Number(match[1]) * (MS_OF_UNIT[match[2] as string] as number)
}

const refuseInstant = (flag: string, text: string | null, why: UnreadableCell): Result<never> =>
  refuse(
    'bad_input',
    `\`${flag} ${text}\` ${why.reason}`,
    'write an instant such as `2026-11-22T14:00:00.000Z`, or a day such as `2026-11-22`',
  )
