import type { KpiSummary } from '../../domain/kpi.ts'
import type { KpiSnapshot } from '../../loop/kpi-history.ts'
import { KPI_TRENDS, type KpiTrend, trendValues } from '../kpi-trends.ts'
import {
  bpsChange,
  change,
  count,
  listed,
  moment,
  percent,
  seconds,
  secondsChange,
  words,
} from './figures.ts'
import { html, type Markup } from './markup.ts'
import type { RunReport } from './run-report.ts'
import { section, word } from './section.ts'
import { trendStrip } from './trend-strip.ts'

/** How the loop as a whole is doing, with the three alerts. */
export function kpiSection({ kpi, kpi_history: recorded }: RunReport): Markup | null {
  if (kpi === null) return null
  const alerts = kpi.alert_reason_codes === '' ? [] : kpi.alert_reason_codes.split(',')
  const figures: readonly (readonly [string, string])[] = [
    ['Candidates proposed', count(kpi.candidate_throughput_count)],
    ['Decisions approved', `${count(kpi.approved_count)} of ${count(kpi.review_decision_count)}`],
    ['Packet to first decision', seconds(kpi.avg_approval_latency_seconds)],
    [
      'Replays proved repeatable',
      `${count(kpi.deterministic_pass_count)} of ${count(kpi.replay_total_count)}`,
    ],
    [
      'Margin rate projected, realised',
      `${bpsChange(kpi.avg_projected_margin_delta_bps)}, ${bpsChange(kpi.avg_realized_margin_delta_bps)}`,
    ],
    ['Win rate realised', bpsChange(kpi.avg_realized_win_rate_delta_bps)],
    ['Waiting realised', secondsChange(kpi.avg_realized_approval_latency_delta_seconds)],
    ['Outcome score', change(kpi.weighted_realized_outcome_score)],
    [
      'Trigger to rollback',
      kpi.rollback_count === 0
        ? 'none yet'
        : `${seconds(kpi.rollback_mttr_seconds)}, mean of ${count(kpi.rollback_count)}`,
    ],
  ]
  const judged = [
    [
      'Rolled back, of applied',
      percent(kpi.rollback_rate_bps),
      percent(kpi.max_rollback_rate_bps),
      kpi.rollback_spike_alert,
    ],
    [
      'Both applied and rolled back, of applied',
      percent(kpi.false_positive_rate_bps),
      percent(kpi.max_false_positive_rate_bps),
      kpi.false_positive_alert,
    ],
    [
      'Projected less realised margin rate',
      bpsChange(kpi.avg_projected_vs_realized_margin_gap_bps),
      `${count(kpi.max_projected_realized_margin_gap_bps)} bps either way`,
      kpi.margin_gap_alert,
    ],
  ] as const
  const verdict =
    alerts.length === 0
      ? 'No alert.'
      : `Alerts: ${listed(alerts.map(words))}. One rollback of few applies is enough for the rate alerts.`
  return section(
    'kpis',
    'How the loop is doing',
    `From ${moment(kpi.window_start)} to ${moment(kpi.window_end)}. ${verdict}`,
    html`<div class="columns tables"><div class="scroll"><table><tbody>${figures.map(
      ([name, figure]) => html`<tr><th>${name}</th><td class="n">${figure}</td></tr>`,
    )}</tbody></table></div><div class="scroll"><table><thead><tr><th>Alert</th><th class="n">Measured</th><th class="n">Limit</th><th></th></tr></thead><tbody>${judged.map(
      ([name, measured, limit, alert]) =>
        html`<tr><th>${name}</th><td class="n">${measured}</td><td class="n">${limit}</td><td>${alert === 1 ? word('alert', 'bad') : word('clear', 'good')}</td></tr>`,
    )}</tbody></table>${trendTable(recorded, kpi)}</div></div>`,
  )
}

/** Each figure over the recorded snapshots, its limit dashed; empty where none is recorded. */
function trendTable(recorded: readonly KpiSnapshot[], kpi: KpiSummary): Markup | string {
  if (recorded.length === 0) return ''
  const row = (trend: KpiTrend): Markup => {
    const values = trendValues(trend, recorded)
    const limit = trend.limit === null ? null : trend.limit(kpi)
    return html`<tr><th>${trend.name}</th><td class="n">${count(values.at(-1) as number)} ${trend.unit}</td><td>${trendStrip(values, limit)}</td></tr>`
  }
  const snapshots =
    recorded.length === 1 ? 'One recorded snapshot' : `${count(recorded.length)} recorded snapshots`
  return html`<table class="dense"><caption>${snapshots}; dashed: limit</caption><tbody>${KPI_TRENDS.map(row)}</tbody></table>`
}
