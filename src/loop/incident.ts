import {
  type ChecklistLine,
  checklistOf,
  type ExitCriterion,
  exitCriteria,
  type IncidentDeed,
  nextStep,
  type ReportedWindow,
} from '../domain/incident.ts'
import type { KpiSummary } from '../domain/kpi.ts'
import type { IncidentCause } from '../domain/playbook.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { currentThresholds } from './active.ts'
import type { Ports, Reading } from './ports.ts'
import type { IncidentRow, IncidentStepRow } from './tables.ts'

/** `incident show`, JSON names. */
export interface Incident {
  readonly incident_id: string
  readonly cause: IncidentCause
  readonly ticket: string
  readonly reason: string
  readonly kpi_snapshot_id: string | null
  readonly window_start: Instant
  readonly window_end: Instant
  /** What `rollback --incident` gives as the moment the trouble was noticed. */
  readonly triggered_at: Instant
  readonly opened_by: string
  readonly opened_at: Instant
  readonly state: 'open' | 'closed'
  /** The step whose turn it is; null when all are done. */
  readonly next_step: number | null
  readonly steps: readonly ChecklistLine[]
  readonly exit_criteria: readonly ExitCriterion[]
  readonly closed: { readonly by: string; readonly at: Instant; readonly note: string } | null
}

/** Every incident, oldest first. Needs no actor. */
export const listIncidents = (ports: Ports): Promise<Result<{ readonly incidents: readonly Incident[] }>> =>
  ports.store.read(async tx => {
    const incidents: Incident[] = []
    for (const row of await tx.find('incident')) incidents.push(await incidentOf(tx, row))
    return done({ incidents })
  })

/** One incident with its checklist and what closing still waits for. Needs no actor. Refuses not_found. */
export const showIncident = (ports: Ports, id: string): Promise<Result<Incident>> =>
  ports.store.read(async tx => {
    const row = await incidentRow(tx, id)
    return row.ok ? done(await incidentOf(tx, row.value)) : row
  })

/** The row of an incident, or `not_found`. */
export async function incidentRow(tx: Reading, id: string): Promise<Result<IncidentRow>> {
  const row = await tx.last('incident', { id })
  return row === null ? refuse('not_found', `no incident \`${id}\``, 'see `quotey incident list`') : done(row)
}

/** The incident that a rollback is made for; null where it is made for none. */
export async function incidentOfRollback(
  tx: Reading,
  id: string | null,
): Promise<Result<IncidentRow | null>> {
  return id === null ? done(null) : incidentRow(tx, id)
}

/** An incident as its rows say it stands. */
export async function incidentOf(tx: Reading, row: IncidentRow): Promise<Incident> {
  const rows = await tx.find('incident_step', { incident_id: row.id })
  const deeds: IncidentDeed[] = []
  for (const step of rows) deeds.push(await deedOf(tx, step))
  const closing = deeds.find(deed => deed.kind === 'closed')
  const steps = checklistOf(row.cause, deeds)
  const { id, ...columns } = row
  return {
    incident_id: id,
    ...columns,
    state: closing === undefined ? 'open' : 'closed',
    next_step: nextStep(steps),
    steps,
    exit_criteria: exitCriteria(row, deeds, await newestWindow(tx)),
    closed: closing === undefined ? null : { by: closing.actor_id, at: closing.at, note: closing.note },
  }
}

async function deedOf(tx: Reading, row: IncidentStepRow): Promise<IncidentDeed> {
  const artifact = await tx.last('artifact', { digest: row.evidence_digest })
  const { kind, step_number, actor_id, actor_role, note, at, evidence_digest } = row
  // Evidence that is gone proves nothing.
  const holds = artifact !== null && (JSON.parse(artifact.body_json) as { holds?: unknown }).holds === true
  return { kind, step_number, actor_id, actor_role, note, at, evidence_digest, holds }
}

/** The newest recorded KPI snapshot. */
export async function newestWindow(tx: Reading): Promise<ReportedWindow | null> {
  const row = await tx.last('kpi_snapshot')
  if (row === null) return null
  const { id, window_start, window_end, recorded_at, summary_json } = row
  const { thresholds } = await currentThresholds(tx)
  return {
    kpi_snapshot_id: id,
    window_start,
    window_end,
    recorded_at,
    summary: JSON.parse(summary_json) as KpiSummary,
    limits: thresholds.alerts,
  }
}

/** Incidents that are not closed, oldest first. */
export async function openIncidentRows(tx: Reading): Promise<readonly IncidentRow[]> {
  const closed = new Set((await tx.find('incident_step', { kind: 'closed' })).map(row => row.incident_id))
  return (await tx.find('incident')).filter(row => !closed.has(row.id))
}
