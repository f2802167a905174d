import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant, JsonObject } from '../domain/units.ts'
import { canonicalText } from '../evidence/canonical.ts'
import { currentActivation } from './active.ts'
import { type Authority, authorize } from './authorize.ts'
import { type PauseState, pauseState, type ReleaseSignature, signedByBothRoles } from './pause.ts'
import { metricsClear } from './pause-metrics.ts'
import { type ControlStatus, statusIn } from './pause-status.ts'
import type { Ports, Reading, Writing } from './ports.ts'
import { record } from './record.ts'
import { signStatement } from './sign.ts'
import type { PauseRow } from './tables.ts'
import type { ValidationReport } from './validate.ts'

export interface ReleasePause {
  readonly actorId: string
  /** What was done so that the trouble does not return. */
  readonly remediation: string
}

/** A pause whose ticket, subject and engagement are known, which is the only one that can be released. */
type ReadablePause = PauseState & {
  readonly pauseId: string
  readonly ticket: string
  readonly engagedAt: Instant
  readonly subject: string
}

/**
 * Adds one person's signature to the release; the pause ends when a safety owner and a runtime owner, two people, have
 * signed. Refuses reason_required, not_authorised, key_expired, and release_blocked while it is not paused, while the state
 * cannot be read, while a trigger metric is not clear in a KPI snapshot taken since, or while a control check of `validation`
 * fails. People release through `releaseValidated`; only a drill on a fork, which validation itself runs, has none.
 */
export async function releasePause(
  ports: Ports,
  input: ReleasePause,
  validation: ValidationReport | null = null,
): Promise<Result<ControlStatus>> {
  return ports.store.change(async tx => {
    const at = ports.clock.now()
    const cleared = await releaseClearance(tx, input, at)
    if (!cleared.ok) return cleared
    const { authority, state, pause, kpiSnapshotId } = cleared.value
    const remediation = input.remediation.trim()
    const valid = controlsHold(validation)
    if (!valid.ok) return valid
    if (state.signatures.some(signature => signature.actorId === input.actorId)) {
      return done(await statusIn(tx))
    }
    const signing = { authority, remediation, kpiSnapshotId, validation, at }
    const signed = await sign(tx, ports, pause, signing)
    if (!signed.ok) return signed
    const signatures = [...state.signatures, signatureOf(authority, remediation)]
    if (signedByBothRoles(signatures)) await release(tx, ports, pause, signed.value, signatures, signing)
    return done(await statusIn(tx))
  })
}

interface ReleaseClearance {
  readonly authority: Authority
  readonly state: PauseState
  readonly pause: ReadablePause
  readonly kpiSnapshotId: string
}

/** All that a release asks for but the validation, refused in this order. */
export async function releaseClearance(
  tx: Reading,
  { actorId, remediation }: ReleasePause,
  at: Instant,
): Promise<Result<ReleaseClearance>> {
  if (remediation.trim() === '') {
    return refuse('reason_required', 'a release needs a written remediation', 'pass `--remediation TEXT`')
  }
  const authority = await authorize(tx, at, actorId, 'release')
  if (!authority.ok) return authority
  const state = await pauseState(tx)
  const pause = releasable(state)
  if (!pause.ok) return pause
  const clear = await metricsClear(tx, pause.value)
  if (!clear.ok) return clear
  return done({ authority: authority.value, state, pause: pause.value, kpiSnapshotId: clear.value })
}

function releasable(state: PauseState): Result<ReadablePause> {
  if (!state.paused) {
    return refuse('release_blocked', 'there is no pause to release', 'see `quotey policy-opt control status`')
  }
  if (state.unreadable === null) return done(state as ReadablePause)
  return refuse(
    'release_blocked',
    `the state of the pause cannot be read: ${state.unreadable}`,
    'run `quotey audit verify` and restore a backup, or engage a new pause and release that one',
  )
}

