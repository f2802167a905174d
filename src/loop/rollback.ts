import { move } from '../domain/lifecycle.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Digest, Instant } from '../domain/units.ts'
import { canonicalText, digestOf } from '../evidence/canonical.ts'
import { later } from '../evidence/statement.ts'
import { type Activated, activatedBy, activeApply } from './activation.ts'
import { activePolicy, currentActivation, policyOfVersion } from './active.ts'
import { verifyApply } from './apply-signed.ts'
import { type Authority, authorize } from './authorize.ts'
import { candidateRow } from './candidate-evidence.ts'
import { incidentOfRollback } from './incident.ts'
import { BrokenState, type Ports, type Writing } from './ports.ts'
import { record } from './record.ts'
import { signStatement } from './sign.ts'
import type { ActivationRow, ApplyRow, RollbackRow } from './tables.ts'

export interface RollbackRequest {
  readonly actorId: string
  readonly applyRecordId: string
  readonly reason: string
  /** When the trouble that calls for it was noticed, from an alert or an incident; null: when the command began. */
  readonly triggeredAt: Instant | null
  /** The incident whose moment of trigger counts where none is given. */
  readonly incidentId?: string | null
}

/** `policy-opt rollback`, JSON names. */
export interface RolledBack extends Activated {
  readonly rollback_record: RollbackRow & { readonly rollback_triggered_at: Instant }
}

/**
 * Restores the document that was active before the active apply, as a new activation. It works while paused, and on an apply whose
 * clock was ahead; it needs neither history nor optimizer. The same again gives the same record. Refuses reason_required, not_authorised, key_expired, not_found,
 * idempotency_conflict (rolled back for another reason), illegal_move (not the active apply), signature_invalid (not as signed),
 * bad_input (a trigger outside the time since the apply); throws BrokenState when the prior document is not what it was.
 */
export async function rollbackApply(ports: Ports, asked: RollbackRequest): Promise<Result<RolledBack>> {
  const began = ports.clock.now()
  const request = { ...asked, reason: asked.reason.trim() }
  if (request.reason === '') {
    return refuse('reason_required', 'a rollback needs a reason', 'pass `--reason TEXT`')
  }
  return ports.store.change(async tx => {
    const now = ports.clock.now()
    const authority = await authorize(tx, now, request.actorId, 'rollback')
    if (!authority.ok) return authority
    const applied = await tx.last('policy_apply_record', { id: request.applyRecordId })
    if (applied === null) return noSuchApply(tx, request.applyRecordId)
    const earlier = await tx.last('policy_rollback_record', { apply_record_id: applied.id })
    if (earlier !== null) return again(tx, earlier, request.reason)
    const at = later(now, applied.applied_at)
    const active = await currentActivation(tx)
    if (active.policy_version !== applied.applied_policy_version) return notActive(tx, applied, active)
    const signed = await verifyApply(tx, applied, at)
    if (!signed.ok) return signed
    const incident = await incidentOfRollback(tx, request.incidentId ?? null)
    if (!incident.ok) return incident
    const triggeredAt =
      request.triggeredAt ?? incident.value?.triggered_at ?? later(began, applied.applied_at)
    if (triggeredAt > at || triggeredAt < applied.applied_at) return triggerOutside(triggeredAt, applied, at)
    return rollBack(tx, ports, { request, authority: authority.value, applied, active, triggeredAt, at })
  })
}

interface Rollback {
  readonly request: RollbackRequest
  readonly authority: Authority
  readonly applied: ApplyRow
  readonly active: ActivationRow
  readonly triggeredAt: Instant
  readonly at: Instant
}

async function rollBack(tx: Writing, ports: Ports, rollback: Rollback): Promise<Result<RolledBack>> {
  const { request, authority, applied, active, triggeredAt, at } = rollback
  const candidate = await candidateRow(tx, applied.candidate_id)
  if (!candidate.ok) return candidate
  const moved = move(candidate.value.status, 'rolled_back')
  if (!moved.ok) return moved
  const prior = await priorPolicy(tx, applied)
  const parent = await parentOf(tx, active)
  const signed = await signStatement(ports, tx, {
    operation: 'rollback',
    actorId: authority.actorId,
    subjects: { apply: applied.idempotency_key, from_policy: active.policy_digest, to_policy: prior.digest },
    activeEpoch: active.epoch,
    at,
    extra: { reason: request.reason, rollback_triggered_at: triggeredAt, role: authority.role },
  })
  if (!signed.ok) return signed
  const epoch = await tx.nextNumber('epoch')
  const row: RollbackRow = {
    id: ports.randomness.id('rollback'),
    candidate_id: applied.candidate_id,
    apply_record_id: applied.id,
    rollback_target_version: prior.version,
    rollback_reason: request.reason,
    verification_checksum: prior.digest,
    rollback_signature: signed.value.signature,
    signature_key_id: signed.value.keyId,
    actor_id: authority.actorId,
    idempotency_key: digestOf({ operation: 'rollback', apply_record_id: applied.id }),
    parent_rollback_id: parent?.id ?? null,
    rollback_depth: (parent?.rollback_depth ?? 0) + 1,
    rollback_metadata_json: canonicalText({
      rollback_triggered_at: triggeredAt,
      trigger: request.triggeredAt !== null ? 'given' : request.incidentId == null ? 'command' : 'incident',
      incident_id: request.incidentId ?? null,
      from_policy_version: active.policy_version,
      from_policy_digest: active.policy_digest,
      envelope: signed.value.envelope,
    }),
    rolled_back_at: at,
  }
  await recordRollback(tx, ports, authority, row, triggeredAt, {
    epoch,
    policy_version: prior.version,
    policy_digest: prior.digest,
    cause: 'rollback',
    apply_record_id: null,
    rollback_record_id: row.id,
    activated_at: at,
  })
  const now = await activePolicy(tx)
  if (now.digest !== prior.digest || now.epoch !== epoch)
    throw notRestored(applied, 'what is active is another document')
  return done(await rolledBackAs(tx, row))
}

