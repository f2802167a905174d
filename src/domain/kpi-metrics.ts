import type { KpiSummary, KpiSummaryV2 } from './kpi.ts'
import { gauge, type Metric, samplesBy } from './metric.ts'
import type { Bps } from './units.ts'

/** Prometheus counts in base units: a share of 1 instead of basis points. */
const ratio = (bps: Bps): number => bps / 10_000

/**
 * The KPI summary over the last 30 days as gauges. An average without samples is absent, where the summary itself says 0: a
 * dashboard must not show an effect nobody has seen.
 */
export const kpiMetrics = (kpi: KpiSummary): readonly Metric[] => [
  ...countMetrics(kpi),
  ...rateMetrics(kpi),
  ...averageMetrics(kpi),
  ...alertMetrics(kpi),
]

const countMetrics = (kpi: KpiSummary): readonly Metric[] => [
  gauge('quotey_kpi_candidates', 'Candidates of the last 30 days by what happened to them.', [
    ...samplesBy('stage', {
      created: kpi.candidate_throughput_count,
      replayed: kpi.replayed_candidate_count,
      approved: kpi.approved_replayed_candidate_count,
      applied: kpi.applied_candidate_count,
      rolled_back: kpi.rolled_back_candidate_count,
      hard_violation: kpi.hard_violation_candidate_count,
      hard_violation_blocked: kpi.hard_violation_blocked_count,
      realized: kpi.realized_candidate_count,
    }),
  ]),
  gauge('quotey_kpi_review_decisions', 'Decisions of the last 30 days.', kpi.review_decision_count),
  gauge('quotey_kpi_approvals', 'Approvals of the last 30 days.', kpi.approved_count),
  gauge('quotey_kpi_rollbacks', 'Rollback records of the last 30 days.', kpi.rollback_count),
  gauge('quotey_kpi_replays', 'Replays of the last 30 days.', kpi.replay_total_count),
]

const rateMetrics = (kpi: KpiSummary): readonly Metric[] => {
  const rate = (name: string, help: string, bps: Bps, of: number): Metric =>
    gauge(`quotey_kpi_${name}_ratio`, `${help}, last 30 days; absent without any.`, some(of, ratio(bps)))
  return [
    rate('adoption', 'Approvals over decisions', kpi.adoption_rate_bps, kpi.review_decision_count),
    rate(
      'rollback',
      'Rolled-back over applied candidates',
      kpi.rollback_rate_bps,
      kpi.applied_candidate_count,
    ),
    rate(
      'false_positive',
      'Candidates applied and rolled back over applied ones',
      kpi.false_positive_rate_bps,
      kpi.applied_candidate_count,
    ),
    rate(
      'candidate_acceptance',
      'Approved over replayed candidates',
      kpi.candidate_acceptance_rate_bps,
      kpi.replayed_candidate_count,
    ),
    rate(
      'unsafe_candidate_block',
      'Candidates with hard violations that were never approved, over all of them',
      kpi.unsafe_candidate_block_rate_bps,
      kpi.hard_violation_candidate_count,
    ),
    rate(
      'replay_determinism',
      'Replays on which the engines agree over all',
      kpi.replay_determinism_rate_bps,
      kpi.replay_total_count,
    ),
  ]
}

const averageMetrics = (kpi: KpiSummary): readonly Metric[] => {
  const mean = (name: string, help: string, value: number, samples: number): Metric =>
    gauge(
      `quotey_kpi_${name}`,
      `${help}, mean of the last 30 days; absent without samples.`,
      some(samples, value),
    )
  const realized = kpi.realized_candidate_count
  return [
    mean(
      'approval_latency_seconds',
      'From first packet to first decision',
      kpi.avg_approval_latency_seconds,
      kpi.review_decision_count,
    ),
    mean('rollback_mttr_seconds', 'From trigger to rollback', kpi.rollback_mttr_seconds, kpi.rollback_count),
    mean(
      'projected_margin_delta_ratio',
      'Projected margin change',
      ratio(kpi.avg_projected_margin_delta_bps),
      kpi.projected_outcome_sample_count,
    ),
    mean(
      'realized_margin_delta_ratio',
      'Realised margin change',
      ratio(kpi.avg_realized_margin_delta_bps),
      kpi.realized_outcome_sample_count,
    ),
    mean(
      'margin_gap_ratio',
      'Projected minus realised margin change',
      ratio(kpi.avg_projected_vs_realized_margin_gap_bps),
      kpi.projected_vs_realized_sample_size,
    ),
    mean(
      'realized_win_rate_delta_ratio',
      'Realised change of the win rate',
      ratio(kpi.avg_realized_win_rate_delta_bps),
      realized,
    ),
    mean(
      'realized_approval_latency_delta_seconds',
      'Realised change of the approval latency',
      kpi.avg_realized_approval_latency_delta_seconds,
      realized,
    ),
  ]
}

const alertMetrics = (kpi: KpiSummary): readonly Metric[] => [
  gauge(
    'quotey_kpi_alert',
    'Whether a KPI is beyond its limit (1) or not (0), whatever its sample.',
    samplesBy('alert', {
      rollback_spike: kpi.rollback_spike_alert,
      false_positive_spike: kpi.false_positive_alert,
      margin_gap_drift: kpi.margin_gap_alert,
    }),
  ),
  gauge(
    'quotey_kpi_limit_ratio',
    'The limit of each alert.',
    samplesBy('alert', {
      rollback_spike: ratio(kpi.max_rollback_rate_bps),
      false_positive_spike: ratio(kpi.max_false_positive_rate_bps),
      margin_gap_drift: ratio(kpi.max_projected_realized_margin_gap_bps),
    }),
  ),
]

/** What the first summary cannot say: harm shown by intervals, and misses that do not cancel. */
export const kpiV2Metrics = (kpi: KpiSummaryV2): readonly Metric[] => [
  gauge(
    'quotey_kpi_harmful_ratio',
    'Applied candidates whose realised margin interval lies below zero, over applied ones, last 30 days; absent without any.',
    some(kpi.applied_candidate_count, ratio(kpi.harmful_candidate_rate_bps)),
  ),
  gauge(
    'quotey_kpi_mean_absolute_margin_gap_ratio',
    'Size of projected minus realised margin change, mean of the last 30 days; absent without samples.',
    some(kpi.projected_vs_realized_sample_size, ratio(kpi.mean_absolute_margin_gap_bps)),
  ),
  gauge(
    'quotey_kpi_incomplete_observations',
    'Candidates whose newest observation lacks a realised figure, last 30 days.',
    kpi.incomplete_observation_count,
  ),
]

const some = (samples: number, value: number) => (samples === 0 ? [] : [{ labels: {}, value }])
