import type { Estimate, ReplayReport } from '../../domain/replay-report.ts'
import { bpsChange, type Currency, change, interval, moneyChange, secondsChange } from './figures.ts'
import { html, type Markup } from './markup.ts'
import { rangeStrip } from './range-strip.ts'
import type { RunReport } from './run-report.ts'
import { section } from './section.ts'

interface Measure {
  readonly name: string
  readonly meaning: string
  readonly estimate: Estimate
  readonly format: (value: number) => string
}

/** Every estimate of the replay with its interval. */
export function effectSection({ replay, currency }: RunReport): Markup | null {
  if (replay === null) return null
  const total = replay.expected_margin_delta_cents.total
  const purpose =
    'Both policies decided every closed quote of the history again. 100 bps are one percentage point. Intervals are at 95% and cover chance and a declared range of responses to price.'
  return section(
    'effect',
    'The effect',
    purpose,
    html`<div class="scroll"><table>
<thead><tr><th>Measure</th><th class="n">Change</th><th>Interval</th><th><span class="small">against zero</span></th></tr></thead>
<tbody>${measuresOf(replay, currency).map(row)}</tbody></table></div>`,
    total === null
      ? null
      : html`<p class="small soft">Expected margin over all scored quotes together: ${moneyChange(total, currency)}.</p>`,
  )
}

const row = ({
  name,
  meaning,
  estimate,
  format,
}: Measure): Markup => html`<tr><th>${name}<br><span class="small soft">${meaning}</span></th>
<td class="n">${estimate.point === null ? 'unknown' : format(estimate.point)}</td><td>${interval(estimate, format)}</td><td>${rangeStrip(estimate, null)}</td></tr>`

function measuresOf({ intervals }: ReplayReport, currency: Currency): readonly Measure[] {
  const bps = (value: number): string => bpsChange(value)
  return [
    {
      name: 'Margin earned, a quote',
      meaning: 'chance of winning times margin in money',
      estimate: intervals.expected_margin_delta_cents_per_quote,
      format: value => moneyChange(value, currency),
    },
    {
      name: 'Margin rate',
      meaning: 'mean over quotes, won or lost',
      estimate: intervals.margin_delta_bps,
      format: bps,
    },
    {
      name: 'Margin rate by revenue',
      meaning: 'profit over revenue',
      estimate: intervals.revenue_weighted_margin_delta_bps,
      format: bps,
    },
    {
      name: 'Win rate',
      meaning: 'by the response model',
      estimate: intervals.win_rate_delta_bps,
      format: bps,
    },
    {
      name: 'Quotes needing approval',
      meaning: 'share of quotes',
      estimate: intervals.approval_load_delta_bps,
      format: bps,
    },
    {
      name: 'Waiting for approval',
      meaning: 'mean over all quotes',
      estimate: intervals.approval_latency_delta_seconds,
      format: value => secondsChange(value),
    },
    {
      name: 'Value losing its approval',
      meaning: 'share of revenue',
      estimate: intervals.approval_coverage_loss_bps,
      format: bps,
    },
    {
      name: 'Violations of hard rules',
      meaning: 'floors undercut, prohibitions',
      estimate: intervals.hard_violation_delta,
      format: change,
    },
  ]
}
