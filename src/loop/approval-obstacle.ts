import { judgeReport } from '../domain/guardrails.ts'
import type { Packet } from '../domain/packet.ts'
import { type Refusal, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { currentActivation } from './active.ts'
import { candidateEvidence } from './candidate-evidence.ts'
import { changedEvidence } from './packet-check.ts'
import { type PauseState, pauseState } from './pause.ts'
import type { Reading } from './ports.ts'
import type { CandidateRow } from './tables.ts'

/** Why this packet cannot be approved now, beyond who asks; null when nothing stands against it. Apply asks the same. */
export async function approvalObstacle(
  tx: Reading,
  packet: Packet,
  candidate: CandidateRow,
  at: Instant,
): Promise<Refusal | null> {
  const pause = await pauseState(tx)
  if (pause.paused) return pauseRefusal(pause)
  const evidence = await candidateEvidence(tx, candidate)
  if (!evidence.ok) return evidence.refusal
  const changed = changedEvidence(packet, evidence.value, at)
  if (changed.length > 0) return staleRefusal(packet, changed)
  const active = await currentActivation(tx)
  if (active.policy_version !== packet.base_policy_version) {
    return baseMoved(packet.base_policy_version, active)
  }
  return blockedRefusal(packet)
}

/** While paused nothing is approved and nothing is applied. */
export const pauseRefusal = (pause: PauseState): Refusal =>
  refuse(
    'safety_pause_active',
    pause.unreadable === null
      ? `the safety pause \`${pause.ticket}\` holds: ${pause.reason}`
      : `the state of the safety pause cannot be read, which counts as paused: ${pause.unreadable}`,
    pause.unreadable === null
      ? 'reject, request_changes and rollback go on; release needs a safety owner and a runtime owner'
      : 'run `quotey audit verify`, and restore a backup',
    { incident_ticket: pause.ticket, since: pause.since, by: pause.by, metrics: pause.metrics },
  ).refusal

export const staleRefusal = (packet: Packet, changed: readonly string[]): Refusal =>
  refuse(
    'stale_approval',
    `the packet's evidence is no longer current: ${changed.join(', ')}`,
    'run `quotey policy-opt replay`, build a new packet and have it decided again',
    { packet_id: packet.packet_id, changed, expires_at: packet.expires_at },
  ).refusal

/** Another version is active than the candidate was made for. */
export const baseMoved = (
  baseVersion: number,
  active: { readonly policy_version: number; readonly epoch: number },
): Refusal =>
  refuse(
    'base_version_moved',
    `the candidate changes version ${baseVersion}, and version ${active.policy_version} is active now`,
    'propose the change again on the active version',
    { base_policy_version: baseVersion, active_policy_version: active.policy_version, epoch: active.epoch },
  ).refusal

/** What the packet itself says against approval: guardrails first, judged anew as the rules are now, then attacks. */
export function blockedRefusal(packet: Packet): Refusal | null {
  const guardrails = judgeReport(packet.replay, packet.evidence.thresholds.guardrails)
  if (!guardrails.passed) {
    return refuse(
      'guardrail_blocked',
      `guardrails refuse this candidate: ${guardrails.blocks.map(block => block.code).join(', ')}`,
      packet.replay.deterministic_pass
        ? 'propose a change that stays within the limits, or bring history that can show it does'
        : 'replay it again and build a new packet; where the runs differ again, report it as a fault of ours',
      {
        blocks: guardrails.blocks.map(({ code, measured, limit, reason }) => ({
          code,
          measured,
          limit,
          reason,
        })),
      },
    ).refusal
  }
  if (packet.safety.passed) return null
  const blocking = packet.safety.attacks.filter(({ attack }) => packet.safety.blocking.includes(attack))
  return refuse(
    'attack_blocked',
    `red-team checks refuse this candidate: ${packet.safety.blocking.join(', ')}`,
    'read the reasons, then propose a change without that weakness',
    {
      attacks: blocking.map(({ attack, outcome, measured, limit, reason }) => ({
        attack,
        outcome,
        measured,
        limit,
        reason,
      })),
    },
  ).refusal
}
