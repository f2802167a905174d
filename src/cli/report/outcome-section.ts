import type { DriftVerdict } from '../../domain/margin-drift.ts'
import type { PromisedMeasure, PromiseKept, PromiseVerdict } from '../../domain/promise.ts'
import type { Estimate } from '../../domain/replay-report.ts'
import type { MonitoringResult } from '../../loop/monitor.ts'
import {
  bpsChange,
  type Currency,
  count,
  interval,
  moneyChange,
  percent,
  secondsChange,
  words,
} from './figures.ts'
import { html, type Markup } from './markup.ts'
import { rangeStrip } from './range-strip.ts'
import type { RunReport } from './run-report.ts'
import { section, word } from './section.ts'

const VERDICTS: Readonly<Record<PromiseVerdict, readonly [string, 'good' | 'bad' | 'plain']>> = {
  arrived: ['arrived', 'good'],
  not_arrived: ['did not arrive', 'bad'],
  not_yet_shown: ['not shown yet', 'plain'],
  unknown: ['unknown', 'plain'],
}

const NAMES: Readonly<Record<PromisedMeasure, string>> = {
  expected_margin_delta_cents_per_quote: 'Margin earned, a quote',
  margin_delta_bps: 'Margin rate',
  win_rate_delta_bps: 'Win rate',
  approval_latency_delta_seconds: 'Waiting for approval',
}

/** Promise against observation: the same quotes, as they went and as the prior policy would have handled them. */
export function outcomeSection({ monitoring, currency }: RunReport): Markup | null {
  if (monitoring === null) return null
  const { counts, intake } = monitoring
  const foreign = Object.values(intake.foreign).reduce((sum, value) => sum + value, 0)
  const alike = counts.scored === 0 ? 0 : Math.round((10_000 * counts.decided_alike) / counts.scored)
  return section(
    'outcome',
    'Did the promise arrive',
    `${count(counts.scored)} quotes closed under policy version ${monitoring.applied_policy_version}, set against what version ${monitoring.prior_policy_version} would have done on the same quotes.`,
    html`<div class="scroll"><table>
<thead><tr><th>Measure</th><th>Promised</th><th>Observed</th><th><span class="small">promised, observed, against zero</span></th><th>Verdict</th></tr></thead>
<tbody>${monitoring.promises.map(promise => row(promise, currency))}</tbody></table></div>
<p>${exceptionSentence(monitoring)} ${driftSentence(monitoring)}</p>${monitoring.alerts.map(({ code, remedy }) => html`<p>${word(words(code), 'bad')} ${remedy}</p>`)}
<p class="small soft">${percent(alike)} of these quotes would have been decided alike by the prior policy. Left out: ${count(counts.open)} open, ${count(foreign)} of other versions or times, ${count(intake.rejected)} unreadable. On the rest, win rate and margin earned are set against what the response model of the history before expects under the prior policy: a market that has turned since shows in them too.</p>`,
  )
}

/** What exceptions granted past the policy make of its effect. */
function exceptionSentence({ counts, realized_intervals }: MonitoringResult): string {
  const { point, ...limits } = realized_intervals.margin_delta_as_applied_bps
  const strayed = counts.scored - counts.as_applied
  if (strayed === 0) return 'Every one of these quotes was handled as the applied policy says.'
  const alone = `${bpsChange(point)} (${interval({ point, ...limits }, bpsChange)})`
  return `${count(strayed)} of these quotes were not handled as the applied policy says; on the others alone the margin rate moved ${alone}.`
}

function row({ measure, projected, realized, verdict }: PromiseKept, currency: Currency): Markup {
  const format = formatOf(measure, currency)
  const cell = (estimate: Estimate): Markup =>
    html`${estimate.point === null ? 'unknown' : format(estimate.point)}<br><span class="small soft">${interval(estimate, format)}</span>`
  const [said, side] = VERDICTS[verdict]
  return html`<tr><th>${NAMES[measure]}</th><td>${cell(projected)}</td><td>${cell(realized)}</td>
<td>${rangeStrip(projected, reachOf(realized))}${rangeStrip(realized, reachOf(projected))}</td><td>${word(said, side)}</td></tr>`
}

const DRIFTS: Readonly<Record<DriftVerdict, string>> = {
  as_promised: 'which does not contradict the promise',
  below_promise: 'which lies below the promise',
  above_promise: 'which lies above the promise',
  unknown: 'with no promise to set it against',
}

/** Wider than the interval of one look, because it holds at all of them. */
const driftSentence = ({ margin_drift: drift }: MonitoringResult): string =>
  `Looked at again with every intake, the margin rate moved between ${bpsChange(drift.lower_bps)} and ${bpsChange(drift.upper_bps)} (95% over all looks together), ${DRIFTS[drift.verdict]}.`

/** The far end of the other interval, so that both strips are drawn to one scale. */
const reachOf = ({ lower, upper }: Estimate): number | null =>
  lower === null || upper === null ? null : Math.abs(lower) > Math.abs(upper) ? lower : upper

function formatOf(measure: PromisedMeasure, currency: Currency): (value: number) => string {
  switch (measure) {
    case 'expected_margin_delta_cents_per_quote':
      return value => moneyChange(value, currency)
    case 'approval_latency_delta_seconds':
      return value => secondsChange(value)
    case 'margin_delta_bps':
    case 'win_rate_delta_bps':
      return value => bpsChange(value)
  }
}
