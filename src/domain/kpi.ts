import type { Bps, CandidateId, Instant, Seconds } from './units.ts'

/** The one row of `clo_kpi_summary_v1`; what each figure means stands in docs/contracts.md. */
export interface KpiSummary {
  readonly window_start: Instant
  readonly window_end: Instant
  readonly candidate_throughput_count: number
  readonly review_decision_count: number
  readonly approved_count: number
  readonly adoption_rate_bps: Bps
  readonly applied_candidate_count: number
  readonly rolled_back_candidate_count: number
  readonly rollback_rate_bps: Bps
  readonly false_positive_candidate_count: number
  readonly false_positive_rate_bps: Bps
  readonly avg_approval_latency_seconds: Seconds
  readonly projected_outcome_sample_count: number
  readonly avg_projected_margin_delta_bps: Bps
  readonly realized_outcome_sample_count: number
  readonly avg_realized_margin_delta_bps: Bps
  readonly projected_vs_realized_sample_size: number
  readonly avg_projected_vs_realized_margin_gap_bps: Bps
  readonly replayed_candidate_count: number
  readonly approved_replayed_candidate_count: number
  readonly candidate_acceptance_rate_bps: Bps
  readonly hard_violation_candidate_count: number
  readonly hard_violation_blocked_count: number
  readonly unsafe_candidate_block_rate_bps: Bps
  readonly projected_realized_margin_delta_error_bps: Bps
  readonly rollback_mttr_seconds: Seconds
  readonly rollback_mttr_proxy_seconds: Seconds
  readonly rollback_count: number
  readonly replay_total_count: number
  readonly deterministic_pass_count: number
  readonly replay_determinism_rate_bps: Bps
  readonly realized_candidate_count: number
  readonly avg_realized_margin_delta_for_outcome_bps: Bps
  readonly avg_realized_win_rate_delta_bps: Bps
  readonly avg_realized_approval_latency_delta_seconds: Seconds
  readonly weighted_realized_outcome_score: number
  readonly max_rollback_rate_bps: Bps
  readonly max_false_positive_rate_bps: Bps
  readonly max_projected_realized_margin_gap_bps: Bps
  readonly rollback_spike_alert: 0 | 1
  readonly false_positive_alert: 0 | 1
  readonly margin_gap_alert: 0 | 1
  /** Comma-separated, empty without an alert. */
  readonly alert_reason_codes: string
}

/** The one row of `clo_kpi_summary_v2`, which stands beside v1 and says what v1 cannot; docs/contracts.md. */
export interface KpiSummaryV2 {
  readonly window_start: Instant
  readonly window_end: Instant
  readonly applied_candidate_count: number
  readonly rolled_back_candidate_count: number
  readonly rollback_rate_bps: Bps
  /** Applied candidates whose newest interval of the realised margin lies wholly below zero. */
  readonly harmful_candidate_count: number
  readonly harmful_candidate_rate_bps: Bps
  /** Applied candidates without a realised margin in the window. */
  readonly unobserved_candidate_count: number
  /** Candidates whose newest observation lacks one of the four realised figures. */
  readonly incomplete_observation_count: number
  readonly projected_vs_realized_sample_size: number
  readonly mean_absolute_margin_gap_bps: Bps
  readonly largest_absolute_margin_gap_bps: Bps
  readonly max_rollback_rate_bps: Bps
  readonly max_harmful_candidate_rate_bps: Bps
  readonly max_mean_absolute_margin_gap_bps: Bps
  readonly min_rollback_spike_samples: number
  readonly min_harmful_spike_samples: number
  readonly min_margin_gap_drift_samples: number
  readonly rollback_spike_alert: 0 | 1
  readonly harmful_spike_alert: 0 | 1
  readonly margin_gap_alert: 0 | 1
  readonly realized_fields_missing_alert: 0 | 1
  /** Comma-separated, empty without an alert: rollback_spike, harmful_spike, margin_gap_drift, realized_fields_missing. */
  readonly alert_reason_codes: string
}

/** One row of `clo_kpi_projected_vs_realized_detail_v1`. */
export interface KpiDetailRow {
  readonly candidate_id: CandidateId
  readonly replayed_at: Instant
  readonly monitored_at: Instant
  readonly projected_margin_delta_bps: Bps | null
  readonly realized_margin_delta_bps: Bps
  readonly margin_gap_bps: Bps | null
  readonly projected_win_rate_delta_bps: Bps | null
  readonly realized_win_rate_delta_bps: Bps | null
  readonly projected_approval_latency_delta_seconds: Seconds | null
  readonly realized_approval_latency_delta_seconds: Seconds | null
}
