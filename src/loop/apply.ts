import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Digest, Instant, JsonObject } from '../domain/units.ts'
import { canonicalText, digestOf } from '../evidence/canonical.ts'
import { type Activated, activatedBy } from './activation.ts'
import { activePolicy, policyOfVersion } from './active.ts'
import {
  APPLY_CHECKLIST,
  type ApplyRequest,
  type ChecklistOutcome,
  type Cleared,
  walkApplyChecklist,
} from './apply-checklist.ts'
import { BrokenState, type Ports, type Writing } from './ports.ts'
import { record } from './record.ts'
import { signStatement } from './sign.ts'
import type { ActivationRow, ApplyRow } from './tables.ts'

/** `policy-opt apply`, JSON names. */
export interface AppliedCandidate extends Activated {
  readonly apply_record: ApplyRow
}

/**
 * Makes a candidate's policy the active one, or gives the record of having done so. The whole checklist and the writing are
 * one transaction, so that neither a pause nor another apply gets between them. Refuses as APPLY_CHECKLIST says.
 */
export const applyCandidate = (ports: Ports, request: ApplyRequest): Promise<Result<AppliedCandidate>> =>
  ports.store.change(async tx => {
    const at = ports.clock.now()
    const walked = await walkApplyChecklist(tx, request, at)
    if (!walked.ok) return walked
    switch (walked.value.kind) {
      case 'already_applied':
        return done(await appliedAs(tx, walked.value.row))
      case 'stale':
        await recordStale(tx, ports, walked.value, at)
        return walked.value.why
      case 'cleared':
        return apply(tx, ports, walked.value.cleared, at)
    }
  })

async function apply(
  tx: Writing,
  ports: Ports,
  cleared: Cleared,
  at: Instant,
): Promise<Result<AppliedCandidate>> {
  const { authority, candidate, packet, deciding, active } = cleared
  const subjects = {
    packet: packet.packet_id,
    replay: packet.replay_checksum,
    base_policy: packet.inputs.base_policy,
    proposed_policy: packet.inputs.proposed_policy,
    approval: deciding.idempotency_key,
  }
  const signed = await signStatement(ports, tx, {
    operation: 'apply',
    actorId: authority.actorId,
    subjects,
    activeEpoch: active.epoch,
    at,
    extra: { approval_decision_id: deciding.id, role: authority.role },
  })
  if (!signed.ok) return signed
  const reread = await policyOfVersion(tx, candidate.proposed_policy_version)
  const epoch = await tx.nextNumber('epoch')
  const row: ApplyRow = {
    id: ports.randomness.id('apply'),
    candidate_id: candidate.id,
    approval_decision_id: deciding.id,
    prior_policy_version: active.policy_version,
    applied_policy_version: candidate.proposed_policy_version,
    replay_checksum: packet.replay_checksum,
    apply_signature: signed.value.signature,
    signature_key_id: signed.value.keyId,
    actor_id: authority.actorId,
    idempotency_key: applyKey(candidate.id, deciding.id),
    verification_checksum: reread.digest,
    apply_audit_json: canonicalText({
      checklist: APPLY_CHECKLIST,
      envelope: signed.value.envelope,
      packet_id: packet.packet_id,
      approved_by: cleared.approvals.map(approval => approval.actor_id),
      prior_policy_digest: active.policy_digest,
      applied_policy_digest: reread.digest,
    }),
    applied_at: at,
  }
  await recordApply(tx, ports, cleared, row, activationOf(row, epoch, at))
  const now = await activePolicy(tx)
  if (now.digest !== packet.inputs.proposed_policy || now.epoch !== epoch) throw notWhatWasApplied(row)
  return done(await appliedAs(tx, row))
}

const activationOf = (row: ApplyRow, epoch: number, at: Instant): ActivationRow => ({
  epoch,
  policy_version: row.applied_policy_version,
  policy_digest: row.verification_checksum,
  cause: 'apply',
  apply_record_id: row.id,
  rollback_record_id: null,
  activated_at: at,
})

async function recordApply(
  tx: Writing,
  ports: Ports,
  { authority, candidate, packet, deciding }: Cleared,
  row: ApplyRow,
  activation: ActivationRow,
): Promise<void> {
  const at = row.applied_at
  await record(tx, ports, {
    eventType: 'applied',
    actor: { type: authority.actorType, id: authority.actorId },
    payload: {
      apply_record_id: row.id,
      candidate_id: candidate.id,
      packet_id: packet.packet_id,
      approval_decision_id: deciding.id,
      prior_policy_version: row.prior_policy_version,
      applied_policy_version: row.applied_policy_version,
      policy_digest: activation.policy_digest,
      epoch: activation.epoch,
      replay_checksum: row.replay_checksum,
    },
    idempotencyKey: row.idempotency_key,
    occurredAt: at,
    links: { candidate_id: candidate.id, approval_decision_id: deciding.id, apply_record_id: row.id },
    inserts: [
      { table: 'policy_apply_record', row },
      { table: 'policy_activation', row: activation },
    ],
    candidate: { id: candidate.id, patch: { status: 'applied', applied_at: at, updated_at: at } },
  })
}

/** Marks every standing approval stale, once, and says in the log what had changed. */
async function recordStale(
  tx: Writing,
  ports: Ports,
  { cleared, changed }: Extract<ChecklistOutcome, { kind: 'stale' }>,
  at: Instant,
): Promise<void> {
  const { authority, candidate, packet, approvals, deciding } = cleared
  const payload: JsonObject = {
    candidate_id: candidate.id,
    packet_id: packet.packet_id,
    changed,
    decision_ids: approvals.map(approval => approval.id),
  }
  await record(tx, ports, {
    eventType: 'stale_approval_detected',
    actor: { type: authority.actorType, id: authority.actorId },
    payload,
    idempotencyKey: digestOf(payload),
    occurredAt: at,
    links: { candidate_id: candidate.id, approval_decision_id: deciding.id },
    inserts: [],
    staleDecisionIds: approvals.map(approval => approval.id),
  })
}

const appliedAs = async (tx: Writing, row: ApplyRow): Promise<AppliedCandidate> => ({
  apply_record: row,
  ...(await activatedBy(tx, { apply_record_id: row.id }, 'applied')),
})

const applyKey = (candidateId: string, decisionId: string): Digest =>
  digestOf({ operation: 'apply', candidate_id: candidateId, approval_decision_id: decisionId })

const notWhatWasApplied = (row: ApplyRow): BrokenState =>
  new BrokenState(
    refuse(
      'audit_broken',
      `what is active after \`${row.id}\` is not what was applied; nothing was changed`,
      'run `quotey audit verify`',
    ).refusal,
  )
