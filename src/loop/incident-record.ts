import { done, type Result } from '../domain/refusal.ts'
import type { Digest, Instant, JsonObject } from '../domain/units.ts'
import { canonicalText, digestOf } from '../evidence/canonical.ts'
import { currentActivation } from './active.ts'
import { putArtifact } from './artifacts.ts'
import type { Authority } from './authorize.ts'
import type { Ports, Writing } from './ports.ts'
import { record } from './record.ts'
import { signStatement } from './sign.ts'
import type { IncidentRow, IncidentStepRow } from './tables.ts'

export interface Deed {
  readonly kind: IncidentStepRow['kind']
  readonly stepNumber: number | null
  readonly note: string
  /** Facts of the evidence; `holds` says whether what it verified came out right. */
  readonly evidence: JsonObject & { readonly holds: boolean }
}

const EVENT_OF = {
  step: 'incident_step_done',
  signed_off: 'incident_signed_off',
  closed: 'incident_closed',
} as const

/** Writes one thing done about an incident with its evidence; a sign-off and a closing are signed. Refuses as signing does. */
export async function recordDeed(
  tx: Writing,
  ports: Ports,
  incident: IncidentRow,
  authority: Authority,
  at: Instant,
  deed: Deed,
): Promise<Result<IncidentStepRow>> {
  const sequence = (await tx.find('incident_step', { incident_id: incident.id })).length + 1
  const body = {
    ...deed.evidence,
    schema: 'clo_incident_evidence.v1',
    incident_id: incident.id,
    sequence,
    step_number: deed.stepNumber,
  }
  const artifact = putArtifact('clo_incident_evidence.v1', body, at)
  const envelope = await signatureUnder(tx, ports, incident, authority, at, deed, artifact.digest)
  if (!envelope.ok) return envelope
  const row: IncidentStepRow = {
    id: `${incident.id}:${sequence}`,
    incident_id: incident.id,
    sequence,
    kind: deed.kind,
    step_number: deed.stepNumber,
    note: deed.note,
    evidence_digest: artifact.digest,
    envelope_json: envelope.value,
    actor_id: authority.actorId,
    actor_role: authority.role,
    at,
  }
  await record(tx, ports, {
    eventType: EVENT_OF[deed.kind],
    actor: { type: authority.actorType, id: authority.actorId },
    payload: {
      incident_id: incident.id,
      step_number: deed.stepNumber,
      note: deed.note,
      evidence_digest: artifact.digest,
      holds: deed.evidence.holds,
    },
    idempotencyKey: row.id,
    correlationId: incident.id,
    occurredAt: at,
    inserts: [artifact.insert, { table: 'incident_step', row }],
  })
  return done(row)
}

async function signatureUnder(
  tx: Writing,
  ports: Ports,
  incident: IncidentRow,
  authority: Authority,
  at: Instant,
  { kind, note }: Deed,
  evidence: Digest,
): Promise<Result<string | null>> {
  if (kind === 'step') return done(null)
  const { epoch } = await currentActivation(tx)
  const signed = await signStatement(ports, tx, {
    operation: kind === 'closed' ? 'incident_close' : 'incident_sign_off',
    actorId: authority.actorId,
    subjects: { incident: digestOf({ ...incident }), evidence },
    activeEpoch: epoch,
    at,
    extra: { note, role: authority.role },
  })
  return signed.ok ? done(canonicalText(signed.value.envelope)) : signed
}
