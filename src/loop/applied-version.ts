import { move } from '../domain/lifecycle.ts'
import type { InForce } from '../domain/outcome-rows.ts'
import type { Packet } from '../domain/packet.ts'
import type { CheckedPolicy } from '../domain/policy.ts'
import { done, type Result } from '../domain/refusal.ts'
import type { CandidateId, Digest } from '../domain/units.ts'
import { policyOfVersion } from './active.ts'
import { candidateRow } from './candidate-evidence.ts'
import { readPacket } from './packet-check.ts'
import type { Reading } from './ports.ts'
import type { ApplyRow, CandidateRow } from './tables.ts'

/** A candidate that was applied: both policies, the packet that was approved, and when its version was in force. */
export interface Applied {
  readonly candidate: CandidateRow
  readonly apply: ApplyRow
  readonly packet: Packet
  readonly prior: CheckedPolicy
  readonly now: CheckedPolicy
  readonly inForce: InForce
}

/** Refuses not_found, illegal_move where the candidate is not applied (any more), packet_altered. */
export async function appliedVersion(tx: Reading, candidateId: CandidateId): Promise<Result<Applied>> {
  const found = await candidateRow(tx, candidateId)
  if (!found.ok) return found
  const candidate = found.value
  if (candidate.status !== 'monitoring') {
    const legal = move(candidate.status, 'monitoring')
    if (!legal.ok) return legal
  }
  const apply = await tx.last('policy_apply_record', { candidate_id: candidate.id })
  if (apply === null)
    throw new Error(`candidate ${candidate.id} is ${candidate.status} without an apply record`)
  const { packet_id } = JSON.parse(apply.apply_audit_json) as { packet_id: Digest }
  const packet = await readPacket(tx, packet_id)
  if (!packet.ok) return packet
  const prior = await policyOfVersion(tx, apply.prior_policy_version)
  const now = await policyOfVersion(tx, apply.applied_policy_version)
  return done({
    candidate,
    apply,
    packet: packet.value,
    prior: prior.policy,
    now: now.policy,
    inForce: await inForce(tx, apply),
  })
}

async function inForce(tx: Reading, apply: ApplyRow): Promise<InForce> {
  const activation = await tx.last('policy_activation', { apply_record_id: apply.id, cause: 'apply' })
  if (activation === null) throw new Error(`apply ${apply.id} activated nothing`)
  const next = await tx.last('policy_activation', { epoch: activation.epoch + 1 })
  return {
    version: apply.applied_policy_version,
    from: activation.activated_at,
    to: next?.activated_at ?? null,
  }
}
