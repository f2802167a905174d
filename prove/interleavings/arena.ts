import { readFileSync } from 'node:fs'
import { drillChange } from '../../src/domain/drill-change.ts'
import { drillThresholds } from '../../src/domain/drill-history.ts'
import { readPolicyText } from '../../src/domain/policy-text.ts'
import type { Result } from '../../src/domain/refusal.ts'
import type { Digest } from '../../src/domain/units.ts'
import { decideOnPacket } from '../../src/loop/action.ts'
import { activePolicy, currentThresholds } from '../../src/loop/active.ts'
import { addActor } from '../../src/loop/actor.ts'
import { DRILL_ACTORS, drillCandidate, recordCalm } from '../../src/loop/drill-fork.ts'
import { foundInstallation } from '../../src/loop/init.ts'
import { buildPacket } from '../../src/loop/packet.ts'
import { TRIGGER_METRICS } from '../../src/loop/pause-engage.ts'
import { releasePause } from '../../src/loop/pause-release.ts'
import { controlStatus } from '../../src/loop/pause-status.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { replayCandidate } from '../../src/loop/replay.ts'
import { changeThresholds } from '../../src/loop/thresholds.ts'
import { type Connection, found, open } from './place.ts'

const STARTER = new URL('../../policies/starter.yaml', import.meta.url)
const { builder, approver, applier } = DRILL_ACTORS

/** A candidate ready for the contenders. */
export interface Ready {
  readonly candidateId: string
  readonly packetId: Digest
}

/** An installation with the three people of a drill, and thresholds that no quote needs to answer, signed by two of them. */
export async function newArena(connection: Connection): Promise<Ports> {
  const policy = must(readPolicyText(readFileSync(STARTER, 'utf8')))
  must(await found(connection, ports => foundInstallation(ports, policy)))
  const ports = await open(connection)
  for (const { id, role } of Object.values(DRILL_ACTORS)) {
    must(await addActor(ports, { id, roles: [role], service: false, publicKey: null, validUntil: null }))
  }
  const { thresholds: live } = await ports.store.read(currentThresholds)
  const thresholds = drillThresholds(live)
  must(await changeThresholds(ports, { actorId: approver.id, thresholds }))
  must(await changeThresholds(ports, { actorId: applier.id, thresholds }))
  return ports
}

/** A candidate on the active version with its packet built, and approved if so asked. */
export async function stocked(ports: Ports, approved: boolean): Promise<Ready> {
  const { document } = await ports.store.read(activePolicy)
  const { id: candidateId } = must(await drillCandidate(ports, [drillChange(document)]))
  must(await replayCandidate(ports, { actorId: builder.id, candidateId }))
  const { packet_id: packetId } = must(await buildPacket(ports, { actorId: builder.id, candidateId }))
  if (approved) {
    const decided = {
      actorId: approver.id,
      packetId,
      decision: 'approve',
      reason: 'proof',
      channel: 'cli',
    } as const
    must(await decideOnPacket(ports, decided))
  }
  return { candidateId, packetId }
}

/** Ends the pause, if there is one, while nobody else acts. */
export async function calmed(ports: Ports): Promise<void> {
  if (!(await controlStatus(ports)).paused) return
  await recordCalm(ports, TRIGGER_METRICS)
  for (const { id } of [approver, applier])
    must(await releasePause(ports, { actorId: id, remediation: 'proof' }))
  if ((await controlStatus(ports)).paused) throw new Error('the pause did not end')
}

export function must<T>(result: Result<T>): T {
  if (result.ok) return result.value
  throw new Error(JSON.stringify(result.refusal))
}
