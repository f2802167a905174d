import type { Digest, Json, JsonObject } from '../domain/units.ts'
import { rowWith } from './audit-content-check.ts'
import type { StoredTables } from './audit-finding.ts'
import { incidentClaims } from './audit-incident-claims.ts'
import { parsedObject } from './audit-log-check.ts'
import { digestOf } from './canonical.ts'

/** What a stored record says was signed, derived from the rows alone and not from the envelope. */
export interface Claim {
  readonly where: string
  readonly envelope: Json
  readonly operation: string
  readonly actorId: string
  readonly role: string | null
  readonly signedAt: string
  readonly subjects: Readonly<Record<string, Digest>>
  /** Facts that the statement must bear as the record does. */
  readonly extra: JsonObject
  /** Signature and key id as repeated in columns; null where the table has none. */
  readonly columns: { readonly signature: Json; readonly keyId: Json } | null
}

/** Every record that rests on a person's signature. */
export const claimsIn = (tables: StoredTables): readonly Claim[] => [
  ...(tables.policy_approval_decision ?? []).map(row => decisionClaim(tables, row)),
  ...(tables.policy_apply_record ?? []).map(row => applyClaim(tables, row)),
  ...(tables.policy_rollback_record ?? []).map(row => rollbackClaim(tables, row)),
  ...(tables.safety_pause ?? []).map(row => pauseClaim(tables, row)),
  ...incidentClaims(tables),
]

function decisionClaim(tables: StoredTables, row: JsonObject): Claim {
  const payload = parsedObject(row.decision_payload_json)
  return {
    ...signedBy(`policy_approval_decision ${String(row.id)}`, row, payload, 'decided_at'),
    operation: 'decide',
    role: String(row.actor_role),
    subjects: packetSubjects(tables, row, payload?.packet_id),
    extra: { decision: VERB_OF[String(row.decision)] ?? null, reason: row.reason as Json },
    columns: { signature: row.signature as Json, keyId: row.signature_key_id as Json },
  }
}

const VERB_OF: Readonly<Record<string, string>> = {
  approved: 'approve',
  rejected: 'reject',
  changes_requested: 'request_changes',
}

function applyClaim(tables: StoredTables, row: JsonObject): Claim {
  const audit = parsedObject(row.apply_audit_json)
  const decision = rowWith(tables, 'policy_approval_decision', 'id', row.approval_decision_id)
  return {
    ...signedBy(`policy_apply_record ${String(row.id)}`, row, audit, 'applied_at'),
    operation: 'apply',
    role: null,
    subjects: {
      ...packetSubjects(tables, row, audit?.packet_id),
      // As the record has them, which must be what the candidate was approved for.
      replay: String(row.replay_checksum),
      base_policy: policyDigest(tables, row.prior_policy_version),
      proposed_policy: policyDigest(tables, row.applied_policy_version),
      approval: String(decision?.idempotency_key),
    },
    extra: { approval_decision_id: row.approval_decision_id as Json },
    columns: { signature: row.apply_signature as Json, keyId: row.signature_key_id as Json },
  }
}

/** The evidence of a candidate as the rows have it: its packet, replay and both policies. */
function packetSubjects(
  tables: StoredTables,
  row: JsonObject,
  packetId: unknown,
): Readonly<Record<string, Digest>> {
  const packet = rowWith(tables, 'review_packet', 'packet_id', packetId)
  const candidate = rowWith(tables, 'policy_candidate', 'id', row.candidate_id)
  const replay = rowWith(tables, 'policy_replay_evaluation', 'id', packet?.replay_evaluation_id)
  return {
    packet: String(packet?.packet_id),
    replay: String(replay?.replay_checksum),
    base_policy: policyDigest(tables, candidate?.base_policy_version),
    proposed_policy: policyDigest(tables, candidate?.proposed_policy_version),
  }
}

function rollbackClaim(tables: StoredTables, row: JsonObject): Claim {
  const metadata = parsedObject(row.rollback_metadata_json)
  const apply = rowWith(tables, 'policy_apply_record', 'id', row.apply_record_id)
  return {
    ...signedBy(`policy_rollback_record ${String(row.id)}`, row, metadata, 'rolled_back_at'),
    operation: 'rollback',
    role: null,
    subjects: {
      apply: String(apply?.idempotency_key),
      from_policy: policyDigest(tables, apply?.applied_policy_version),
      to_policy: policyDigest(tables, row.rollback_target_version),
    },
    extra: {
      reason: row.rollback_reason as Json,
      rollback_triggered_at: (metadata?.rollback_triggered_at ?? null) as Json,
    },
    columns: { signature: row.rollback_signature as Json, keyId: row.signature_key_id as Json },
  }
}

function pauseClaim(tables: StoredTables, row: JsonObject): Claim {
  const engages = row.kind === 'engaged'
  const metrics = metricsOf(row)
  const engagement = { ticket: row.ticket as Json, reason: row.reason as Json, metrics }
  return {
    where: `safety_pause ${String(row.sequence)}`,
    envelope: parsedObject(row.envelope_json),
    actorId: String(row.actor_id),
    signedAt: String(row.at),
    operation: engages ? 'pause' : 'release',
    role: String(row.actor_role),
    subjects: engages ? { engagement: digestOf(engagement) } : { pause: releasedEngagements(tables, row) },
    extra: engages ? {} : { remediation: row.reason as Json },
    columns: null,
  }
}

/** The digest a release is about: every engagement of its pause up to then. */
const releasedEngagements = (tables: StoredTables, release: JsonObject): Digest =>
  digestOf(
    (tables.safety_pause ?? [])
      .filter(row => row.kind === 'engaged' && row.pause_id === release.pause_id)
      .filter(row => Number(row.sequence) < Number(release.sequence))
      .map(row => ({
        pause_id: row.pause_id as Json,
        sequence: row.sequence as Json,
        ticket: row.ticket as Json,
        metrics: metricsOf(row),
      })),
  )

function metricsOf(row: JsonObject): Json {
  try {
    return JSON.parse(String(row.metrics_json)) as Json
  } catch {
    return null
  }
}

const signedBy = (where: string, row: JsonObject, holder: JsonObject | null, instant: string) => ({
  where,
  envelope: (holder?.envelope ?? null) as Json,
  actorId: String(row.actor_id),
  signedAt: String(row[instant]),
})

const policyDigest = (tables: StoredTables, version: unknown): Digest =>
  String(rowWith(tables, 'policy_version', 'version', version)?.policy_digest)
