import { fallbackPlan, type PacketBody } from './packet.ts'
import { riskScoreBps } from './packet-risk.ts'
import { packetSummary } from './packet-summary.ts'
import type { Instant } from './units.ts'

/** What a packet draws from its own evidence, so that anybody can draw it again from the file. */
export type PacketDrawn = Pick<
  PacketBody,
  'risk_score_bps' | 'blast_radius' | 'support' | 'fallback_plan' | 'expires_at' | 'summary'
>

/** The evidence it is drawn from. */
export type PacketGrounds = Omit<PacketBody, keyof PacketDrawn>

/** Risk, reach, fallback, expiry and summary of a packet. */
export function drawnFrom(grounds: PacketGrounds): PacketDrawn {
  const { replay, safety, evidence } = grounds
  return {
    risk_score_bps: riskScoreBps(replay, !safety.passed || !replay.guardrails.passed),
    blast_radius: replay.blast_radius,
    support: replay.support,
    fallback_plan: fallbackPlan(
      grounds.base_policy_version,
      grounds.inputs.base_policy,
      evidence.thresholds.alerts,
    ),
    expires_at: daysAfter(grounds.built_at, evidence.thresholds.packet_expiry_days),
    summary: packetSummary(grounds),
  }
}

const DAY_MS = 86_400_000
const daysAfter = (at: Instant, days: number): Instant =>
  new Date(Date.parse(at) + days * DAY_MS).toISOString()
