import * as Plot from '@observablehq/plot'
import type { HistogramBin } from '../../domain/replay-report.ts'
import { change, count } from './figures.ts'
import { html, type Markup } from './markup.ts'
import { INK, picture } from './picture.ts'
import type { RunReport } from './run-report.ts'
import { section } from './section.ts'

interface Bar {
  readonly label: string
  readonly quotes: number
  readonly side: 'loses' | 'keeps' | 'gains'
}

/** How the change in margin spreads over quotes. */
export function distributionSection({ replay }: RunReport): Markup | null {
  if (replay === null) return null
  const bars = barsOf(replay.margin_delta_histogram)
  const total = (side: Bar['side']): number =>
    bars.filter(bar => bar.side === side).reduce((sum, bar) => sum + bar.quotes, 0)
  const moved = bars.filter(bar => bar.side !== 'keeps')
  const sentence = `${count(total('gains'))} quotes would have carried a higher margin rate, ${count(total('loses'))} a lower one, and ${count(total('keeps'))} the same.`
  return section(
    'distribution',
    'Distribution of the margin change',
    'A mean hides who carries it. Quotes whose margin rate does not move are left out of the picture.',
    html`<p>${sentence}</p>`,
    total('gains') + total('loses') === 0
      ? null
      : picture({
          id: 'margin-histogram',
          title: 'Quotes by change of their margin rate',
          description: `${sentence} ${moved.map(bar => `${bar.label.replace('\n', ' ')} bps: ${bar.quotes}`).join('; ')}`,
          caption:
            'Closed quotes by change of their margin rate in bps; lower margins on the left, higher on the right. Steps are not equally wide.',
          plot: {
            width: 840,
            height: 300,
            marginTop: 30,
            marginBottom: 62,
            marginLeft: 20,
            x: {
              domain: moved.map(bar => bar.label),
              label: 'change of margin rate, bps',
              labelAnchor: 'center',
              labelArrow: 'none',
              tickSize: 0,
              padding: 0.12,
            },
            y: { axis: null },
            marks: [
              Plot.barY(moved, {
                x: 'label',
                y: 'quotes',
                fill: bar => (bar.side === 'loses' ? INK.loss : INK.gain),
              }),
              Plot.text(moved, {
                x: 'label',
                y: 'quotes',
                text: bar => (bar.quotes === 0 ? '' : count(bar.quotes)),
                dy: -9,
                fill: INK.text,
              }),
              Plot.ruleY([0], { stroke: INK.soft }),
            ],
          },
        }),
  )
}

/** Bins by their limits in words; a bin's lower limit is one above the upper limit before it. */
function barsOf(bins: readonly HistogramBin[]): readonly Bar[] {
  return bins.map(({ up_to_bps: upTo, quotes }, at): Bar => {
    const before = bins[at - 1]?.up_to_bps ?? null
    const from = before === null ? null : before + 1
    const side = upTo !== null && upTo < 0 ? 'loses' : upTo === 0 ? 'keeps' : 'gains'
    return { label: rangeLabel(from, upTo), quotes, side }
  })
}

function rangeLabel(from: number | null, upTo: number | null): string {
  if (from === null) return `≤ ${change(upTo ?? 0)}`
  if (upTo === null) return `≥ ${change(from)}`
  return from === upTo ? change(from) : `${change(from)}\nto ${change(upTo)}`
}
