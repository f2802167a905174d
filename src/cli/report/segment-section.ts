import * as Plot from '@observablehq/plot'
import type { ReplayReport, ReplaySlice } from '../../domain/replay-report.ts'
import { bpsChange, type Currency, change, count, money, moneyChange, percent } from './figures.ts'
import { html, type Markup } from './markup.ts'
import { INK, picture } from './picture.ts'
import type { RunReport } from './run-report.ts'
import { section } from './section.ts'

/** Where the change lands: one bar a segment, and every figure beside it. */
export function segmentSection(report: RunReport): Markup | null {
  const { replay, currency } = report
  if (replay === null || Object.keys(replay.by_segment).length === 0) return null
  const slices = keyed(replay.by_segment)
  return section(
    'segments',
    'Impact by segment',
    'A change that earns its keep in one segment must not make another pay for it.',
    bars(slices, currency),
    table('Segment', slices, currency),
    html`<h3>By region</h3>`,
    table('Region', keyed(replay.by_region), currency),
    ...rules(replay, currency),
    reach(replay, currency),
  )
}

interface Keyed {
  readonly key: string
  readonly slice: ReplaySlice
}

const keyed = (slices: ReplayReport['by_segment']): readonly Keyed[] =>
  Object.entries(slices).map(([key, slice]) => ({ key: key || '(none)', slice }))

/** By rule, over the quotes that the rule decides otherwise; a quote may count for several rules. */
const rules = ({ by_rule }: ReplayReport, currency: Currency): readonly Markup[] =>
  Object.keys(by_rule).length === 0
    ? []
    : [
        html`<h3>By rule</h3><p class="small soft">Over the quotes that the rule decides otherwise under the proposal; one quote may count for several rules.</p>`,
        table('Rule', keyed(by_rule), currency),
      ]

const COHORTS_SHOWN_MAX = 12

/** How far the change reaches, in quotes and weighted by value, down to the cohorts. */
function reach({ blast_radius: touched, counts }: ReplayReport, currency: Currency): Markup {
  const cohorts = touched.impacted_cohort_ids.slice(0, COHORTS_SHOWN_MAX)
  const left = touched.impacted_cohort_ids.length - cohorts.length
  return html`<p>Touched: ${count(touched.impacted_quote_count)} of ${count(counts.scored)} scored quotes (${percent(touched.impacted_quote_ratio_bps)}), which are ${percent(touched.impacted_value_ratio_bps)} of the value offered today (${money(touched.impacted_value_cents, currency)}), of ${count(touched.impacted_cluster_count)} customers or orders.</p>
<p class="small soft">Cohorts, segment/region: ${cohorts.join(', ') || 'none'}${left > 0 ? `, and ${count(left)} more` : ''}.</p>`
}

function bars(slices: readonly Keyed[], currency: Currency): Markup {
  const hasModel = slices.some(({ slice }) => slice.expected_margin_delta_cents.per_quote !== null)
  const scale = hasModel && currency.minorUnit === 2 ? 100 : 1
  const rows = slices.map(({ key, slice }) => {
    const raw = hasModel ? slice.expected_margin_delta_cents.per_quote : slice.margin_delta_bps
    const label = hasModel ? moneyChange(raw, currency) : bpsChange(raw)
    return { key, value: (raw ?? 0) / scale, label }
  })
  const what = hasModel ? `margin earned a quote, ${currency.code.toUpperCase()}` : 'margin rate, bps'
  const reach = Math.max(...rows.map(row => Math.abs(row.value)), 0.01)
  const spread = rows.some(row => row.value < 0) ? [-1.35 * reach, 1.35 * reach] : [0, 1.25 * reach]
  return picture({
    id: 'segment-bars',
    title: `Change in ${what}, by segment`,
    description: rows.map(row => `${row.key}: ${row.label}`).join('; '),
    caption: `Change in ${what}. Bars to the right gain, to the left lose.`,
    plot: {
      width: 840,
      height: 40 + 38 * rows.length,
      marginLeft: 150,
      marginRight: 20,
      x: { domain: spread, label: null, ticks: 5, tickSize: 0, grid: true },
      y: { domain: rows.map(row => row.key), label: null, tickSize: 0, padding: 0.35 },
      marks: [
        Plot.barX(rows, { x: 'value', y: 'key', fill: row => (row.value < 0 ? INK.loss : INK.gain) }),
        Plot.text(
          rows.filter(row => row.value >= 0),
          { x: 'value', y: 'key', text: 'label', textAnchor: 'start', dx: 7, fill: INK.text },
        ),
        Plot.text(
          rows.filter(row => row.value < 0),
          { x: 'value', y: 'key', text: 'label', textAnchor: 'end', dx: -7, fill: INK.text },
        ),
        Plot.ruleX([0], { stroke: INK.soft }),
      ],
    },
  })
}

function table(name: string, slices: readonly Keyed[], currency: Currency): Markup {
  return html`<div class="scroll"><table>
<thead><tr><th>${name}</th><th class="n">Quotes</th><th class="n">Touched</th><th class="n">Margin earned, a quote</th><th class="n">Margin rate</th><th class="n">Win rate</th><th class="n">Approvals</th><th class="n">Violations</th></tr></thead>
<tbody>${slices.map(
    ({
      key,
      slice,
    }) => html`<tr><th>${key}</th><td class="n">${count(slice.scored)}</td><td class="n">${count(slice.impacted)}</td>
<td class="n">${moneyChange(slice.expected_margin_delta_cents.per_quote, currency)}</td><td class="n">${bpsChange(slice.margin_delta_bps)}</td>
<td class="n">${bpsChange(slice.win_rate_delta_bps)}</td><td class="n">${bpsChange(slice.approval_load_delta_bps)}</td><td class="n">${change(slice.hard_violation_delta)}</td></tr>`,
  )}</tbody></table></div>`
}
