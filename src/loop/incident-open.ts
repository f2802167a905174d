import { DEFAULT_WINDOW_LENGTH, reportingWindow } from '../domain/kpi-window.ts'
import type { IncidentCause } from '../domain/playbook.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { type Authority, authorize } from './authorize.ts'
import { type Incident, incidentOf, openIncidentRows } from './incident.ts'
import { PAUSE_TAG } from './pause-engage.ts'
import type { Ports, Writing } from './ports.ts'
import { record } from './record.ts'
import type { IncidentRow, KpiSnapshotRow } from './tables.ts'

export interface OpenIncident {
  readonly actorId: string
  readonly cause: IncidentCause
  readonly reason: string
  /** Of the ticket system; null makes one. */
  readonly ticket: string | null
}

/**
 * Opens an incident by hand, control `incident_open`; its window is the 30 days before. Refuses reason_required, bad_input (a
 * ticket without the tag), not_authorised, key_expired, and illegal_move while one of the same cause is open.
 */
export async function openIncident(ports: Ports, input: OpenIncident): Promise<Result<Incident>> {
  const reason = input.reason.trim()
  if (reason === '') return refuse('reason_required', 'an incident needs a reason', 'pass `--reason TEXT`')
  if (input.ticket !== null && !input.ticket.includes(PAUSE_TAG)) {
    return refuse(
      'bad_input',
      `the ticket \`${input.ticket}\` does not carry the tag ${PAUSE_TAG}`,
      'tag it, or leave `--ticket` out',
    )
  }
  return ports.store.change(async tx => {
    const at = ports.clock.now()
    const authority = await authorize(tx, at, input.actorId, 'incident_open')
    if (!authority.ok) return authority
    const burning = (await openIncidentRows(tx)).find(row => row.cause === input.cause)
    if (burning !== undefined) {
      return refuse(
        'illegal_move',
        `an incident of cause ${input.cause} is open already`,
        `go on with \`quotey incident show ${burning.id}\``,
        { incident_id: burning.id, opened_at: burning.opened_at },
      )
    }
    const window = reportingWindow({ length: DEFAULT_WINDOW_LENGTH, from: null, to: null }, at)
    if (!window.ok) return window
    const row = await insertIncident(tx, ports, authority.value, at, {
      ...input,
      reason,
      window: window.value,
      snapshot: null,
    })
    return done(await incidentOf(tx, row))
  })
}

interface NewIncident {
  readonly cause: IncidentCause
  readonly reason: string
  readonly ticket: string | null
  readonly window: { readonly start: Instant; readonly end: Instant }
  readonly snapshot: KpiSnapshotRow | null
}

/** Writes an incident with its event. One that an alert raised dates from the recorded snapshot. */
export async function insertIncident(
  tx: Writing,
  ports: Ports,
  authority: Authority,
  at: Instant,
  { cause, reason, ticket, window, snapshot }: NewIncident,
): Promise<IncidentRow> {
  const number = (await tx.find('incident')).length + 1
  const row: IncidentRow = {
    id: ports.randomness.id('incident'),
    cause,
    ticket: ticket ?? `${PAUSE_TAG}-${number}`,
    reason,
    kpi_snapshot_id: snapshot?.id ?? null,
    window_start: window.start,
    window_end: window.end,
    triggered_at: snapshot?.recorded_at ?? at,
    opened_by: authority.actorId,
    opened_at: at,
  }
  await record(tx, ports, {
    eventType: 'incident_opened',
    actor: { type: authority.actorType, id: authority.actorId },
    payload: {
      incident_id: row.id,
      cause,
      incident_ticket: row.ticket,
      reason,
      kpi_snapshot_id: row.kpi_snapshot_id,
      triggered_at: row.triggered_at,
    },
    idempotencyKey: row.id,
    correlationId: row.id,
    occurredAt: at,
    inserts: [{ table: 'incident', row }],
  })
  return row
}
