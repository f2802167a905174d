import type { RuleDiff } from '../domain/policy.ts'
import { done, type Result } from '../domain/refusal.ts'
import type { Digest } from '../domain/units.ts'
import { decideOnPacket } from './action.ts'
import { activePolicy } from './active.ts'
import { type AppliedCandidate, applyCandidate } from './apply.ts'
import { crashedThrough } from './drill-crash.ts'
import { DRILL_ACTORS, drillCandidate, recordCalm } from './drill-fork.ts'
import { buildPacket } from './packet.ts'
import { engagePause, PAUSE_TAG, TRIGGER_METRICS } from './pause-engage.ts'
import { releasePause } from './pause-release.ts'
import type { Ports } from './ports.ts'
import { replayCandidate } from './replay.ts'
import { rollbackApply } from './rollback.ts'

/** What happened on the fork. Durations are of the one command each, in whole milliseconds. */
export interface Rehearsal {
  readonly apply_duration_ms: number
  readonly rollback_duration_ms: number
  readonly reapply_duration_ms: number
  /** From the beginning of the rollback until the prior document was read back and compared. */
  readonly time_to_restore_ms: number
  readonly time_to_restore_ms_max: number
  /** Places where apply and rollback were cut off before they went through. */
  readonly crash_points: number
  readonly first_apply_verification_checksum: Digest
  readonly rollback_verification_checksum: Digest
  readonly reapply_verification_checksum: Digest
  /** The version that is active on the fork at the end, and the one that should be. */
  readonly final_policy_version: number
  readonly expected_policy_version: number
  readonly checks: readonly { readonly name: string; readonly ok: boolean }[]
}

/** The runbook's objective: what is wrong is back to what it was within 15 minutes. */
export const TIME_TO_RESTORE_MS_MAX = 15 * 60 * 1000

const { builder, approver, applier } = DRILL_ACTORS

/** Pause, apply, rollback and apply again, each through the same function as the real command, cut off at every write before. */
export async function rehearse(ports: Ports, ruleDiffs: readonly RuleDiff[]): Promise<Result<Rehearsal>> {
  const before = await ports.store.read(activePolicy)
  const first = await approvedCandidate(ports, ruleDiffs)
  if (!first.ok) return first
  const held = await pauseHolds(ports, first.value.id)
  if (!held.ok) return held

  const applied = await crashedThrough(ports, through => applyCandidate(through, asApplier(first.value.id)))
  if (!applied.result.ok) return applied.result
  const rolledBack = await crashedThrough(ports, through =>
    rollbackApply(through, {
      actorId: applier.id,
      applyRecordId: recordOf(applied.result).id,
      reason: 'drill',
      triggeredAt: null,
    }),
  )
  if (!rolledBack.result.ok) return rolledBack.result
  const readBack = await timed(ports, () => ports.store.read(activePolicy))
  const restored = readBack.result
  const timeToRestoreMs = rolledBack.durationMs + readBack.durationMs

  const second = await approvedCandidate(ports, ruleDiffs)
  if (!second.ok) return second
  const reapplied = await timed(ports, () => applyCandidate(ports, asApplier(second.value.id)))
  if (!reapplied.result.ok) return reapplied.result
  const final = await ports.store.read(activePolicy)

  const checksums = {
    first_apply_verification_checksum: applied.result.value.apply_record.verification_checksum,
    rollback_verification_checksum: rolledBack.result.value.rollback_record.verification_checksum,
    reapply_verification_checksum: reapplied.result.value.apply_record.verification_checksum,
  }
  const { proposed_policy_digest: wanted, proposed_policy_version: expected } = second.value
  return done({
    apply_duration_ms: applied.durationMs,
    rollback_duration_ms: rolledBack.durationMs,
    reapply_duration_ms: reapplied.durationMs,
    time_to_restore_ms: timeToRestoreMs,
    time_to_restore_ms_max: TIME_TO_RESTORE_MS_MAX,
    crash_points: applied.crashPoints + rolledBack.crashPoints,
    ...checksums,
    final_policy_version: final.version,
    expected_policy_version: expected,
    checks: [
      { name: 'an apply is refused while paused', ok: held.value },
      {
        name: 'after a crash at any write of apply or rollback nothing stays and the next command goes on',
        ok: applied.nothingStayed && rolledBack.nothingStayed && applied.crashPoints > 0,
      },
      { name: 'the prior policy is back within 15 minutes', ok: timeToRestoreMs <= TIME_TO_RESTORE_MS_MAX },
      {
        name: 'the applied document is the candidate',
        ok: checksums.first_apply_verification_checksum === wanted,
      },
      {
        name: 'the rollback restored the document that was active before',
        ok: checksums.rollback_verification_checksum === before.digest && restored.digest === before.digest,
      },
      {
        name: 'the second apply gives the same document',
        ok: checksums.reapply_verification_checksum === wanted,
      },
      {
        name: 'the final version is the reapplied one',
        ok: final.version === expected && final.digest === wanted,
      },
    ],
  })
}

