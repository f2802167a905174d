import type { FitnessFinding, FitnessVerdict } from '../../domain/fitness-finding.ts'
import type { KpiSummary } from '../../domain/kpi.ts'
import type { Packet } from '../../domain/packet.ts'
import type { RuleDiff } from '../../domain/policy.ts'
import type { RejectReason } from '../../domain/quote-file-account.ts'
import type { Refusal } from '../../domain/refusal.ts'
import type { Estimate, ReplayReport, SupportShares } from '../../domain/replay-report.ts'
import type { ResponseEvidence } from '../../domain/response.ts'
import type { Digest, Instant } from '../../domain/units.ts'
import type { KpiSnapshot } from '../../loop/kpi-history.ts'
import type { MonitoringResult } from '../../loop/monitor.ts'
import type { Currency } from './figures.ts'

/**
 * What one run of the loop found, for the report; the steps' own outputs under the names of docs/contracts.md. A section is
 * null where its step did not happen, and the report leaves it out or says so.
 */
export interface RunReport {
  readonly policy_name: string
  readonly generated_at: Instant
  readonly currency: Currency
  readonly history: ReportedHistory
  readonly fitness: { readonly verdict: FitnessVerdict; readonly findings: readonly FitnessFinding[] } | null
  readonly proposal: ReportedProposal | null
  /** The candidate that went on, one of the proposal's; null where history supports none. */
  readonly candidate_id: string | null
  /** The refusal that ended the run before a proposal. */
  readonly stopped: Refusal | null
  readonly replay: ReplayReport | null
  readonly packet: Packet | null
  readonly response: ResponseEvidence | null
  readonly timeline: readonly TimelineEntry[]
  readonly monitoring: MonitoringResult | null
  readonly drill: ReportedDrill | null
  readonly rollback: ReportedRollback | null
  readonly kpi: KpiSummary | null
  /** Recorded snapshots, oldest first. */
  readonly kpi_history: readonly KpiSnapshot[]
  readonly audit: ReportedAudit | null
  /** By name, in the order in which a number is walked back. */
  readonly digests: readonly { readonly name: string; readonly digest: Digest }[]
}

/** Output of `history import`, and where the quotes came from. */
export interface ReportedHistory {
  readonly source: string
  /** true for quotes of `history simulate`. */
  readonly simulated: boolean
  readonly snapshot_id: string
  readonly rows: number
  readonly accepted: number
  readonly rejected: number
  readonly reject_reasons: readonly RejectReason[]
  readonly won: number
  readonly lost: number
  readonly open: number
}

/** Output of `policy-opt propose`, as far as the report reads it. */
export interface ReportedProposal {
  readonly base_policy_version: number
  readonly searched: number
  readonly candidates: readonly ReportedCandidate[]
  readonly frontier: readonly ReportedFrontierPoint[]
  readonly not_proposed: readonly {
    readonly reason: string
    readonly count: number
    readonly remedy: string
  }[]
}

export interface ReportedCandidate {
  readonly candidate_id: string
  readonly base_policy_version: number
  readonly proposed_policy_version: number
  readonly rule_diffs: readonly RuleDiff[]
  readonly estimates: {
    readonly margin_delta_bps: Estimate
    readonly win_rate_delta_bps: Estimate
    readonly approval_load_delta_bps: Estimate
    readonly hard_violation_delta: Estimate
    readonly expected_margin_delta_cents_per_quote: Estimate
  }
  readonly support: Pick<SupportShares, 'observed_bps' | 'reweighted_bps' | 'extrapolated_bps'>
}

/** One setting that may be proposed and that no other beats in everything. */
export interface ReportedFrontierPoint {
  readonly expected_margin_delta_cents_per_quote: number
  readonly win_rate_delta_bps: number | null
  readonly approval_load_delta_bps: number | null
  /** The candidate that this setting became. */
  readonly candidate_id: string | null
}

/** One thing that happened, from the audit log; timeline.ts makes them. */
export interface TimelineEntry {
  readonly at: Instant
  readonly event_type: string
  readonly actor_id: string
  /** What it was about, in the reader's words. */
  readonly note: string
  readonly duration_ms: number | null
}

/** Output of `policy-opt drill`. */
export interface ReportedDrill {
  readonly apply_duration_ms: number
  readonly rollback_duration_ms: number
  readonly reapply_duration_ms: number
  readonly first_apply_verification_checksum: string
  readonly rollback_verification_checksum: string
  readonly reapply_verification_checksum: string
  readonly safety_passed: boolean
  readonly final_policy_version: number
  readonly live_state_digest_before: string
  readonly live_state_digest_after: string
}

/** From the record of `policy-opt rollback`. */
export interface ReportedRollback {
  readonly rollback_target_version: number
  readonly rollback_reason: string
  readonly rollback_triggered_at: Instant
  readonly rolled_back_at: Instant
}

/** Output of `audit verify`. */
export interface ReportedAudit {
  readonly ok: boolean
  readonly entries: number
  /** Hash of the newest entry; null for an empty log. */
  readonly root_hash: string | null
  readonly findings: readonly { readonly code: string; readonly where: string }[]
}

/** The candidate that went on, else the first proposed, else null. */
export const candidateOf = ({ proposal, candidate_id }: RunReport): ReportedCandidate | null =>
  proposal?.candidates.find(candidate => candidate.candidate_id === candidate_id) ??
  proposal?.candidates[0] ??
  null
