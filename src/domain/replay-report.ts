import type { NotReplayableReason } from './decision.ts'
import type { CohortScope } from './replay.ts'
import type { Bps, CandidateId, Cents, Digest, PolicyVersion, Ppm, Seconds } from './units.ts'

/**
 * Schema `clo_replay_report.v1`, JSON names as in docs/contracts.md: all that one replay found. Every integer lies within
 * 2^53 - 1, totals in cents are decimal strings, null is unknown (never "none"). It names no engine, because engines agree.
 */
export interface ReplayReport {
  readonly schema: 'clo_replay_report.v1'
  /** null for an evaluation of a change that is no candidate yet. */
  readonly candidate_id: CandidateId | null
  /** Digest of this report without this field: over every input and every result; evidence/replay-checksum.ts. */
  readonly replay_checksum: Digest
  readonly engine_version: string
  /** Earned: permuted rows on another engine or partition gave the same sums to the last byte. */
  readonly deterministic_pass: boolean
  readonly inputs: ReplayInputs
  /** The snapshot's, as it came; "" of no quotes. Amounts are in its minor units. */
  readonly currency: string
  readonly counts: ReplayCounts

  /** Mean difference of margin_bps over scored quotes with cost. */
  readonly projected_margin_delta_bps: Bps | null
  /** Difference of the two policies' profit over net, over scored quotes with cost. */
  readonly revenue_weighted_margin_delta_bps: Bps | null
  readonly projected_win_rate_delta_bps: Bps | null
  /** Difference of the two approval rates over scored quotes. */
  readonly projected_approval_load_delta_bps: Bps | null
  /** Mean over scored quotes of the change in waiting, at the segment's mean logged latency. */
  readonly projected_approval_latency_delta_seconds: Seconds | null
  /** Violations under the candidate less those under the base. */
  readonly projected_hard_violation_delta: number | null
  readonly expected_margin_delta_cents: {
    /** Decimal string over all scored quotes with cost. */
    readonly total: string | null
    readonly per_quote: Cents | null
  }
  /** Share of the base's net that needs an approval under the base and none under the candidate. */
  readonly approval_coverage_loss_bps: Bps | null
  readonly intervals: ReplayIntervals

  readonly blast_radius: BlastRadius
  readonly support: SupportShares
  readonly guardrails: GuardrailVerdict
  /** Codes of RISK_FLAGS, in that order. */
  readonly risk_flags: readonly RiskFlag[]
  readonly by_segment: Readonly<Record<string, ReplaySlice>>
  readonly by_region: Readonly<Record<string, ReplaySlice>>
  /** Over the impacted quotes on which the rule's effect differs. */
  readonly by_rule: Readonly<Record<string, ReplaySlice>>
  readonly margin_delta_histogram: readonly HistogramBin[]
  readonly movers: { readonly losing: readonly Mover[]; readonly gaining: readonly Mover[] }
}

/** All that went in. Versions are null where the policy has none yet. */
export interface ReplayInputs {
  readonly base_policy_version: PolicyVersion | null
  readonly base_policy_digest: Digest
  readonly proposed_policy_version: PolicyVersion | null
  readonly proposed_policy_digest: Digest
  readonly snapshot_digest: Digest
  readonly model_digest: Digest | null
  readonly thresholds_digest: Digest
  readonly cohort_scope: CohortScope
}

/** in_scope = open + not_replayable (all reasons) + scored. */
export interface ReplayCounts {
  readonly in_scope: number
  readonly scored: number
  /** Scored quotes with a known cost: margins and expected margins are over these. */
  readonly with_cost: number
  readonly open: number
  readonly not_replayable: Readonly<Record<NotReplayableReason, number>>
  /** Not replayable under the base alone. */
  readonly not_replayable_base: number
}

/**
 * Point and 95% interval in the unit of the measure, limits rounded outwards. Point null: no data. Limits null: fewer than two
 * groups to resample. What depends on the response model is about the quotes replayed, as they are, with the point at the
 * fitted slopes and the widest interval over the slope range.
 */
export interface Estimate {
  readonly point: number | null
  readonly lower: number | null
  readonly upper: number | null
}