const asApplier = (candidateId: string): { actorId: string; candidateId: string } => ({
  actorId: applier.id,
  candidateId,
})

/** A candidate with a packet and an approval of its own, all made on the fork. */
async function approvedCandidate(
  ports: Ports,
  ruleDiffs: readonly RuleDiff[],
): Promise<ReturnType<typeof drillCandidate>> {
  const candidate = await drillCandidate(ports, ruleDiffs)
  if (!candidate.ok) return candidate
  const byBuilder = { actorId: builder.id, candidateId: candidate.value.id }
  const replayed = await replayCandidate(ports, byBuilder)
  if (!replayed.ok) return replayed
  const calm = await released(ports)
  if (!calm.ok) return calm
  const packet = await buildPacket(ports, byBuilder)
  if (!packet.ok) return packet
  const decided = await decideOnPacket(ports, {
    actorId: approver.id,
    packetId: packet.value.packet_id,
    decision: 'approve',
    reason: 'drill',
    channel: 'cli',
  })
  return decided.ok ? candidate : decided
}

/** Engages a pause on the fork and ends it by two signatures; this also ends one that holds on the live side. */
async function released(ports: Ports): Promise<Result<true>> {
  const engaged = await engage(ports)
  if (!engaged.ok) return engaged
  return release(ports)
}

async function pauseHolds(ports: Ports, candidateId: string): Promise<Result<boolean>> {
  const engaged = await engage(ports)
  if (!engaged.ok) return engaged
  const tried = await applyCandidate(ports, asApplier(candidateId))
  const ended = await release(ports)
  if (!ended.ok) return ended
  return done(!tried.ok && tried.refusal.code === 'safety_pause_active')
}

const engage = (ports: Ports) =>
  engagePause(ports, {
    actorId: approver.id,
    ticket: `${PAUSE_TAG} drill`,
    reason: `drill ${ports.randomness.id('pause')}`,
    metrics: ['other:drill'],
  })

async function release(ports: Ports): Promise<Result<true>> {
  await recordCalm(ports, TRIGGER_METRICS)
  for (const { id } of [approver, applier]) {
    const signed = await releasePause(ports, { actorId: id, remediation: 'drill' })
    if (!signed.ok) return signed
  }
  return done(true)
}

interface Timed<T> {
  readonly result: T
  readonly durationMs: number
}

async function timed<T>(ports: Ports, work: () => Promise<T>): Promise<Timed<T>> {
  const began = ports.clock.monotonicMs()
  const result = await work()
  return { result, durationMs: Math.round(ports.clock.monotonicMs() - began) }
}

const recordOf = (result: Result<AppliedCandidate>): { readonly id: string } => {
  if (!result.ok) throw new Error('an apply that was refused has no record')
  return result.value.apply_record
}
