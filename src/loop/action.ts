import { move } from '../domain/lifecycle.ts'
import type { Packet } from '../domain/packet.ts'
import { done, type Refusal, type Result, refuse } from '../domain/refusal.ts'
import type { Digest, Instant, JsonObject } from '../domain/units.ts'
import { canonicalText } from '../evidence/canonical.ts'
import { currentActivation } from './active.ts'
import { approvalObstacle } from './approval-obstacle.ts'
import { type Authority, authorize } from './authorize.ts'
import { candidateRow } from './candidate-evidence.ts'
import {
  type DecisionPayload,
  decisionKey,
  decisionSubjects,
  payloadOf,
  type ReviewDecision,
  STATUS_AFTER,
} from './decision-record.ts'
import { newestPacketRow, packetBindings, readPacket } from './packet-check.ts'
import type { Ports, Writing } from './ports.ts'
import { record } from './record.ts'
import { signStatement } from './sign.ts'
import type { CandidateRow, DecisionRow } from './tables.ts'

export interface DecideOnPacket {
  readonly actorId: string
  readonly packetId: Digest
  readonly decision: ReviewDecision
  readonly reason: string | null
  readonly channel: DecisionRow['channel_ref']
  /** Says what would be recorded and records nothing. */
  readonly dryRun?: boolean
}

/** `policy-packet action`, JSON names. */
export interface DecidedAction {
  readonly action: {
    readonly packet_id: Digest
    readonly candidate_id: string
    readonly proposed_policy_version: number
    readonly decision: ReviewDecision
    readonly reason: string | null
    readonly actor_id: string
  }
  readonly idempotency_key: Digest
  readonly target_status: DecisionRow['decision']
  readonly audit_event: {
    readonly event_type: string
    readonly idempotency_key: string
    readonly payload: JsonObject
  }
}

/**
 * Takes one person's decision on one exact packet. Checked in this order, first failure wins: reason_required ·
 * not_authorised, key_expired · not_found, packet_altered · the same decision again gives its record, another one is
 * idempotency_conflict (but a reject withdraws one's own approval) · separation_of_duty · illegal_move · and for an approval
 * safety_pause_active, stale_approval, base_version_moved, guardrail_blocked, attack_blocked.
 */
export async function decideOnPacket(ports: Ports, input: DecideOnPacket): Promise<Result<DecidedAction>> {
  const reason = input.reason?.trim() || null
  if (input.decision !== 'approve' && reason === null) {
    return refuse(
      'reason_required',
      `a decision to \`${input.decision}\` needs a reason`,
      'pass `--reason TEXT`',
    )
  }
  return ports.store.change(async tx => {
    const at = ports.clock.now()
    const authority = await authorize(tx, at, input.actorId, 'decide')
    if (!authority.ok) return authority
    const packet = await readPacket(tx, input.packetId)
    if (!packet.ok) return packet
    const candidate = await candidateRow(tx, packet.value.candidate_id)
    if (!candidate.ok) return candidate
    const bound = packetBindings(packet.value, candidate.value)
    if (!bound.ok) return bound

    const before = await earlierDecision(tx, input, candidate.value)
    if (!before.ok) return before
    if (before.value.kind === 'decided') return done(said(packet.value, before.value.row, input.decision))
    const { withdraws } = before.value
    const obstacle = await obstacleTo(tx, input, packet.value, candidate.value, at)
    if (obstacle !== null) return { ok: false, refusal: obstacle }
    return decide(
      tx,
      ports,
      { ...input, reason },
      packet.value,
      candidate.value,
      authority.value,
      withdraws,
      at,
    )
  })
}

type Earlier =
  | { readonly kind: 'decided'; readonly row: DecisionRow }
  | { readonly kind: 'open'; readonly withdraws: DecisionRow | null }

/** What this actor said on this packet before, if anything. */
async function earlierDecision(
  tx: Writing,
  { packetId, actorId, decision }: DecideOnPacket,
  candidate: CandidateRow,
): Promise<Result<Earlier>> {
  const find = (withdrawal: boolean): Promise<DecisionRow | null> =>
    tx.last('policy_approval_decision', { idempotency_key: decisionKey(packetId, actorId, withdrawal) })
  const latest = (await find(true)) ?? (await find(false))
  if (latest === null) return done({ kind: 'open', withdraws: null })
  if (latest.decision === STATUS_AFTER[decision]) return done({ kind: 'decided', row: latest })
  const withdrawal =
    latest.decision === 'approved' && decision === 'reject' && candidate.status === 'approved'
  if (withdrawal) return done({ kind: 'open', withdraws: latest })
  return refuse(
    'idempotency_conflict',
    `\`${actorId}\` has already decided on this packet: ${latest.decision}`,
    'a decision stands; for another one the candidate needs a new packet',
    { decision_id: latest.id, decision: latest.decision, decided_at: latest.decided_at },
  )
}