export interface ReplayIntervals {
  readonly margin_delta_bps: Estimate
  readonly revenue_weighted_margin_delta_bps: Estimate
  readonly win_rate_delta_bps: Estimate
  readonly approval_load_delta_bps: Estimate
  readonly approval_latency_delta_seconds: Estimate
  readonly hard_violation_delta: Estimate
  readonly expected_margin_delta_cents_per_quote: Estimate
  readonly approval_coverage_loss_bps: Estimate
}

/** Impacted: grant, approval, approvers or violations differ. Keys sorted by UTF-8 bytes. */
export interface BlastRadius {
  readonly impacted_quote_count: number
  /** Of scored quotes; 0 where none is scored. */
  readonly impacted_quote_ratio_bps: Bps
  readonly impacted_segment_keys: readonly string[]
  readonly impacted_rule_ids: readonly string[]
  /** `segment/region` pairs with an impacted quote. */
  readonly impacted_cohort_ids: readonly string[]
  readonly impacted_cluster_count: number
  /** Impacted quotes in segments that the model calls thin. */
  readonly impacted_thin_quote_count: number
  /** The base's net of impacted quotes, decimal string, and its share of the base's net of all scored quotes. */
  readonly impacted_value_cents: string
  readonly impacted_value_ratio_bps: Bps
}

/** Shares of scored quotes; null where none is scored. Classes and the worst case are defined in support.ts. */
export interface SupportShares {
  readonly observed_bps: Bps | null
  readonly reweighted_bps: Bps | null
  readonly extrapolated_bps: Bps | null
  /** Expected margin delta when extrapolated quotes behave as badly as monotonicity allows, at the worst slope; null without a model. */
  readonly worst_case_expected_margin_delta_cents_per_quote: Cents | null
}

export const GUARDRAIL_CODES = [
  'margin_delta_too_low',
  'win_rate_delta_too_low',
  'approval_load_delta_too_high',
  'approval_coverage_loss_too_high',
  'hard_violation_delta_too_high',
] as const
export type GuardrailCode = (typeof GUARDRAIL_CODES)[number]

export interface GuardrailBlock {
  readonly code: GuardrailCode | `${GuardrailCode}_unknown` | 'not_deterministic'
  /** The interval limit that was judged, null where unknown; of `not_deterministic` the runs that gave these bytes. */
  readonly measured: number | null
  readonly limit: number
  readonly reason: string
}

export interface GuardrailVerdict {
  readonly passed: boolean
  readonly blocks: readonly GuardrailBlock[]
}

/** What a reviewer should know before reading on, most serious first. Predicates in risk-flags.ts. */
export const RISK_FLAGS = [
  'not_deterministic',
  'nothing_scored',
  'no_response_model',
  'interval_unknown',
  'thin_segment_touched',
  'not_replayable_increased',
  'violations_increased',
  'mostly_extrapolated',
  'cost_missing',
  'nothing_impacted',
] as const
export type RiskFlag = (typeof RISK_FLAGS)[number]

/** One segment, region or rule. Means are over the slice's scored quotes (margin and expected margin: those with cost). */
export interface ReplaySlice {
  readonly scored: number
  readonly with_cost: number
  readonly impacted: number
  readonly margin_delta_bps: Bps | null
  readonly win_rate_delta_bps: Bps | null
  readonly approval_load_delta_bps: Bps | null
  readonly hard_violation_delta: number
  readonly expected_margin_delta_cents: {
    readonly total: string | null
    readonly per_quote: Cents | null
  }
}

/** Scored quotes with cost whose margin delta is at most `up_to_bps` and above the bin before; null: all that is larger. */
export interface HistogramBin {
  readonly up_to_bps: Bps | null
  readonly quotes: number
}

/** One quote that moves much, under both policies. */
export interface Mover {
  readonly quote_id: string
  readonly segment: string
  readonly region: string
  readonly list_cents: Cents
  readonly base: MoverDecision
  readonly candidate: MoverDecision
  /** Rules whose effect on this quote differs. */
  readonly rule_ids: readonly string[]
  /** Rounded to the cent; without a model, the difference in profit if the quote is won. */
  readonly expected_margin_delta_cents: Cents
}

export interface MoverDecision {
  readonly granted_discount_bps: Bps
  readonly net_cents: Cents
  readonly margin_bps: Bps | null
  readonly approval_required: boolean
  readonly approvers: readonly string[]
  readonly violations: readonly string[]
  /** With the full fit at the point slope; null without a model. */
  readonly win_ppm: Ppm | null
}
