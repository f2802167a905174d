import { alertReadings, isBeyondLimit } from '../domain/alert-state.ts'
import type { KpiSummary } from '../domain/kpi.ts'
import { DEFAULT_WINDOW_LENGTH, isWholeWindow } from '../domain/kpi-window.ts'
import { ALERT_COLUMN } from '../domain/playbook.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { currentThresholds } from './active.ts'
import type { Reading } from './ports.ts'
import type { KpiSnapshotRow } from './tables.ts'

interface Engaged {
  readonly engagedAt: Instant
  readonly metrics: readonly string[]
}

/**
 * The newest KPI snapshot, recorded since the pause was engaged over a whole reporting window that reaches past it, and clear of
 * every metric that triggered it, by the v1 query and by the limits in force. Which came first is read off the log, where two
 * events never share a place. Gives the id of that snapshot; refuses release_blocked.
 */
export async function metricsClear(tx: Reading, pause: Engaged): Promise<Result<string>> {
  const newest = await tx.last('kpi_snapshot')
  const recorded = await tx.last('policy_lifecycle_audit', { event_type: 'kpi_snapshot_recorded' })
  const engaged = await tx.last('policy_lifecycle_audit', { event_type: 'pause_engaged' })
  const since = (recorded?.entry_index ?? -1) > (engaged?.entry_index ?? -1)
  if (newest === null || !since || newest.window_end < pause.engagedAt) {
    return refuse(
      'release_blocked',
      'no KPI snapshot was recorded since the pause was engaged, over a window that reaches past it',
      'record one with `quotey kpi summary --record`, then release again',
      {
        engaged_at: pause.engagedAt,
        newest_snapshot_at: newest?.recorded_at ?? null,
        newest_window_end: newest?.window_end ?? null,
      },
    )
  }
  if (!isWholeWindow(newest)) {
    return refuse(
      'release_blocked',
      `the newest KPI snapshot is not over ${DEFAULT_WINDOW_LENGTH} that had passed when it was recorded`,
      'record one with `quotey kpi summary --record`, then release again',
      { kpi_snapshot_id: newest.id, window_start: newest.window_start, window_end: newest.window_end },
    )
  }
  const burning = await burningIn(tx, newest, pause.metrics)
  if (burning.length === 0) return done(newest.id)
  return refuse(
    'release_blocked',
    `not clear in the newest KPI snapshot: ${burning.join(', ')}`,
    'remove the cause, record a new snapshot with `quotey kpi summary --record`, then release again',
    { kpi_snapshot_id: newest.id, recorded_at: newest.recorded_at, not_clear: burning },
  )
}

/** Metrics that a snapshot shows beyond the limits of the v1 query or, where these are tighter, of the thresholds in force. */
async function burningIn(
  tx: Reading,
  { summary_json }: KpiSnapshotRow,
  metrics: readonly string[],
): Promise<readonly string[]> {
  const { thresholds } = await currentThresholds(tx)
  const summary = JSON.parse(summary_json) as KpiSummary
  const bare = summary as unknown as Readonly<Record<string, unknown>>
  const beyond: readonly string[] = alertReadings(summary, thresholds.alerts)
    .filter(isBeyondLimit)
    .map(({ code }) => ALERT_COLUMN[code])
  return metrics.filter(
    metric => !metric.startsWith('other:') && (bare[metric] !== 0 || beyond.includes(metric)),
  )
}
