import type { Json, JsonObject } from '../../domain/units.ts'
import type { AuditRow } from '../../loop/tables.ts'
import { words } from './figures.ts'
import type { TimelineEntry } from './run-report.ts'

const EVENTS: Readonly<Record<string, string>> = {
  policy_initialised: 'Policy put in force',
  history_imported: 'History imported',
  candidate_created: 'Change proposed',
  replay_completed: 'Replayed on history',
  review_packet_built: 'Packet laid before reviewers',
  approved: 'Approved',
  rejected: 'Rejected',
  changes_requested: 'Changes requested',
  applied: 'Applied',
  monitoring_started: 'Outcomes taken in',
  drill_completed: 'Rollback drill',
  rolled_back: 'Rolled back',
  pause_engaged: 'Safety pause engaged',
  pause_released: 'Safety pause released',
  kpi_snapshot_recorded: 'KPIs recorded',
}

/** An event type in the reader's words. */
export const eventWords = (type: string): string => EVENTS[type] ?? words(type)

/** What a reader wants beside an event, from its payload. */
const NOTES: Readonly<Record<string, (payload: JsonObject) => string>> = {
  policy_initialised: payload => `version ${said(payload.policy_version)}`,
  history_imported: payload => `${said(payload.accepted)} quotes, ${said(payload.rejected)} rejected`,
  candidate_created: payload => `as version ${said(payload.proposed_policy_version)}`,
  approved: payload => said(payload.reason),
  rejected: payload => said(payload.reason),
  changes_requested: payload => said(payload.reason),
  applied: payload => `version ${said(payload.applied_policy_version)} in force`,
  rolled_back: payload => said(payload.rollback_reason),
  pause_engaged: payload => said(payload.reason),
}

const said = (value: Json | undefined): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''

/** The audit log as a timeline: the events a reader of the report knows, in their order, with what they were about. */
export function timelineOf(rows: readonly AuditRow[]): readonly TimelineEntry[] {
  return rows
    .filter(row => row.event_type in EVENTS)
    .map(row => {
      const payload = JSON.parse(row.event_payload_json) as JsonObject
      const duration = payload.duration_ms
      return {
        at: row.occurred_at,
        event_type: row.event_type,
        actor_id: row.actor_id,
        note: NOTES[row.event_type]?.(payload) ?? '',
        duration_ms: typeof duration === 'number' ? duration : null,
      }
    })
}
