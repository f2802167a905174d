import { setTimeout as sleep } from 'node:timers/promises'
import type { Role } from '../../src/domain/controls.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import type { Digest } from '../../src/domain/units.ts'
import { addActor } from '../../src/loop/actor.ts'
import { revokeActor } from '../../src/loop/actor-revoke.ts'
import { recordKpiSummary } from '../../src/loop/kpi.ts'
import { buildPacket } from '../../src/loop/packet.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { propose } from '../../src/loop/propose.ts'
import { replayCandidate } from '../../src/loop/replay.ts'
import { changeThresholds } from '../../src/loop/thresholds.ts'
import { apply, decide, installationWithHistory, parameterChange, rollback } from './governed-candidate.ts'
import { copyOf, succeeded, type TestInstallation } from './installation.ts'

export const STATES = ['open', 'paused', 'stale', 'moved'] as const
export type State = (typeof STATES)[number]

/** Who knocks at a door: the roles they hold and what is the matter with their key. */
export interface Knocker {
  readonly id: string
  readonly roles: readonly Role[]
  readonly key: 'valid' | 'expired' | 'revoked' | 'unknown'
}

const ROLE_SETS: Readonly<Record<string, readonly Role[]>> = {
  ops: ['revenue_ops'],
  runtime: ['runtime_owner'],
  safety: ['safety_owner'],
  service: ['scheduler'],
  double: ['runtime_owner', 'safety_owner'],
}

/** Every set of roles with a valid, an expired and a revoked key; two whom nobody knows; and Ruth, who made and approved things. */
export const KNOCKERS: readonly Knocker[] = [
  ...Object.entries(ROLE_SETS).flatMap(([name, roles]) =>
    (['valid', 'expired', 'revoked'] as const).map(key => ({ id: `${name}.${key}`, roles, key })),
  ),
  { id: 'ruth', roles: ['runtime_owner'], key: 'valid' },
  { id: 'nobody', roles: [], key: 'unknown' },
  { id: 'root', roles: [], key: 'unknown' },
]

/** What the doors are tried on. Everything was made by Ana, but `ofRuth`. */
export interface Objects {
  readonly draft: string
  readonly replayed: string
  readonly reviewed: Digest
  readonly ofRuth: Digest
  readonly rejected: Digest
  readonly reviewedId: string
  readonly approvedId: string
  /** Approved by Ruth alone. */
  readonly approvedByRuthId: string
  readonly appliedId: string
  readonly applyRecordId: string
}

export interface AuthorityFixture {
  readonly objects: Objects
  readonly installed: Readonly<Record<State, TestInstallation>>
  remove(): Promise<void>
}

/** One installation in which every object is there, and copies of it in every state. */
export async function authorityFixture(): Promise<AuthorityFixture> {
  const open = await installationWithHistory()
  const { ports } = open
  await peopled(ports)
  const first = await packetBy(ports, 'ana', 'discount-cap-smb', -50)
  succeeded(await decide(ports, 'sam', first.packetId, 'approve'))
  const applied = succeeded(await apply(ports, 'ruth', first.candidateId)).apply_record
  const rejected = await packetBy(ports, 'ana', 'discount-cap-mid-market', -100)
  succeeded(await decide(ports, 'sam', rejected.packetId, 'reject', 'no'))
  const approved = await packetBy(ports, 'ana', 'discount-cap-enterprise', -50)
  const approvedByRuth = await packetBy(ports, 'ana', 'discount-cap-mid-market', -50)
  succeeded(await decide(ports, 'sam', approved.packetId, 'approve'))
  succeeded(await decide(ports, 'ruth', approvedByRuth.packetId, 'approve'))
  const reviewed = await packetBy(ports, 'ana', 'discount-cap-smb', -50)
  const ofRuth = await packetBy(ports, 'ruth', 'discount-cap-enterprise', -100)
  const replayed = await proposedBy(ports, 'ana', 'discount-cap-smb', -100)
  succeeded(await replayCandidate(ports, { actorId: 'ana', candidateId: replayed }))
  const objects: Objects = {
    draft: await proposedBy(ports, 'ana', 'discount-cap-smb', -150),
    replayed,
    reviewed: reviewed.packetId,
    ofRuth: ofRuth.packetId,
    rejected: rejected.packetId,
    reviewedId: reviewed.candidateId,
    approvedId: approved.candidateId,
    approvedByRuthId: approvedByRuth.candidateId,
    appliedId: first.candidateId,
    applyRecordId: applied.id,
  }
  const installed = { open, paused: await copyOf(open), stale: await copyOf(open), moved: await copyOf(open) }
  const pause = { actorId: 'sam', ticket: 'CLO-SAFETY-PAUSE', reason: 'x', metrics: ['other:x'] }
  succeeded(await engagePause(installed.paused.ports, pause))
  const window = { length: '30d', from: null, to: null, actorId: 'sam' }
  succeeded(await recordKpiSummary(installed.paused.ports, window))
  const thresholds = { ...DEFAULT_THRESHOLDS, packet_expiry_days: 13 }
  succeeded(await changeThresholds(installed.stale.ports, { actorId: 'sam', thresholds }))
  succeeded(await rollback(installed.moved.ports, 'sam', applied.id))
  return {
    objects,
    installed,
    remove: async () => {
      for (const state of STATES) await installed[state].remove()
    },
  }
}

async function peopled(ports: Ports): Promise<void> {
  const soon = new Date(Date.parse(ports.clock.now()) + 1500).toISOString()
  for (const { id, roles, key } of KNOCKERS) {
    if (key === 'unknown' || id === 'ruth') continue
    const validUntil = key === 'expired' ? soon : null
    const service = roles.includes('scheduler')
    succeeded(await addActor(ports, { id, roles, service, publicKey: null, validUntil }))
    if (key === 'revoked') succeeded(await revokeActor(ports, { id, keyId: null, reason: 'lost' }))
  }
  while (ports.clock.now() <= soon) await sleep(50)
}

async function proposedBy(ports: Ports, actorId: string, ruleId: string, by: number): Promise<string> {
  const change = await parameterChange(ports, ruleId, 'cap_bps', by)
  const { policy_version } = (await ports.store.read(tx => tx.last('policy_activation'))) as {
    policy_version: number
  }
  const fromDiff = { base_policy_version: policy_version, rule_diffs: [change] }
  const made = succeeded(await propose(ports, { actorId, snapshot: null, fromDiff, revertApply: null }))
  return (made.candidates[0] as { candidate_id: string }).candidate_id
}

async function packetBy(
  ports: Ports,
  actorId: string,
  ruleId: string,
  by: number,
): Promise<{ readonly candidateId: string; readonly packetId: Digest }> {
  const candidateId = await proposedBy(ports, actorId, ruleId, by)
  succeeded(await replayCandidate(ports, { actorId, candidateId }))
  const { packet_id: packetId } = succeeded(await buildPacket(ports, { actorId, candidateId }))
  return { candidateId, packetId }
}
