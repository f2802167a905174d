import type { AlertCode } from './alert-state.ts'
import { PROTECTED_ATTRIBUTES_DEFAULT } from './protected-attributes.ts'
import type { Bps } from './units.ts'

/** Schema `clo_thresholds.v1`, JSON names; versioned and signed like a policy. */
export type Thresholds = {
  readonly schema: 'clo_thresholds.v1'
  readonly guardrails: {
    readonly min_margin_delta_bps: Bps
    readonly min_win_rate_delta_bps: Bps
    readonly max_approval_load_delta_bps: Bps
    readonly max_approval_coverage_loss_bps: Bps
    readonly max_hard_violation_delta: number
    /** Guardrail codes and attacks whose measure may be unknown without blocking. */
    readonly not_required: readonly string[]
  }
  readonly alerts: {
    readonly max_rollback_rate_bps: Bps
    readonly max_false_positive_rate_bps: Bps
    readonly max_projected_realized_margin_gap_bps: Bps
    readonly min_samples: {
      readonly rollback_spike: number
      readonly false_positive_spike: number
      readonly margin_gap_drift: number
    }
    /** Alerts that engage the safety pause by themselves when `ops daily` finds them raised. */
    readonly engage_pause: readonly AlertCode[]
  }
  readonly evidence: {
    /** A segment with fewer closed quotes is thin: no proposal may touch it. */
    readonly thin_segment_quotes: number
    /** Half-width of the range of slopes an estimate is judged over, as a share of the pooled slope, 0..1 in 1/10000. */
    readonly sensitivity_offset_share: number
    /** Words in the names of attributes on which prices must not be set; isProtectedAttribute says how they are matched. */
    readonly protected_attributes: readonly string[]
  }
  readonly attacks: {
    readonly margin_collapse: { readonly max_margin_loss_bps: Bps; readonly max_quote_share_bps: Bps }
    readonly biased_cohort_regression: { readonly max_segment_loss_bps: Bps }
    readonly violation_laundering: { readonly max_not_replayable_delta: number }
    /** Share of impacted quotes whose new decision history never saw. */
    readonly extrapolation: { readonly max_extrapolated_share_bps: Bps }
    /** Share of scored quotes that newly escape a sign-off or a violation by no more than the window, of discount, size or margin. */
    readonly threshold_gaming: { readonly window_bps: Bps; readonly max_share_bps: Bps }
    /** Cramér's V between whom a rule meets and a protected attribute, 0..10000. */
    readonly protected_attribute: { readonly max_association_bps: Bps }
  }
  readonly packet_expiry_days: number
}

export const DEFAULT_THRESHOLDS: Thresholds = {
  schema: 'clo_thresholds.v1',
  guardrails: {
    min_margin_delta_bps: -50,
    min_win_rate_delta_bps: -25,
    max_approval_load_delta_bps: 400,
    max_approval_coverage_loss_bps: 500,
    max_hard_violation_delta: 0,
    not_required: [],
  },
  alerts: {
    max_rollback_rate_bps: 1500,
    max_false_positive_rate_bps: 1000,
    max_projected_realized_margin_gap_bps: 200,
    min_samples: { rollback_spike: 5, false_positive_spike: 5, margin_gap_drift: 3 },
    engage_pause: [],
  },
  evidence: {
    thin_segment_quotes: 200,
    sensitivity_offset_share: 0.5,
    protected_attributes: PROTECTED_ATTRIBUTES_DEFAULT,
  },
  attacks: {
    margin_collapse: { max_margin_loss_bps: 500, max_quote_share_bps: 1000 },
    biased_cohort_regression: { max_segment_loss_bps: 100 },
    violation_laundering: { max_not_replayable_delta: 0 },
    extrapolation: { max_extrapolated_share_bps: 5000 },
    threshold_gaming: { window_bps: 50, max_share_bps: 500 },
    protected_attribute: { max_association_bps: 3000 },
  },
  packet_expiry_days: 14,
}
