import type { SafetyEvaluation } from './attacks.ts'
import type { FitnessVerdict } from './fitness-finding.ts'
import type { RuleDiff } from './policy.ts'
import type { BlastRadius, ReplayReport, SupportShares } from './replay-report.ts'
import type { ResponseModel } from './response.ts'
import type { Thresholds } from './thresholds.ts'
import type { ActorId, Bps, CandidateId, Digest, Instant, PolicyVersion } from './units.ts'

/** What a candidate's history was judged to be; `unknown` where no audit went with it. */
export type HistoryVerdict = FitnessVerdict | 'unknown'

/** Schema `clo_packet.v1` without its name: everything a reviewer sees. Its digest is the packet's id. */
export interface PacketBody {
  readonly schema: 'clo_packet.v1'
  readonly candidate_id: CandidateId
  /** Digest of what the candidate is: its policies, diff, provenance and scope. */
  readonly candidate_version: Digest
  readonly created_by: ActorId
  readonly built_by: ActorId
  readonly built_at: Instant
  readonly expires_at: Instant
  readonly base_policy_version: PolicyVersion
  readonly proposed_policy_version: PolicyVersion
  readonly replay_checksum: Digest
  readonly diff: {
    readonly rule_diffs: readonly RuleDiff[]
    /** Both policies whole, as YAML. */
    readonly base_text: string
    readonly proposed_text: string
  }
  readonly replay: ReplayReport
  readonly safety: SafetyEvaluation
  readonly fitness_verdict: HistoryVerdict
  /** Whether the proposal's robust lower bound lay above zero; an effect that is not proven is called so. */
  readonly proven: boolean
  /** How strong a hidden cause would overturn a proven effect, as a share of the pooled slope; null where not known. */
  readonly overturning_slope_share_bps: Bps | null
  /** Of the snapshot's cents. */
  readonly currency: string
  readonly risk_score_bps: Bps
  readonly blast_radius: BlastRadius
  readonly support: SupportShares
  readonly fallback_plan: FallbackPlan
  readonly inputs: PacketInputs
  /** The inputs themselves as far as they fit into a file, so that it can be checked without the installation. */
  readonly evidence: {
    readonly thresholds: Thresholds
    readonly response_model: ResponseModel | null
  }
  /** At most five lines; every number comes from the evidence. */
  readonly summary: readonly string[]
}

export interface Packet extends PacketBody {
  readonly packet_id: Digest
}

/** Digests of all that the packet stands on, by name. */
export type PacketInputs = {
  readonly base_policy: Digest
  readonly proposed_policy: Digest
  readonly snapshot: Digest
  readonly response_model: Digest | null
  readonly fitness_audit: Digest | null
  readonly thresholds: Digest
  readonly replay_report: Digest
}

/** What to do when the promised effect does not arrive. */
export interface FallbackPlan {
  readonly target_policy_version: PolicyVersion
  readonly target_policy_digest: Digest
  readonly trigger_metrics: readonly { readonly metric: string; readonly limit_bps: Bps }[]
  readonly who: readonly string[]
  readonly command: string
}

/** Takes the change back to the base version when one of the alerts fires. */
export const fallbackPlan = (
  basePolicyVersion: PolicyVersion,
  basePolicyDigest: Digest,
  alerts: Thresholds['alerts'],
): FallbackPlan => ({
  target_policy_version: basePolicyVersion,
  target_policy_digest: basePolicyDigest,
  trigger_metrics: [
    { metric: 'rollback_spike_alert', limit_bps: alerts.max_rollback_rate_bps },
    { metric: 'false_positive_alert', limit_bps: alerts.max_false_positive_rate_bps },
    { metric: 'margin_gap_alert', limit_bps: alerts.max_projected_realized_margin_gap_bps },
  ],
  who: ['runtime_owner', 'safety_owner'],
  command: 'quotey policy-opt rollback APPLY --reason TEXT',
})
