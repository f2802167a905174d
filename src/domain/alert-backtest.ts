import {
  ALERT_CODES,
  type AlertCode,
  type AlertReading,
  type AlertState,
  CLEAR,
  isBeyondLimit,
  nextAlertState,
} from './alert-state.ts'
import type { Bps, Instant } from './units.ts'

/** How often one alert would have fired over past windows; JSON names. */
export interface AlertBacktest {
  readonly code: AlertCode
  readonly limit_bps: Bps
  readonly samples_min: number
  /** The largest figure of any window, with enough samples or not. */
  readonly measured_bps_max: Bps
  /** The bare comparison of the v1 query: windows beyond the limit, and how often it turned from clear to alert. */
  readonly bare_windows: number
  readonly bare_raised: number
  /** Windows beyond the limit on fewer samples than the alert needs. */
  readonly too_few_samples_windows: number
  /** With smallest samples and memory: windows in which it stood, and how often it was raised. */
  readonly governed_windows: number
  readonly governed_raised: number
  readonly episodes: readonly AlertEpisode[]
}

export interface AlertEpisode {
  readonly raised_at: Instant
  /** End of the window that cleared it; null where it still stands. */
  readonly cleared_at: Instant | null
}

/** Plays the windows in the order of their ends, each with one reading an alert. */
export function backtestAlerts(windows: readonly (readonly AlertReading[])[]): readonly AlertBacktest[] {
  return ALERT_CODES.flatMap(code => {
    const readings = windows.flatMap(window => window.filter(reading => reading.code === code))
    const last = readings.at(-1)
    return last === undefined ? [] : [backtestOne(code, readings, last)]
  })
}

function backtestOne(
  code: AlertCode,
  readings: readonly AlertReading[],
  { limit_bps, samples_min }: AlertReading,
): AlertBacktest {
  const beyond = readings.map(isBeyondLimit)
  const episodes: { raised_at: Instant; cleared_at: Instant | null }[] = []
  let state: AlertState = CLEAR
  let governedWindows = 0
  for (const reading of readings) {
    const next = nextAlertState(state, reading)
    if (next.kind === 'raised' && state.kind === 'clear') {
      episodes.push({ raised_at: next.since, cleared_at: null })
    }
    if (next.kind === 'clear' && state.kind === 'raised') {
      const open = episodes.at(-1) as (typeof episodes)[number]
      open.cleared_at = reading.window.end
    }
    if (next.kind === 'raised') governedWindows += 1
    state = next
  }
  return {
    code,
    limit_bps,
    samples_min,
    measured_bps_max: Math.max(...readings.map(reading => reading.measured_bps)),
    bare_windows: beyond.filter(Boolean).length,
    bare_raised: beyond.filter((is, at) => is && beyond[at - 1] !== true).length,
    too_few_samples_windows: readings.filter(
      (reading, at) => beyond[at] === true && reading.samples < samples_min,
    ).length,
    governed_windows: governedWindows,
    governed_raised: episodes.length,
    episodes,
  }
}
