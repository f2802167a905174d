import type { Packet } from '../domain/packet.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Digest, Instant, Json, JsonObject } from '../domain/units.ts'
import { digestOf } from '../evidence/canonical.ts'
import type { Reading } from './ports.ts'
import { verifyStatement } from './sign.ts'
import type { DecisionRow } from './tables.ts'
import { keyringInForceAt } from './trust.ts'

export const DECISIONS = ['approve', 'reject', 'request_changes'] as const
export type ReviewDecision = (typeof DECISIONS)[number]

/** What a decision makes of the candidate, which is also its event type and its value in the record. */
export const STATUS_AFTER = {
  approve: 'approved',
  reject: 'rejected',
  request_changes: 'changes_requested',
} as const satisfies Record<ReviewDecision, DecisionRow['decision']>

/** The payload kept with a decision: what was decided, and the signed statement. */
export interface DecisionPayload {
  readonly packet_id: Digest
  readonly candidate_id: string
  readonly proposed_policy_version: number
  readonly decision: ReviewDecision
  readonly withdraws: string | null
  readonly envelope: Json
}

/** Everything a decision stands on; the signature binds these digests. */
export const decisionSubjects = (packet: Packet): Readonly<Record<string, Digest>> => ({
  packet: packet.packet_id,
  replay: packet.replay_checksum,
  base_policy: packet.inputs.base_policy,
  proposed_policy: packet.inputs.proposed_policy,
})

/** One decision per actor and packet; withdrawing one's own approval is the one second decision there is. */
export const decisionKey = (packetId: Digest, actorId: string, withdrawal: boolean): Digest =>
  digestOf(
    withdrawal
      ? { operation: 'withdraw', packet_id: packetId, actor_id: actorId }
      : { operation: 'decide', packet_id: packetId, actor_id: actorId },
  )

export const payloadOf = (row: DecisionRow): DecisionPayload =>
  JSON.parse(row.decision_payload_json) as DecisionPayload

/** Decisions on one packet, oldest first. */
export async function decisionsOn(tx: Reading, packet: Packet): Promise<readonly DecisionRow[]> {
  const rows = await tx.find('policy_approval_decision', { candidate_id: packet.candidate_id })
  return rows.filter(row => payloadOf(row).packet_id === packet.packet_id)
}

/**
 * Checks the signature under a decision: by the recorded actor, over this packet, saying this decision, at the recorded
 * instant, in a role and with a key held at its place in the log. Refuses signature_invalid, and separation_of_duty for a decision on
 * one's own candidate, which only somebody who writes to the database could have recorded.
 */
export async function verifyDecision(
  tx: Reading,
  row: DecisionRow,
  packet: Packet,
  now: Instant,
): Promise<Result<DecisionRow>> {
  const payload = payloadOf(row)
  const expected = {
    operation: 'decide',
    actorId: row.actor_id,
    subjects: decisionSubjects(packet),
    signedAt: row.decided_at,
  } as const
  const entry = await tx.last('policy_lifecycle_audit', {
    event_type: row.decision,
    idempotency_key: row.idempotency_key,
  })
  if (entry === null) return notWhatWasSigned(row, 'the log does not know this decision')
  const verified = await verifyStatement(tx, payload.envelope, expected, now, entry)
  if (!verified.ok) return verified
  const said = verified.value.extra as JsonObject
  if (STATUS_AFTER[said.decision as ReviewDecision] !== row.decision || said.role !== row.actor_role) {
    return notWhatWasSigned(row, 'the record says another decision or role than the signed statement')
  }
  const { actors } = await keyringInForceAt(tx, entry.entry_index)
  if (!actors.find(actor => actor.id === row.actor_id)?.roles.includes(row.actor_role)) {
    return notWhatWasSigned(row, `\`${row.actor_id}\` did not hold the role ${row.actor_role} then`)
  }
  const candidate = await tx.last('policy_candidate', { id: row.candidate_id })
  if (candidate?.created_by_actor_id === row.actor_id) {
    return refuse(
      'separation_of_duty',
      `\`${row.actor_id}\` decided on the own candidate`,
      'run `quotey audit verify`, and have the packet decided by somebody else',
      { decision_id: row.id, candidate_id: row.candidate_id },
    )
  }
  return done(row)
}

const notWhatWasSigned = (row: DecisionRow, why: string): Result<never> =>
  refuse(
    'signature_invalid',
    `the decision \`${row.id}\` of \`${row.actor_id}\` does not hold`,
    'run `quotey audit verify`, and have the packet decided again',
    { why, decision_id: row.id },
  )