/** The document that was active before, compared with the digest it was activated under. */
async function priorPolicy(tx: Writing, applied: ApplyRow): Promise<{ version: number; digest: Digest }> {
  const { version, digest } = await policyOfVersion(tx, applied.prior_policy_version)
  const before = await tx.last('policy_activation', { policy_version: version })
  if (before?.policy_digest !== digest)
    throw notRestored(applied, `version ${version} is not what was active`)
  return { version, digest }
}

/** The rollback before this one, when what it restored is now rolled back in turn. */
const parentOf = async (tx: Writing, active: ActivationRow): Promise<RollbackRow | null> =>
  active.rollback_record_id === null
    ? null
    : tx.last('policy_rollback_record', { id: active.rollback_record_id })

async function recordRollback(
  tx: Writing,
  ports: Ports,
  authority: Authority,
  row: RollbackRow,
  triggeredAt: Instant,
  activation: ActivationRow,
): Promise<void> {
  const at = row.rolled_back_at
  await record(tx, ports, {
    eventType: 'rolled_back',
    actor: { type: authority.actorType, id: authority.actorId },
    payload: {
      rollback_record_id: row.id,
      apply_record_id: row.apply_record_id,
      candidate_id: row.candidate_id,
      rollback_target_version: row.rollback_target_version,
      rollback_reason: row.rollback_reason,
      rollback_triggered_at: triggeredAt,
      policy_digest: activation.policy_digest,
      epoch: activation.epoch,
      rollback_depth: row.rollback_depth,
    },
    idempotencyKey: row.idempotency_key,
    occurredAt: at,
    links: {
      candidate_id: row.candidate_id,
      apply_record_id: row.apply_record_id,
      rollback_record_id: row.id,
    },
    inserts: [
      { table: 'policy_rollback_record', row },
      { table: 'policy_activation', row: activation },
    ],
    candidate: { id: row.candidate_id, patch: { status: 'rolled_back', rolled_back_at: at, updated_at: at } },
  })
}

async function rolledBackAs(tx: Writing, row: RollbackRow): Promise<RolledBack> {
  const { rollback_triggered_at } = JSON.parse(row.rollback_metadata_json) as {
    rollback_triggered_at: Instant
  }
  return {
    rollback_record: { ...row, rollback_triggered_at },
    ...(await activatedBy(tx, { rollback_record_id: row.id }, 'rolled_back')),
  }
}

async function again(tx: Writing, earlier: RollbackRow, reason: string): Promise<Result<RolledBack>> {
  if (earlier.rollback_reason === reason) return done(await rolledBackAs(tx, earlier))
  return refuse(
    'idempotency_conflict',
    `the apply \`${earlier.apply_record_id}\` was already rolled back, for another reason`,
    'nothing is left to do; see `quotey audit log`',
    {
      rollback_record_id: earlier.id,
      rollback_reason: earlier.rollback_reason,
      rolled_back_at: earlier.rolled_back_at,
      actor_id: earlier.actor_id,
    },
  )
}

async function noSuchApply(tx: Writing, id: string): Promise<Result<never>> {
  const current = await activeApply(tx, await currentActivation(tx))
  return refuse(
    'not_found',
    `no apply record \`${id}\``,
    current === null
      ? 'the version of `quotey init` is active; there is nothing to roll back'
      : `the active apply is \`${current.id}\``,
    { active_apply_record_id: current?.id ?? null },
  )
}

async function notActive(tx: Writing, applied: ApplyRow, active: ActivationRow): Promise<Result<never>> {
  const current = await activeApply(tx, active)
  return refuse(
    'illegal_move',
    `the apply \`${applied.id}\` is not the active one: version ${active.policy_version} is active`,
    `an earlier change is taken back by \`quotey policy-opt propose --revert ${applied.id}\``,
    {
      active_policy_version: active.policy_version,
      active_apply_record_id: current?.id ?? null,
      epoch: active.epoch,
    },
  )
}

const triggerOutside = (triggeredAt: Instant, applied: ApplyRow, now: Instant): Result<never> =>
  refuse(
    'bad_input',
    `the trigger \`${triggeredAt}\` lies outside the time since the apply`,
    'pass the instant of the alert or the incident, between the apply and now',
    { applied_at: applied.applied_at, now },
  )

const notRestored = (applied: ApplyRow, why: string): BrokenState =>
  new BrokenState(
    refuse(
      'audit_broken',
      `the rollback of \`${applied.id}\` could not restore the prior document: ${why}; nothing was changed`,
      'run `quotey audit verify`, and restore a backup',
    ).refusal,
  )
