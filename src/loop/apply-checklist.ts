import { move } from '../domain/lifecycle.ts'
import type { Packet } from '../domain/packet.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { currentActivation } from './active.ts'
import { baseMoved, blockedRefusal, pauseRefusal, staleRefusal } from './approval-obstacle.ts'
import { type Authority, authorize } from './authorize.ts'
import { candidateEvidence, candidateRow } from './candidate-evidence.ts'
import { decisionsOn, verifyDecision } from './decision-record.ts'
import { changedEvidence, newestPacketRow, packetBindings, readPacket } from './packet-check.ts'
import { pauseState } from './pause.ts'
import type { Reading } from './ports.ts'
import type { ActivationRow, ApplyRow, CandidateRow, DecisionRow } from './tables.ts'

/** What apply checks, in this order; the first failure wins. Published: help and SPEC repeat it, a test pins it. */
export const APPLY_CHECKLIST = [
  'actor and key known and valid',
  'authorised',
  'already done',
  'not paused',
  'packet intact',
  'decision exists, approves, signature valid, role held then',
  'separation of duty',
  'evidence current',
  'base version is the active one',
  'guardrails and attacks pass',
] as const

export interface ApplyRequest {
  readonly actorId: string
  readonly candidateId: string
}

/** How the checklist ended. `stale` is a refusal that leaves its mark on the approvals. */
export type ChecklistOutcome =
  | { readonly kind: 'already_applied'; readonly row: ApplyRow }
  | {
      readonly kind: 'stale'
      readonly why: ReturnType<typeof refuse>
      readonly cleared: Cleared
      readonly changed: readonly string[]
    }
  | { readonly kind: 'cleared'; readonly cleared: Cleared }

/** Everything an apply stands on, once the people's part of the checklist holds. */
export interface Cleared {
  readonly authority: Authority
  readonly candidate: CandidateRow
  readonly packet: Packet
  /** Every standing approval of the packet, oldest first; `deciding` is the first by somebody else than who applies. */
  readonly approvals: readonly DecisionRow[]
  readonly deciding: DecisionRow
  readonly active: ActivationRow
}

/** Walks APPLY_CHECKLIST inside the transaction that would apply. */
export async function walkApplyChecklist(
  tx: Reading,
  { actorId, candidateId }: ApplyRequest,
  at: Instant,
): Promise<Result<ChecklistOutcome>> {
  const authority = await authorize(tx, at, actorId, 'apply')
  if (!authority.ok) return authority
  const found = await candidateRow(tx, candidateId)
  if (!found.ok) return found
  const candidate = found.value
  const active = await currentActivation(tx)

  const earlier = await tx.last('policy_apply_record', { candidate_id: candidateId })
  if (earlier !== null) return alreadyApplied(earlier, candidate, active)

  const pause = await pauseState(tx)
  if (pause.paused) return { ok: false, refusal: pauseRefusal(pause) }

  const packet = await intactPacket(tx, candidate)
  if (!packet.ok) return packet
  const approvals = await standingApprovals(tx, candidate, packet.value, at)
  if (!approvals.ok) return approvals
  const deciding = approvals.value.find(row => row.actor_id !== actorId)
  if (deciding === undefined) return onlyApprover(actorId, candidateId)

  const cleared = {
    authority: authority.value,
    candidate,
    packet: packet.value,
    approvals: approvals.value,
    deciding,
    active,
  }
  return checkEvidence(tx, cleared, at)
}

function alreadyApplied(
  earlier: ApplyRow,
  candidate: CandidateRow,
  active: ActivationRow,
): Result<ChecklistOutcome> {
  if (active.policy_version === earlier.applied_policy_version) {
    return done({ kind: 'already_applied', row: earlier })
  }
  const rolledBack = candidate.status === 'rolled_back'
  return refuse(
    'illegal_move',
    `the candidate \`${candidate.id}\` was applied and ${rolledBack ? 'rolled back since' : 'replaced since'}`,
    'propose it again as a new candidate on the active version',
    { apply_record_id: earlier.id, active_policy_version: active.policy_version, epoch: active.epoch },
  )
}

async function intactPacket(tx: Reading, candidate: CandidateRow): Promise<Result<Packet>> {
  const row = await newestPacketRow(tx, candidate.id)
  if (row === null) {
    const moved = move(candidate.status, 'applied')
    return moved.ok ? refuse('illegal_move', 'it has no packet', 'build one and have it decided') : moved
  }
  const packet = await readPacket(tx, row.packet_id)
  return packet.ok ? packetBindings(packet.value, candidate) : packet
}

async function standingApprovals(
  tx: Reading,
  candidate: CandidateRow,
  packet: Packet,
  at: Instant,
): Promise<Result<readonly DecisionRow[]>> {
  const moved = move(candidate.status, 'applied')
  if (!moved.ok) return moved
  const decisions = (await decisionsOn(tx, packet)).filter(row => row.decision === 'approved')
  for (const row of decisions) {
    const verified = await verifyDecision(tx, row, packet, at)
    if (!verified.ok) return verified
  }
  const standing = decisions.filter(row => row.is_stale === 0)
  if (standing.length > 0) return done(standing)
  if (decisions.length > 0) return { ok: false, refusal: staleRefusal(packet, ['found stale before']) }
  return refuse('illegal_move', `nobody approved the packet \`${packet.packet_id}\``, 'have it decided first')
}

const onlyApprover = (actorId: string, candidateId: string): Result<never> =>
  refuse(
    'separation_of_duty',
    `\`${actorId}\` is the only one who approved and cannot apply it too`,
    'have a second person approve, or another runtime owner apply',
    { candidate_id: candidateId, approved_by: [actorId] },
  )

async function checkEvidence(tx: Reading, cleared: Cleared, at: Instant): Promise<Result<ChecklistOutcome>> {
  const { packet, candidate, active } = cleared
  const evidence = await candidateEvidence(tx, candidate)
  if (!evidence.ok) return evidence
  const changed = changedEvidence(packet, evidence.value, at)
  const stale = (why: ReturnType<typeof refuse>, names: readonly string[]): Result<ChecklistOutcome> =>
    done({ kind: 'stale', why, cleared, changed: names })
  if (changed.length > 0) return stale({ ok: false, refusal: staleRefusal(packet, changed) }, changed)
  if (active.policy_version !== packet.base_policy_version) {
    return stale({ ok: false, refusal: baseMoved(packet.base_policy_version, active) }, ['base_version'])
  }
  const blocked = blockedRefusal(packet)
  return blocked === null ? done({ kind: 'cleared', cleared }) : { ok: false, refusal: blocked }
}
