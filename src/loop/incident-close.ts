import { done, type Result, refuse } from '../domain/refusal.ts'
import type { JsonObject } from '../domain/units.ts'
import { authorize } from './authorize.ts'
import { type Incident, incidentOf, incidentRow } from './incident.ts'
import { recordDeed } from './incident-record.ts'
import type { Ports } from './ports.ts'

export interface CloseIncident {
  readonly actorId: string
  readonly incidentId: string
  readonly note: string
}

/**
 * Closes an incident under signature, once every exit criterion holds. Closing a closed one gives it as it is. Refuses
 * reason_required, not_found, not_authorised, key_expired, and illegal_move with the criteria that do not hold.
 */
export async function closeIncident(ports: Ports, input: CloseIncident): Promise<Result<Incident>> {
  const note = input.note.trim()
  if (note === '') return refuse('reason_required', 'closing needs a note', 'pass `--note TEXT`')
  return ports.store.change(async tx => {
    const at = ports.clock.now()
    const row = await incidentRow(tx, input.incidentId)
    if (!row.ok) return row
    const authority = await authorize(tx, at, input.actorId, 'incident_close')
    if (!authority.ok) return authority
    const incident = await incidentOf(tx, row.value)
    if (incident.state === 'closed') return done(incident)
    const unmet = incident.exit_criteria.filter(criterion => !criterion.met)
    if (unmet.length > 0) {
      return refuse(
        'illegal_move',
        `it cannot be closed yet: ${unmet.map(criterion => criterion.why).join('; ')}`,
        `see \`quotey incident show ${row.value.id}\``,
        { unmet: unmet as unknown as readonly JsonObject[] },
      )
    }
    const recorded = await recordDeed(tx, ports, row.value, authority.value, at, {
      kind: 'closed',
      stepNumber: null,
      note,
      evidence: { holds: true, exit_criteria: incident.exit_criteria as unknown as readonly JsonObject[] },
    })
    return recorded.ok ? done(await incidentOf(tx, row.value)) : recorded
  })
}
