import type { KpiDetailRow, KpiSummary, KpiSummaryV2 } from '../domain/kpi.ts'
import type { RecordedKpiSummary } from '../loop/kpi.ts'
import type { KpiHistory } from '../loop/kpi-history.ts'
import { kpiTrendLines } from './kpi-history-text.ts'

/** `1500` bps as `15.00 %`. */
const percent = (bps: number): string => `${(bps / 100).toFixed(2)} %`
const signed = (value: number | null, unit: string): string =>
  value === null ? 'unknown' : `${value > 0 ? '+' : ''}${value} ${unit}`
const of = (part: number, whole: number): string => `${part} of ${whole}`

/** The summary for people: figures with units, each limit beside what it limits, and what an alert asks for. */
export function kpiSummaryText(row: KpiSummary | RecordedKpiSummary, recorded: KpiHistory): string {
  const lines: [string, string, string?][] = [
    ['candidates proposed', String(row.candidate_throughput_count)],
    ['approved decisions', of(row.approved_count, row.review_decision_count), percent(row.adoption_rate_bps)],
    ['packet to first decision', `${row.avg_approval_latency_seconds} s`, 'mean over candidates'],
    [
      'replayed and approved',
      of(row.approved_replayed_candidate_count, row.replayed_candidate_count),
      percent(row.candidate_acceptance_rate_bps),
    ],
    [
      'with violations, held back',
      of(row.hard_violation_blocked_count, row.hard_violation_candidate_count),
      percent(row.unsafe_candidate_block_rate_bps),
    ],
    [
      'replays proved repeatable',
      of(row.deterministic_pass_count, row.replay_total_count),
      percent(row.replay_determinism_rate_bps),
    ],
    [
      'projected margin change',
      signed(row.avg_projected_margin_delta_bps, 'bps'),
      `${row.projected_outcome_sample_count} candidates`,
    ],
    [
      'realised margin change',
      signed(row.avg_realized_margin_delta_bps, 'bps'),
      `${row.realized_outcome_sample_count} candidates`,
    ],
    ['realised win rate change', signed(row.avg_realized_win_rate_delta_bps, 'bps')],
    ['realised approval wait', signed(row.avg_realized_approval_latency_delta_seconds, 's')],
    ['realised outcome score', String(row.weighted_realized_outcome_score), '0.4 margin + 0.4 wins - 0.2 s'],
    ['trigger to rollback', `${row.rollback_mttr_seconds} s`, `${row.rollback_count} rollbacks`],
    ['apply to rollback', `${row.rollback_mttr_proxy_seconds} s`],
  ]
  const alerts = [
    judged(row.rollback_spike_alert, 'rollbacks', row.rollback_rate_bps, row.max_rollback_rate_bps),
    judged(
      row.false_positive_alert,
      'applied, then rolled back',
      row.false_positive_rate_bps,
      row.max_false_positive_rate_bps,
    ),
    judged(
      row.margin_gap_alert,
      'projected less realised',
      row.avg_projected_vs_realized_margin_gap_bps,
      row.max_projected_realized_margin_gap_bps,
    ),
  ]
  return [
    `KPIs from ${row.window_start} to ${row.window_end}`,
    '',
    ...lines.map(([name, figure, note]) => `  ${name.padEnd(27)}${figure.padEnd(16)}${note ?? ''}`.trimEnd()),
    '',
    ...alerts,
    '',
    ...(recorded.snapshots.length < 2
      ? []
      : [`The last ${recorded.snapshots.length} recorded snapshots:`, ...kpiTrendLines(recorded), '']),
    row.alert_reason_codes === ''
      ? 'No alert. Candidate by candidate: `quotey kpi detail`.'
      : `Alerts: ${row.alert_reason_codes}. Engage the pause with \`quotey policy-opt control pause\`, then read \`quotey kpi detail\`.`,
    ...('kpi_snapshot_id' in row ? [`Recorded as ${row.kpi_snapshot_id}.`] : []),
  ].join('\n')
}

const judged = (alert: 0 | 1, name: string, measured: number, limit: number): string =>
  `  ${alert === 1 ? 'ALERT' : 'ok   '}  ${name.padEnd(27)}${`${measured} bps`.padEnd(12)}limit ${limit} bps`

/** The second summary for people: each alert with its samples, so that a rate of two candidates is seen to be one. */
export function kpiSummaryV2Text(row: KpiSummaryV2): string {
  const line = (
    alert: 0 | 1,
    name: string,
    measured: number,
    limit: number,
    samples: number,
    least: number,
  ) => `${judged(alert, name, measured, limit)}, ${samples} samples of at least ${least}`
  return [
    `KPIs from ${row.window_start} to ${row.window_end}, second summary`,
    '',
    line(
      row.rollback_spike_alert,
      'rolled back, of applied',
      row.rollback_rate_bps,
      row.max_rollback_rate_bps,
      row.applied_candidate_count,
      row.min_rollback_spike_samples,
    ),
    line(
      row.harmful_spike_alert,
      'harmful, of applied',
      row.harmful_candidate_rate_bps,
      row.max_harmful_candidate_rate_bps,
      row.applied_candidate_count,
      row.min_harmful_spike_samples,
    ),
    line(
      row.margin_gap_alert,
      'mean absolute margin gap',
      row.mean_absolute_margin_gap_bps,
      row.max_mean_absolute_margin_gap_bps,
      row.projected_vs_realized_sample_size,
      row.min_margin_gap_drift_samples,
    ),
    `  ${row.realized_fields_missing_alert === 1 ? 'ALERT' : 'ok   '}  ${'incomplete observations'.padEnd(27)}${row.incomplete_observation_count}`,
    '',
    `  harmful candidates         ${of(row.harmful_candidate_count, row.applied_candidate_count)} applied, ${row.unobserved_candidate_count} not observed yet`,
    `  largest absolute gap       ${row.largest_absolute_margin_gap_bps} bps`,
    '',
    row.alert_reason_codes === '' ? 'No alert.' : `Alerts: ${row.alert_reason_codes}.`,
  ].join('\n')
}

/** Projection against observation for people, the largest gap first. */
export function kpiDetailText(detail: { readonly rows: readonly KpiDetailRow[] }): string {
  if (detail.rows.length === 0) {
    return 'No candidate was both replayed and monitored in this window. Take in outcomes with `quotey policy-opt monitor`.'
  }
  const head = ['candidate', 'projected', 'realised', 'gap (bps)', 'wins proj./real.', 'wait proj./real.']
  const cells = detail.rows.map(row => [
    row.candidate_id,
    plain(row.projected_margin_delta_bps),
    plain(row.realized_margin_delta_bps),
    plain(row.margin_gap_bps),
    `${plain(row.projected_win_rate_delta_bps)} / ${plain(row.realized_win_rate_delta_bps)}`,
    `${plain(row.projected_approval_latency_delta_seconds)} / ${plain(row.realized_approval_latency_delta_seconds)} s`,
  ])
  const widths = head.map((title, at) =>
    Math.max(title.length, ...cells.map(row => (row[at] as string).length)),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] as number) : cell.padStart(widths[at] as number)))
      .join('  ')
  return ['Margin change in bps, largest gap first', '', line(head), ...cells.map(line)].join('\n')
}

const plain = (value: number | null): string => (value === null ? '?' : String(value))
