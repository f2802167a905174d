import { join } from 'node:path'
import { writeMarketFile } from '../../src/adapters/market-file.ts'
import type { Packet } from '../../src/domain/packet.ts'
import type { RuleDiff } from '../../src/domain/policy.ts'
import type { Result } from '../../src/domain/refusal.ts'
import type { Digest } from '../../src/domain/units.ts'
import { type DecidedAction, decideOnPacket } from '../../src/loop/action.ts'
import { activePolicy } from '../../src/loop/active.ts'
import { applyCandidate } from '../../src/loop/apply.ts'
import type { ReviewDecision } from '../../src/loop/decision-record.ts'
import { importHistory } from '../../src/loop/history.ts'
import { buildPacket } from '../../src/loop/packet.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { propose } from '../../src/loop/propose.ts'
import { replayCandidate } from '../../src/loop/replay.ts'
import { rollbackApply } from '../../src/loop/rollback.ts'
import { newInstallation, succeeded, type TestInstallation } from './installation.ts'

/** An installation of PEOPLE with a simulated history that supports small changes of the starter policy. */
export async function installationWithHistory(quotes = 3000): Promise<TestInstallation> {
  const installed = await newInstallation()
  const path = join(installed.folder, 'quotes.csv')
  succeeded(await writeMarketFile(path, { seed: 11, quotes }))
  succeeded(await importHistory(installed.ports, { path, map: null, rejectsMax: 0 }))
  return installed
}

/** A change of one parameter of the active policy by so much. */
export async function parameterChange(
  ports: Ports,
  ruleId: string,
  field: string,
  by: number,
): Promise<RuleDiff> {
  const { document } = await ports.store.read(activePolicy)
  const from = document.rules.find(rule => rule.id === ruleId)?.params?.[field]
  if (from === undefined) throw new Error(`no parameter ${field} of ${ruleId}`)
  return { rule_id: ruleId, operation: 'update', field, from, to: from + by, rationale: 'a small step' }
}

/** A candidate by Ana of these changes, or of a small step that passes every guardrail and attack. */
export async function candidateOf(ports: Ports, ...ruleDiffs: RuleDiff[]): Promise<string> {
  const { version } = await ports.store.read(activePolicy)
  const diffs =
    ruleDiffs.length > 0 ? ruleDiffs : [await parameterChange(ports, 'discount-cap-smb', 'cap_bps', -50)]
  const fromDiff = { base_policy_version: version, rule_diffs: diffs }
  const made = succeeded(
    await propose(ports, { actorId: 'ana', snapshot: null, fromDiff, revertApply: null }),
  )
  return (made.candidates[0] as { candidate_id: string }).candidate_id
}

/** The packet of a candidate, replayed and built by Ana. */
export async function packetOf(ports: Ports, candidateId: string): Promise<Packet> {
  succeeded(await replayCandidate(ports, { actorId: 'ana', candidateId }))
  return succeeded(await buildPacket(ports, { actorId: 'ana', candidateId }))
}

export const decide = (
  ports: Ports,
  actorId: string,
  packetId: Digest,
  decision: ReviewDecision,
  reason: string | null = null,
): Promise<Result<DecidedAction>> =>
  decideOnPacket(ports, { actorId, packetId, decision, reason, channel: 'cli' })

/** A candidate that Sam approved, ready to be applied. */
export async function approvedCandidate(
  ports: Ports,
  ...ruleDiffs: RuleDiff[]
): Promise<{ readonly candidateId: string; readonly packet: Packet }> {
  const candidateId = await candidateOf(ports, ...ruleDiffs)
  const packet = await packetOf(ports, candidateId)
  succeeded(await decide(ports, 'sam', packet.packet_id, 'approve'))
  return { candidateId, packet }
}

export const apply = (ports: Ports, actorId: string, candidateId: string) =>
  applyCandidate(ports, { actorId, candidateId })

export const rollback = (ports: Ports, actorId: string, applyRecordId: string, reason = 'no effect') =>
  rollbackApply(ports, { actorId, applyRecordId, reason, triggeredAt: null })
