import type { KpiSummary } from './kpi.ts'
import type { ReportingWindow } from './kpi-window.ts'
import type { Thresholds } from './thresholds.ts'
import type { Bps, Instant } from './units.ts'

/** The alerts of the KPI pack by reason code, in the order of `alert_reason_codes`. */
export const ALERT_CODES = ['rollback_spike', 'false_positive_spike', 'margin_gap_drift'] as const
export type AlertCode = (typeof ALERT_CODES)[number]

/** What one alert looks at in one reporting window. */
export interface AlertReading {
  readonly code: AlertCode
  readonly window: ReportingWindow
  /** The rate, or the absolute mean gap, as `clo_kpi_summary_v1` rounds it. */
  readonly measured_bps: Bps
  readonly limit_bps: Bps
  /** Applied candidates, or candidates with both a projection and an observation. */
  readonly samples: number
  /** With fewer samples the alert is not raised, however high the figure. */
  readonly samples_min: number
}

/** Limits and smallest samples are those of the signed thresholds. */
export function alertReadings(summary: KpiSummary, alerts: Thresholds['alerts']): readonly AlertReading[] {
  const window = { start: summary.window_start, end: summary.window_end }
  const reading = (code: AlertCode, measured_bps: Bps, limit_bps: Bps, samples: number): AlertReading => ({
    code,
    window,
    measured_bps,
    limit_bps,
    samples,
    samples_min: alerts.min_samples[code],
  })
  const applied = summary.applied_candidate_count
  return [
    reading('rollback_spike', summary.rollback_rate_bps, alerts.max_rollback_rate_bps, applied),
    reading(
      'false_positive_spike',
      summary.false_positive_rate_bps,
      alerts.max_false_positive_rate_bps,
      applied,
    ),
    reading(
      'margin_gap_drift',
      Math.abs(summary.avg_projected_vs_realized_margin_gap_bps),
      alerts.max_projected_realized_margin_gap_bps,
      summary.projected_vs_realized_sample_size,
    ),
  ]
}

/** The comparison of the v1 query, without samples or memory: strictly beyond the limit. */
export const isBeyondLimit = ({ measured_bps, limit_bps }: AlertReading): boolean => measured_bps > limit_bps

export type AlertState =
  | { readonly kind: 'clear' }
  /** Since the end of the window that raised it. */
  | { readonly kind: 'raised'; readonly since: Instant }

export const CLEAR: AlertState = { kind: 'clear' }

/**
 * Whether a reading ends an alert raised at `since`: it is within the limit, and its window starts at or after that moment,
 * so that one whole reporting window passed without what raised it. A window without samples is within the limit: while
 * the pause holds nothing is applied, and an alert must be able to end.
 */
export const clearsAlert = (reading: AlertReading, since: Instant): boolean =>
  !isBeyondLimit(reading) && Date.parse(reading.window.start) >= Date.parse(since)

/**
 * The state of an alert after one more reading. It is raised beyond its limit on enough samples, and stays raised until
 * `clearsAlert`: minimum samples keep one rollback of one apply from raising it, and that memory keeps a figure about its
 * limit from raising it every other day. Readings are handed in by the end of their window; the same one twice changes nothing.
 */
export function nextAlertState(state: AlertState, reading: AlertReading): AlertState {
  switch (state.kind) {
    case 'clear':
      return isBeyondLimit(reading) && reading.samples >= reading.samples_min
        ? { kind: 'raised', since: reading.window.end }
        : state
    case 'raised':
      return clearsAlert(reading, state.since) ? CLEAR : state
  }
}
