import * as Plot from '@observablehq/plot'
import type { CurvePoint, FittedCurvePoint, ResponseEvidence } from '../../domain/response.ts'
import { REWEIGHTED_QUOTES_MIN, REWEIGHTED_WINDOW_BPS } from '../../domain/support.ts'
import { count, percent, percentOfPpm } from './figures.ts'
import { html, type Markup } from './markup.ts'
import { INK, picture } from './picture.ts'
import type { RunReport } from './run-report.ts'
import { section } from './section.ts'

const SEGMENTS_SHOWN_MAX = 6

/** How customers answered discounts, and what the model makes of it; where history is silent, the picture says so. */
export function responseSection({ response }: RunReport): Markup | null {
  if (response === null || response.curve.length === 0) return null
  const { calibration } = response
  const drawable = new Set(response.curve.filter(point => point.quotes > 0).map(point => point.segment))
  const segments = response.segments
    .filter(({ segment }) => drawable.has(segment))
    .sort((a, b) => b.closed_quotes - a.closed_quotes)
  const shown = segments.slice(0, SEGMENTS_SHOWN_MAX).map(({ segment }) => segment)
  const left = segments.length - shown.length
  return section(
    'response',
    'How customers respond to discounts',
    `Circles: win rate observed at the discount granted, larger for more quotes. Line: what the model expects were all quotes of the segment offered that discount; band: over the declared range of slopes. Shaded: fewer than ${REWEIGHTED_QUOTES_MIN} quotes within ${percent(REWEIGHTED_WINDOW_BPS)}, where history hardly speaks.`,
    html`<div class="panels">${shown.map((segment, at) => curve(segment, at, response))}</div>`,
    left > 0
      ? html`<p class="small soft">${count(left)} smaller segments are not drawn; the table lists all.</p>`
      : null,
    segmentTable(response),
    reliability(calibration),
    html`<p class="small soft">Calibration, on quotes the model had not seen: Brier score ${score(calibration.brier_ppm)}; always predicting the mean scores ${score(calibration.brier_of_win_rate_ppm)}, lower is better. Learned from ${count(response.won)} won and ${count(response.lost)} lost quotes.</p>`,
  )
}

const score = (ppm: number): string => (ppm / 1e6).toFixed(4)

function curve(segment: string, at: number, { curve: points, fitted }: ResponseEvidence): Markup {
  const bins = points
    .filter(point => point.segment === segment && point.quotes > 0)
    .map(point => ({
      ...point,
      middle: (point.from_bps + point.to_bps) / 200,
      observed: (100 * point.won) / point.quotes,
    }))
  const line = fitted
    .filter(point => point.segment === segment)
    .map(point => ({
      ...point,
      discount: point.discount_bps / 100,
      predicted: point.predicted_ppm / 10_000,
      low: point.low_ppm / 10_000,
      high: point.high_ppm / 10_000,
    }))
  const name = segment || '(none)'
  const from = Math.min(...bins.map(bin => bin.from_bps), ...line.map(point => point.discount_bps)) / 100
  const to = Math.max(...bins.map(bin => bin.to_bps), ...line.map(point => point.discount_bps)) / 100
  return picture({
    id: `response-${at}`,
    title: `Win rate by discount in ${name}`,
    description: bins
      .map(
        bin =>
          `${binName(bin)} discount: ${count(bin.won)} of ${count(bin.quotes)} won, model ${percentOfPpm(bin.predicted_ppm)}`,
      )
      .join('; '),
    caption: `${name}: ${count(bins.reduce((sum, bin) => sum + bin.quotes, 0))} closed quotes; ${supportedRange(line)}.`,
    plot: {
      width: 320,
      height: 230,
      marginLeft: 42,
      marginTop: 26,
      marginBottom: 40,
      x: {
        domain: [from, to],
        label: 'granted discount, %',
        labelAnchor: 'center',
        labelArrow: 'none',
        ticks: 5,
      },
      y: {
        label: `${name} · win rate, %`,
        labelAnchor: 'top',
        labelArrow: 'none',
        domain: [0, 100],
        ticks: 5,
        grid: true,
      },
      r: { range: [1.5, 9] },
      marks: [
        Plot.rectY(silentRanges(line), {
          x1: 'from',
          x2: 'to',
          y1: 0,
          y2: 100,
          fill: INK.quiet,
          fillOpacity: 0.22,
        }),
        Plot.areaY(line, { x: 'discount', y1: 'low', y2: 'high', fill: INK.gain, fillOpacity: 0.16 }),
        Plot.dot(bins, { x: 'middle', y: 'observed', r: 'quotes', fill: INK.pale, stroke: INK.gain }),
        Plot.line(line, { x: 'discount', y: 'predicted', stroke: INK.text, strokeWidth: 1.75 }),
      ],
    },
  })
}

