import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Digest, Instant, Json } from '../domain/units.ts'
import type { Reading } from './ports.ts'
import { verifyStatement } from './sign.ts'
import type { ApplyRow } from './tables.ts'

/**
 * Checks the signature under an apply that something is to rest on: by the recorded actor, over the packet, replay, policies and
 * approval that the record names, at its place in the log. Refuses signature_invalid.
 */
export async function verifyApply(tx: Reading, row: ApplyRow, now: Instant): Promise<Result<ApplyRow>> {
  const entry = await tx.last('policy_lifecycle_audit', {
    event_type: 'applied',
    idempotency_key: row.idempotency_key,
  })
  const approval = await tx.last('policy_approval_decision', { id: row.approval_decision_id })
  if (entry === null || approval === null) {
    return refuse(
      'signature_invalid',
      `the log does not know the apply \`${row.id}\` or what it was approved by`,
      'run `quotey audit verify`, and restore a backup',
      { apply_record_id: row.id },
    )
  }
  const { envelope, packet_id } = JSON.parse(row.apply_audit_json) as { envelope: Json; packet_id: Digest }
  const subjects = {
    packet: packet_id,
    replay: row.replay_checksum,
    base_policy: await policyDigest(tx, row.prior_policy_version),
    proposed_policy: await policyDigest(tx, row.applied_policy_version),
    approval: approval.idempotency_key,
  }
  const expected = { operation: 'apply', actorId: row.actor_id, subjects, signedAt: row.applied_at } as const
  const verified = await verifyStatement(tx, envelope, expected, now, entry)
  return verified.ok ? done(row) : verified
}

const policyDigest = async (tx: Reading, version: number): Promise<Digest> =>
  (await tx.last('policy_version', { version }))?.policy_digest ?? ''
