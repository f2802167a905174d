import { type AlertCode, type AlertReading, alertReadings, isBeyondLimit } from '../domain/alert-state.ts'
import type { KpiSummary } from '../domain/kpi.ts'
import { DEFAULT_WINDOW_LENGTH, reportingWindow } from '../domain/kpi-window.ts'
import { done, type Result } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { currentThresholds } from './active.ts'
import { authorize } from './authorize.ts'
import { openIncidentRows } from './incident.ts'
import { insertIncident } from './incident-open.ts'
import { recordKpiSummary, summaryOver } from './kpi.ts'
import type { Ports, Reading, Writing } from './ports.ts'
import type { KpiSnapshotRow } from './tables.ts'

/** The window every look is over, up to now. */
export const DAILY_WINDOW = { length: DEFAULT_WINDOW_LENGTH, from: null, to: null }

/** Alerts that a recorded snapshot raises: beyond the limits in force, on enough samples. */
export async function raisedIn(
  tx: Reading,
  { summary_json }: KpiSnapshotRow,
): Promise<readonly AlertReading[]> {
  return raisedBy(tx, JSON.parse(summary_json) as KpiSummary)
}

async function raisedBy(tx: Reading, summary: KpiSummary): Promise<readonly AlertReading[]> {
  const { thresholds } = await currentThresholds(tx)
  return alertReadings(summary, thresholds.alerts).filter(
    reading => isBeyondLimit(reading) && reading.samples >= reading.samples_min,
  )
}

export interface Raised {
  readonly readings: readonly AlertReading[]
  readonly incidentIds: readonly string[]
}

/**
 * Opens an incident for every alert that is raised in the day's snapshot and has none open. Never in the newest: somebody may have
 * recorded an hour of calm meanwhile.
 */
export async function raise(
  tx: Writing,
  ports: Ports,
  actorId: string,
  snapshotId: string,
): Promise<Result<Raised>> {
  const at = ports.clock.now()
  const authority = await authorize(tx, at, actorId, 'incident_open')
  if (!authority.ok) return authority
  const snapshot = await tx.last('kpi_snapshot', { id: snapshotId })
  if (snapshot === null) throw new Error('the snapshot just recorded is gone')
  const open = new Set((await openIncidentRows(tx)).map(row => row.cause))
  const opened: string[] = []
  const readings = await raisedIn(tx, snapshot)
  for (const reading of readings) {
    if (open.has(reading.code)) continue
    const { id } = await insertIncident(tx, ports, authority.value, at, {
      cause: reading.code,
      reason: `${reading.measured_bps} bps over ${reading.samples} candidates, limit ${reading.limit_bps} bps`,
      ticket: null,
      window: reading.window,
      snapshot,
    })
    opened.push(id)
  }
  return done({ readings, incidentIds: opened })
}

const NOTHING: Raised = { readings: [], incidentIds: [] }

/**
 * A look between two daily runs, at the 30 days up to now: where an alert is raised that has no incident open, a snapshot is recorded
 * and the incident opened, as the day's run would. A calm look records nothing. Refuses not_authorised and key_expired.
 */
export async function lookAgain(ports: Ports, actorId: string): Promise<Result<Raised>> {
  const unopened = await ports.store.read(tx => raisedWithoutIncident(tx, ports.clock.now()))
  if (unopened.length === 0) return done(NOTHING)
  const summary = await recordKpiSummary(ports, { ...DAILY_WINDOW, actorId })
  if (!summary.ok) return summary
  return ports.store.change(tx => raise(tx, ports, actorId, summary.value.kpi_snapshot_id))
}

async function raisedWithoutIncident(tx: Reading, now: Instant): Promise<readonly AlertCode[]> {
  const window = reportingWindow(DAILY_WINDOW, now)
  if (!window.ok) throw new Error(window.refusal.message)
  const readings = await raisedBy(tx, await summaryOver(tx, window.value))
  const open = new Set((await openIncidentRows(tx)).map(row => row.cause))
  return readings.map(({ code }) => code).filter(code => !open.has(code))
}
