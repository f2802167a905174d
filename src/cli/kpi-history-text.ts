import { csvText } from '../domain/csv-text.ts'
import type { KpiBacktest } from '../loop/kpi-backtest.ts'
import type { KpiHistory } from '../loop/kpi-history.ts'
import { KPI_TRENDS, trendValues } from './kpi-trends.ts'
import { sparkline } from './sparkline.ts'

const NONE_RECORDED =
  'No snapshot is recorded yet. `quotey kpi summary --record` and `quotey ops daily` record one.'

/** Each figure from snapshot to snapshot as a small picture, with its first, last, smallest and largest value. */
export function kpiTrendLines({ snapshots }: KpiHistory): readonly string[] {
  return KPI_TRENDS.map(trend => {
    const values = trendValues(trend, snapshots)
    const [low, high] = [Math.min(...values), Math.max(...values)]
    const last = values.at(-1) as number
    return `  ${trend.name.padEnd(27)}${sparkline(values)}  ${last} ${trend.unit} now, ${low} to ${high}`
  })
}

export function kpiHistoryText(history: KpiHistory): string {
  const { snapshots, earlier } = history
  const first = snapshots[0]
  const last = snapshots.at(-1)
  if (first === undefined || last === undefined) return NONE_RECORDED
  return [
    `${snapshots.length} recorded snapshots from ${first.recorded_at} to ${last.recorded_at}${earlier > 0 ? `, ${earlier} earlier ones` : ''}`,
    '',
    ...kpiTrendLines(history),
    '',
    ...snapshots.map(
      row => `  ${row.recorded_at}  ${row.kpi_snapshot_id}  ${row.alert_reason_codes || 'no alert'}`,
    ),
  ].join('\n')
}

export function kpiBacktestText(result: KpiBacktest): string {
  const head = ['alert', 'limit', 'most', 'bare', 'raised', 'of few', 'governed', 'raised']
  const cells = result.alerts.map(alert => [
    alert.code,
    `${alert.limit_bps} bps`,
    `${alert.measured_bps_max} bps`,
    `${alert.bare_windows} windows`,
    String(alert.bare_raised),
    `${alert.too_few_samples_windows} windows`,
    `${alert.governed_windows} windows`,
    String(alert.governed_raised),
  ])
  const widths = head.map((title, at) => Math.max(title.length, ...cells.map(row => row[at]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell.padEnd(widths[at] as number))
      .join('  ')
      .trimEnd()
  const episodes = result.alerts.flatMap(({ code, episodes: raised }) =>
    raised.map(
      ({ raised_at, cleared_at }) =>
        `  ${code}: raised ${raised_at}, ${cleared_at === null ? 'still standing' : `cleared ${cleared_at}`}`,
    ),
  )
  return [
    `${result.windows} windows of ${result.window}, one every ${result.step}, ending ${result.first_end} to ${result.last_end}`,
    '',
    line(head),
    ...cells.map(line),
    '',
    '`bare` is the comparison of the v1 query; `of few` are its windows with fewer samples than the alert needs;',
    '`governed` needs those samples, and clears only after a whole window within the limit.',
    ...(episodes.length === 0 ? ['No alert would have been raised.'] : episodes),
  ].join('\n')
}

export const kpiBacktestCsv = ({ alerts }: KpiBacktest): string =>
  recordsCsv(alerts.map(({ episodes: _episodes, ...row }) => row))

/** Records of one shape as CSV, their names as the header; empty text without records. */
export function recordsCsv(rows: readonly object[]): string {
  const [first] = rows
  if (first === undefined) return ''
  const names = Object.keys(first)
  return csvText(
    names,
    rows.map(row => names.map(name => (row as Record<string, string | number | null>)[name] ?? null)),
  )
}