/** Discounts of a bin: a closed range of whole bps. */
const binName = ({ from_bps, to_bps }: CurvePoint): string => `${percent(from_bps)} to ${percent(to_bps)}`

/** Runs of discounts that history hardly speaks for, from halfway after the last it speaks for to halfway before the next. */
function silentRanges(
  line: readonly FittedCurvePoint[],
): readonly { readonly from: number; readonly to: number }[] {
  const ranges: { from: number; to: number }[] = []
  for (const [at, point] of line.entries()) {
    if (point.quotes_near >= REWEIGHTED_QUOTES_MIN) continue
    const before = line[at - 1] ?? point
    const after = line[at + 1] ?? point
    const from = (before.discount_bps + point.discount_bps) / 200
    const to = (point.discount_bps + after.discount_bps) / 200
    const last = ranges.at(-1)
    if (last !== undefined && last.to === from) last.to = to
    else ranges.push({ from, to })
  }
  return ranges
}

function supportedRange(line: readonly FittedCurvePoint[]): string {
  const known = line.filter(point => point.quotes_near >= REWEIGHTED_QUOTES_MIN)
  const [first, last] = [known[0], known.at(-1)]
  return first === undefined || last === undefined
    ? 'at no discount enough of them to speak for it'
    : `history speaks for discounts between ${percent(first.discount_bps)} and ${percent(last.discount_bps)}`
}

/** Predicted against observed, by tenths of the predicted probability; a model that tells the truth lies on the line. */
function reliability({ bins }: ResponseEvidence['calibration']): Markup | null {
  const held = bins
    .filter(bin => bin.quotes > 0)
    .map(bin => ({ ...bin, x: bin.predicted_ppm / 10_000, y: bin.observed_ppm / 10_000 }))
  if (held.length < 2) return null
  const drawn = picture({
    id: 'calibration',
    title: 'Win rate observed against win rate predicted',
    description: held
      .map(
        bin =>
          `predicted ${percentOfPpm(bin.predicted_ppm)}, observed ${percentOfPpm(bin.observed_ppm)} of ${count(bin.quotes)} quotes`,
      )
      .join('; '),
    caption:
      'Quotes the model had not seen, by what it predicted for them; on the line it is right on average.',
    plot: {
      width: 320,
      height: 250,
      marginLeft: 42,
      marginTop: 26,
      marginBottom: 40,
      x: { domain: [0, 100], label: 'predicted, %', labelAnchor: 'center', labelArrow: 'none', ticks: 5 },
      y: {
        domain: [0, 100],
        label: 'observed win rate, %',
        labelAnchor: 'top',
        labelArrow: 'none',
        ticks: 5,
        grid: true,
      },
      r: { range: [1.5, 9] },
      marks: [
        Plot.line([{ at: 0 }, { at: 100 }], { x: 'at', y: 'at', stroke: INK.soft, strokeDasharray: '4 3' }),
        Plot.dot(held, { x: 'x', y: 'y', r: 'quotes', fill: INK.pale, stroke: INK.gain }),
      ],
    },
  })
  return html`<div class="panels">${drawn}</div>`
}

const THIN: Readonly<Record<string, string>> = {
  too_few_quotes: 'too few quotes, left alone',
  slope_negative: 'discounts seem to lose deals here, left alone',
  no_level: 'no effect of its own, left alone',
}

function segmentTable({ segments }: ResponseEvidence): Markup {
  return html`<div class="scroll"><table>
<thead><tr><th>Segment</th><th class="n">Closed quotes</th><th class="n">Odds of winning, per point of discount</th><th>Use</th></tr></thead>
<tbody>${segments.map(
    row => html`<tr><th>${row.segment || '(none)'}</th><td class="n">${count(row.closed_quotes)}</td>
<td class="n">${odds(row.slope_nano)} <span class="soft small">(± ${odds(2 * row.slope_standard_error_nano).replace('+', '')})</span></td>
<td>${row.thin_reason === null ? 'may be changed' : (THIN[row.thin_reason] ?? row.thin_reason)}</td></tr>`,
  )}</tbody></table></div>`
}

/** Nano-logits per bps as a change of the odds by 100 bps, in percent. */
const odds = (nano: number): string => {
  const shift = 100 * (Math.exp((100 * nano) / 1e9) - 1)
  return `${shift > 0 ? '+' : ''}${shift.toFixed(1)}%`
}