/** A failing control check holds the release back; a missed job does not. */
function controlsHold(validation: ValidationReport | null): Result<null> {
  const failing = (validation?.checks ?? []).filter(check => check.kind === 'control' && !check.ok)
  if (failing.length === 0) return done(null)
  return refuse(
    'release_blocked',
    `the validation fails: ${failing.map(check => check.name).join(', ')}`,
    'see `quotey validate` and `quotey doctor`, and remove the cause first',
    { failing: failing.map(({ name, proof }) => ({ name, proof })) },
  )
}

interface Signing {
  readonly authority: Authority
  readonly remediation: string
  readonly kpiSnapshotId: string
  readonly validation: ValidationReport | null
  readonly at: Instant
}

const signatureOf = (authority: Authority, remediation: string): ReleaseSignature => ({
  actorId: authority.actorId,
  roles: authority.roles,
  remediation,
})

async function sign(
  tx: Writing,
  ports: Ports,
  pause: ReadablePause,
  { authority, remediation, kpiSnapshotId, at }: Signing,
): Promise<Result<PauseRow>> {
  const { epoch } = await currentActivation(tx)
  const signed = await signStatement(ports, tx, {
    operation: 'release',
    actorId: authority.actorId,
    subjects: { pause: pause.subject },
    activeEpoch: epoch,
    at,
    extra: { roles: authority.roles, remediation, kpi_snapshot_id: kpiSnapshotId },
  })
  if (!signed.ok) return signed
  const row: PauseRow = {
    sequence: await nextSequence(tx),
    kind: 'release_signed',
    pause_id: pause.pauseId,
    actor_id: authority.actorId,
    actor_role: authority.role,
    ticket: pause.ticket,
    reason: remediation,
    metrics_json: canonicalText(pause.metrics),
    envelope_json: canonicalText(signed.value.envelope),
    at,
  }
  await record(tx, ports, {
    eventType: 'pause_release_signed',
    actor: { type: authority.actorType, id: authority.actorId },
    payload: {
      pause_id: pause.pauseId,
      incident_ticket: pause.ticket,
      roles: authority.roles,
      remediation,
      kpi_snapshot_id: kpiSnapshotId,
    },
    idempotencyKey: `${pause.pauseId}:${row.sequence}`,
    correlationId: pause.pauseId,
    occurredAt: at,
    inserts: [{ table: 'safety_pause', row }],
  })
  return done(row)
}

async function release(
  tx: Writing,
  ports: Ports,
  pause: ReadablePause,
  last: PauseRow,
  signatures: readonly ReleaseSignature[],
  { authority, kpiSnapshotId, validation, at }: Signing,
): Promise<void> {
  const row: PauseRow = { ...last, sequence: last.sequence + 1, kind: 'released' }
  await record(tx, ports, {
    eventType: 'pause_released',
    actor: { type: authority.actorType, id: authority.actorId },
    payload: {
      pause_id: pause.pauseId,
      incident_ticket: pause.ticket,
      signed_by: signatures.map(({ actorId, roles, remediation }) => ({
        actor_id: actorId,
        roles,
        remediation,
      })),
      kpi_snapshot_id: kpiSnapshotId,
      validation: validation as unknown as JsonObject | null,
      ...(await affected(tx, pause)),
    },
    idempotencyKey: `${pause.pauseId}:${row.sequence}`,
    correlationId: pause.pauseId,
    occurredAt: at,
    inserts: [{ table: 'safety_pause', row }],
  })
}

/** Candidates that were live or about to be, and the rollbacks made since the pause began. */
async function affected(tx: Reading, pause: ReadablePause): Promise<JsonObject> {
  const candidates = await tx.find('policy_candidate')
  const rollbacks = (await tx.find('policy_rollback_record')).filter(
    row => pause.since !== null && row.rolled_back_at >= pause.since,
  )
  const open = candidates.filter(({ status }) => ['approved', 'applied', 'monitoring'].includes(status))
  const rolledBack = rollbacks.map(row => row.candidate_id)
  return {
    affected_candidate_ids: [...new Set([...open.map(row => row.id), ...rolledBack])].sort(),
    rollback_record_ids: rollbacks.map(row => row.id),
  }
}

const nextSequence = async (tx: Reading): Promise<number> => (await tx.find('safety_pause')).length + 1
