import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Role } from '../../src/domain/controls.ts'
import { type IncidentCause, PLAYBOOKS } from '../../src/domain/playbook.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import type { Digest, Instant } from '../../src/domain/units.ts'
import { addActor } from '../../src/loop/actor.ts'
import { revokeActor } from '../../src/loop/actor-revoke.ts'
import { openIncident } from '../../src/loop/incident-open.ts'
import { doIncidentStep } from '../../src/loop/incident-step.ts'
import { recordKpiSummary } from '../../src/loop/kpi.ts'
import { opsWeekly } from '../../src/loop/ops-weekly.ts'
import { buildPacket } from '../../src/loop/packet.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import { releasePause } from '../../src/loop/pause-release.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { propose } from '../../src/loop/propose.ts'
import { replayCandidate } from '../../src/loop/replay.ts'
import { changeRoot } from '../../src/loop/root.ts'
import { changeThresholds } from '../../src/loop/thresholds.ts'
import { apply, decide, installationWithHistory, parameterChange, rollback } from './governed-candidate.ts'
import { copyOf, succeeded, type TestInstallation } from './installation.ts'

/** `lapsed`: the keyring itself is past its time. */
export const STATES = ['open', 'paused', 'stale', 'moved', 'lapsed'] as const
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
  /** An incident of which nothing is done, one that waits for its sign-off, and the step that does. */
  readonly freshIncident: string
  readonly ripeIncident: string
  readonly signOffStep: number
}

export interface AuthorityFixture {
  readonly objects: Objects
  readonly installed: Readonly<Record<State, TestInstallation>>
  /** Open, with root keys of Ana, Ruth and Rex of which two must sign. */
  readonly guarded: TestInstallation
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
    ...(await incidents(ports)),
  }
  assert.ok(succeeded(await opsWeekly(ports, { actorId: 'ruth' })).ok)
  for (const holder of ['sam', 'both'])
    succeeded(await changeRoot(ports, { kind: 'add', holder, publicKey: null }))
  const installed = {
    open,
    paused: await copyOf(open),
    stale: await copyOf(open),
    moved: await copyOf(open),
    lapsed: await copyOf(open),
  }
  const guarded = await copyOf(open)
  for (const holder of ['ana', 'ana', 'ruth', 'rex']) {
    succeeded(await changeRoot(guarded.ports, { kind: 'add', holder, publicKey: null }))
  }
  succeeded(await changeRoot(guarded.ports, { kind: 'threshold', persons: 2 }))
  const pause = { actorId: 'sam', ticket: 'CLO-SAFETY-PAUSE', reason: 'x', metrics: ['other:x'] }
  succeeded(await engagePause(installed.paused.ports, pause))
  const window = { length: '30d', from: null, to: null, actorId: 'sam' }
  succeeded(await recordKpiSummary(installed.paused.ports, window))
  const thresholds = { ...DEFAULT_THRESHOLDS, packet_expiry_days: 13 }
  succeeded(await changeThresholds(installed.stale.ports, { actorId: 'sam', thresholds }))
  succeeded(await rollback(installed.moved.ports, 'sam', applied.id))
  const expiresAt = inMs(installed.lapsed.ports, SOON_MS)
  succeeded(await changeRoot(installed.lapsed.ports, { kind: 'expiry', expiresAt }))
  await until(installed.lapsed.ports, expiresAt)
  return {
    objects,
    installed,
    guarded,
    remove: async () => {
      for (const state of STATES) await installed[state].remove()
      await guarded.remove()
    },
  }
}

async function peopled(ports: Ports): Promise<void> {
  let soon = ports.clock.now()
  for (const { id, roles, key } of KNOCKERS) {
    if (key === 'unknown' || id === 'ruth') continue
    if (key === 'expired') soon = inMs(ports, SOON_MS)
    const validUntil = key === 'expired' ? soon : null
    const service = roles.includes('scheduler')
    succeeded(await addActor(ports, { id, roles, service, publicKey: null, validUntil }))
    if (key === 'revoked') succeeded(await revokeActor(ports, { id, keyId: null, reason: 'lost' }))
  }
  await until(ports, soon)
}

/** Long enough for one change to be made on a busy machine before it is over. */
const SOON_MS = 3000

const inMs = (ports: Ports, ms: number): Instant => new Date(Date.parse(ports.clock.now()) + ms).toISOString()

async function until(ports: Ports, instant: Instant): Promise<void> {
  while (ports.clock.now() <= instant) await sleep(50)
}

/** Two incidents opened by hand; the pause that the steps of one engage is released again. */
async function incidents(
  ports: Ports,
): Promise<Pick<Objects, 'freshIncident' | 'ripeIncident' | 'signOffStep'>> {
  const opened = async (cause: IncidentCause): Promise<string> =>
    succeeded(await openIncident(ports, { actorId: 'sam', cause, reason: 'seen', ticket: null })).incident_id
  const freshIncident = await opened('margin_gap_drift')
  const ripeIncident = await opened('other')
  const signOffStep = PLAYBOOKS.other.findIndex(({ action }) => action === 'sign_off') + 1
  for (let step = 1; step < signOffStep; step += 1) {
    const note = 'as the playbook says'
    succeeded(await doIncidentStep(ports, { actorId: 'ruth', incidentId: ripeIncident, step, note }))
  }
  succeeded(await recordKpiSummary(ports, { length: '30d', from: null, to: null, actorId: 'sam' }))
  for (const actorId of ['ruth', 'sam'])
    succeeded(await releasePause(ports, { actorId, remediation: 'none' }))
  return { freshIncident, ripeIncident, signOffStep }
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
