import * as Plot from '@observablehq/plot'
import { type Currency, change, count, moneyChange } from './figures.ts'
import { html, Markup } from './markup.ts'
import { INK, picture } from './picture.ts'
import type { ReportedCandidate, ReportedFrontierPoint, RunReport } from './run-report.ts'
import { section } from './section.ts'

/** What could be had instead: margin against win rate and against approvals. */
export function frontierSection({ proposal, candidate_id, currency }: RunReport): Markup | null {
  if (proposal === null || proposal.frontier.length === 0) return null
  const possible = proposal.frontier.filter(point => point.candidate_id === null)
  const points: readonly Point[] = [
    ...possible.map(point => ({ ...point, kind: 'possible' as const })),
    ...proposal.candidates.flatMap(candidate => proposed(candidate, candidate_id)),
  ]
  const purpose = `${count(proposal.searched)} settings were tried. Shown are those that may be proposed and that no other beats in everything; today's policy is the origin. Proposed is not what promises most, but what holds up best at the cautious end.`
  return section(
    'frontier',
    'The frontier',
    purpose,
    html`${key(points)}<div class="panels">${scatter(points, currency, 'win_rate_delta_bps', 'win rate')}${scatter(points, currency, 'approval_load_delta_bps', 'quotes needing approval')}</div>`,
  )
}

type Kind = 'this report' | 'also proposed' | 'possible'
type Point = ReportedFrontierPoint & { readonly kind: Kind }

function proposed({ candidate_id, estimates }: ReportedCandidate, chosen: string | null): readonly Point[] {
  const expected = estimates.expected_margin_delta_cents_per_quote.point
  if (expected === null) return []
  return [
    {
      expected_margin_delta_cents_per_quote: expected,
      win_rate_delta_bps: estimates.win_rate_delta_bps.point,
      approval_load_delta_bps: estimates.approval_load_delta_bps.point,
      candidate_id,
      kind: candidate_id === chosen ? 'this report' : 'also proposed',
    },
  ]
}

function scatter(
  points: readonly Point[],
  currency: Currency,
  measure: 'win_rate_delta_bps' | 'approval_load_delta_bps',
  name: string,
): Markup {
  const scale = currency.minorUnit === 2 ? 100 : 1
  const shown = points.flatMap(point => {
    const y = point[measure]
    return y === null ? [] : [{ ...point, x: point.expected_margin_delta_cents_per_quote / scale, y }]
  })
  const named = shown.filter(point => point.kind !== 'possible')
  const words = named.map(
    point =>
      `${point.kind}: ${moneyChange(point.expected_margin_delta_cents_per_quote, currency)} a quote, ${name} ${change(point.y)} bps`,
  )
  return picture({
    id: `frontier-${measure.replaceAll('_', '-')}`,
    title: `Margin earned a quote against ${name}`,
    description: `${shown.length} settings. ${words.join('; ')}`,
    caption: `Margin earned a quote (${currency.code.toUpperCase()}) against ${name} (bps). ${sentence(words.join('; '))}.`,
    plot: {
      width: 410,
      height: 290,
      marginLeft: 55,
      marginBottom: 45,
      marginRight: 30,
      inset: 14,
      x: {
        label: `margin earned a quote, ${currency.code.toUpperCase()}`,
        labelAnchor: 'center',
        labelArrow: 'none',
        ticks: 5,
      },
      y: { label: `${name}, bps`, labelArrow: 'none', ticks: 5, grid: true },
      marks: [
        Plot.ruleY([0], { stroke: INK.soft }),
        Plot.ruleX([0], { stroke: INK.soft }),
        Plot.dot(
          shown.filter(point => point.kind === 'possible'),
          { x: 'x', y: 'y', r: 4, stroke: INK.quiet, strokeWidth: 1.5 },
        ),
        Plot.dot([{ x: 0, y: 0 }], { x: 'x', y: 'y', r: 4, symbol: 'times', stroke: INK.text }),
        Plot.dot(named, {
          x: 'x',
          y: 'y',
          r: 6.5,
          fill: point => (point.kind === 'this report' ? INK.gain : INK.paper),
          stroke: INK.gain,
          strokeWidth: 2,
        }),
      ],
    },
  })
}

/** What each mark is; beside the pictures, as settings often lie so close that words among them would cover each other. */
function key(points: readonly Point[]): Markup {
  const kinds: readonly Kind[] = ['this report', 'also proposed', 'possible']
  const met = kinds.filter(kind => points.some(point => point.kind === kind))
  return html`<p class="key">${[...met, 'today' as const].map(kind => html`<span>${MARKS[kind]}${kind}</span>`)}</p>`
}

const mark = (shape: string): Markup =>
  new Markup(`<svg aria-hidden="true" width="16" height="16" viewBox="-8 -8 16 16">${shape}</svg>`)

const MARKS: Readonly<Record<Kind | 'today', Markup>> = {
  'this report': mark(`<circle r="6.5" fill="${INK.gain}" stroke="${INK.gain}" stroke-width="2"/>`),
  'also proposed': mark(`<circle r="6.5" fill="${INK.paper}" stroke="${INK.gain}" stroke-width="2"/>`),
  possible: mark(`<circle r="4" fill="none" stroke="${INK.quiet}" stroke-width="1.5"/>`),
  today: mark(`<path d="M-4,-4L4,4M-4,4L4,-4" stroke="${INK.text}" stroke-width="1.5"/>`),
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