async function obstacleTo(
  tx: Writing,
  input: DecideOnPacket,
  packet: Packet,
  candidate: CandidateRow,
  at: Instant,
): Promise<Refusal | null> {
  if (candidate.created_by_actor_id === input.actorId) {
    return refuse(
      'separation_of_duty',
      `\`${input.actorId}\` made this candidate and cannot decide on it`,
      'ask somebody else who may decide',
      { candidate_id: candidate.id, created_by: candidate.created_by_actor_id },
    ).refusal
  }
  const joins = candidate.status === 'approved' && input.decision === 'approve'
  const moved = joins ? done('approved' as const) : move(candidate.status, STATUS_AFTER[input.decision])
  if (!moved.ok) return moved.refusal
  const newest = await newestPacketRow(tx, candidate.id)
  if (newest !== null && newest.packet_id !== packet.packet_id) {
    return refuse(
      'stale_approval',
      'a newer packet has taken the place of this one',
      `decide on \`${newest.packet_id}\``,
      { packet_id: packet.packet_id, newest_packet_id: newest.packet_id },
    ).refusal
  }
  return input.decision === 'approve' ? approvalObstacle(tx, packet, candidate, at) : null
}

async function decide(
  tx: Writing,
  ports: Ports,
  input: DecideOnPacket,
  packet: Packet,
  candidate: CandidateRow,
  authority: Authority,
  withdraws: DecisionRow | null,
  at: Instant,
): Promise<Result<DecidedAction>> {
  const { epoch } = await currentActivation(tx)
  const replay = await tx.last('review_packet', { packet_id: packet.packet_id })
  const signed = await signStatement(ports, tx, {
    operation: 'decide',
    actorId: input.actorId,
    subjects: decisionSubjects(packet),
    activeEpoch: epoch,
    at,
    extra: { decision: input.decision, reason: input.reason, role: authority.role },
  })
  if (!signed.ok) return signed
  const payload: DecisionPayload = {
    packet_id: packet.packet_id,
    candidate_id: candidate.id,
    proposed_policy_version: candidate.proposed_policy_version,
    decision: input.decision,
    withdraws: withdraws?.id ?? null,
    envelope: signed.value.envelope,
  }
  const row: DecisionRow = {
    id: ports.randomness.id('dec'),
    candidate_id: candidate.id,
    replay_evaluation_id: replay?.replay_evaluation_id ?? '',
    decision: STATUS_AFTER[input.decision],
    reason: input.reason,
    decision_payload_json: canonicalText(payload as unknown as JsonObject),
    actor_id: input.actorId,
    actor_role: authority.role,
    channel_ref: input.channel,
    signature: signed.value.signature,
    signature_key_id: signed.value.keyId,
    idempotency_key: decisionKey(packet.packet_id, input.actorId, withdraws !== null),
    decided_at: at,
    expires_at: packet.expires_at,
    is_stale: 0,
  }
  const action = said(packet, row, input.decision)
  if (input.dryRun === true) return done(action)
  const moves = candidate.status !== row.decision
  await record(tx, ports, {
    eventType: row.decision,
    actor: { type: authority.actorType, id: input.actorId },
    payload: action.audit_event.payload,
    idempotencyKey: row.idempotency_key,
    occurredAt: at,
    links: {
      candidate_id: candidate.id,
      replay_evaluation_id: row.replay_evaluation_id,
      approval_decision_id: row.id,
    },
    inserts: [{ table: 'policy_approval_decision', row }],
    ...(moves ? { candidate: { id: candidate.id, patch: patchOf(row, at) } } : {}),
  })
  return done(action)
}

const patchOf = (row: DecisionRow, at: Instant): Partial<CandidateRow> =>
  row.decision === 'approved'
    ? { status: row.decision, approved_at: at, updated_at: at }
    : { status: row.decision, updated_at: at }

function said(packet: Packet, row: DecisionRow, decision: ReviewDecision): DecidedAction {
  const action = {
    packet_id: packet.packet_id,
    candidate_id: row.candidate_id,
    proposed_policy_version: packet.proposed_policy_version,
    decision,
    reason: row.reason,
    actor_id: row.actor_id,
  }
  return {
    action,
    idempotency_key: row.idempotency_key,
    target_status: row.decision,
    audit_event: {
      event_type: row.decision,
      idempotency_key: row.idempotency_key,
      payload: {
        ...action,
        decision_id: row.id,
        replay_checksum: packet.replay_checksum,
        withdraws: payloadOf(row).withdraws,
      },
    },
  }
}
