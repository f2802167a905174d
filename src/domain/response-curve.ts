import { closedQuotes } from './closed-quotes.ts'
import type { QuoteColumns } from './quote.ts'
import type { FittedCurvePoint } from './response.ts'
import type { ResponseCells } from './response-cells.ts'
import { BPS_PER_DISCOUNT_UNIT, designOf, slopeOf } from './response-design.ts'
import type { FloatingResponse } from './response-fit.ts'
import { linearPredictor } from './ridge-logistic.ts'
import { grantsNear } from './support.ts'
import type { Bps } from './units.ts'

/** How far the curve is drawn beyond the discounts that were ever granted in a segment. */
const BEYOND_BPS: Bps = 500
const STEP_BPS: Bps = 100
const POINTS_MAX = 60
const DISCOUNT_MAX_BPS: Bps = 10_000

/**
 * The fitted curve of each segment, for the picture: the mean win probability of its closed quotes, as the full fit has it, were
 * all of them offered one discount and nothing else changed about them; at the fitted slope and at both ends of the slope range,
 * which pivot at each quote's logged discount. `offset` is the half-width of that range, logits per ten percent. Reaches
 * BEYOND_BPS past what was granted, so that a reader sees where history ends.
 */
export function fittedCurvesOf(
  columns: QuoteColumns,
  { cells, plan, flat, fits }: FloatingResponse,
  offset: number,
): readonly FittedCurvePoint[] {
  const full = fits[0] as Float64Array
  const design = designOf(cells, plan, flat)
  const granted = grantedBySegment(columns)
  return (cells.factors[0]?.levels ?? []).flatMap((segment, level) => {
    const logged = granted.get(segment)
    const members = cellsOfLevel(cells, level)
    if (logged === undefined || members.length === 0) return []
    const etas = members.map(cell => linearPredictor(design, cell, full))
    const slope = slopeOf(full, plan, flat, level)
    const meanAt = (discountBps: Bps, shifted: number): number => {
      let sum = 0
      let quotes = 0
      for (const [at, cell] of members.entries()) {
        const away = (discountBps - (cells.discountBps[cell] as number)) / BPS_PER_DISCOUNT_UNIT
        const count = cells.quotes[cell] as number
        sum += count / (1 + Math.exp(-((etas[at] as number) + shifted * away)))
        quotes += count
      }
      return Math.round((1_000_000 * sum) / quotes)
    }
    return discountsAround(logged).map(discount_bps => {
      const ends = [slope - offset, slope + offset].map(end => meanAt(discount_bps, Math.max(0, end)))
      return {
        segment,
        discount_bps,
        predicted_ppm: meanAt(discount_bps, Math.max(0, slope)),
        low_ppm: Math.min(...ends),
        high_ppm: Math.max(...ends),
        quotes_near: grantsNear(logged, discount_bps),
      }
    })
  })
}

const cellsOfLevel = (cells: ResponseCells, level: number): readonly number[] => {
  const members: number[] = []
  for (let cell = 0; cell < cells.cells; cell += 1) if (cells.levels[0]?.[cell] === level) members.push(cell)
  return members
}

/** Granted discounts of closed quotes by segment, ascending. */
function grantedBySegment(columns: QuoteColumns): ReadonlyMap<string, Float64Array> {
  const closed = closedQuotes(columns)
  const bySegment = new Map<string, number[]>()
  for (const [at, row] of closed.rows.entries()) {
    const segment = columns.segment.dictionary[columns.segment.codes[row] as number] ?? ''
    const granted = bySegment.get(segment)
    if (granted === undefined) bySegment.set(segment, [closed.granted[at] as number])
    else granted.push(closed.granted[at] as number)
  }
  return new Map([...bySegment].map(([segment, granted]) => [segment, Float64Array.from(granted).sort()]))
}

/** Evenly spaced discounts over what was granted and BEYOND_BPS on either side. */
function discountsAround(granted: Float64Array): readonly Bps[] {
  const from = Math.max(-DISCOUNT_MAX_BPS, (granted[0] as number) - BEYOND_BPS)
  const to = Math.min(DISCOUNT_MAX_BPS, (granted.at(-1) as number) + BEYOND_BPS)
  const step = STEP_BPS * Math.ceil((to - from) / STEP_BPS / POINTS_MAX)
  const first = Math.ceil(from / step)
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, at) => (first + at) * step)
}
