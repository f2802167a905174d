import { marginBps, netCents } from './arithmetic.ts'
import type { Request } from './decision.ts'
import type { AttributeName } from './expression.ts'
import { type Cell, type Piece, RANGE_OF, standIn } from './policy-cells.ts'
import type { Bps, Cents } from './units.ts'

type Range = Extract<Piece, { kind: 'range' }>

/** A margin in a range is wanted at the discount that some policy grants: the requested one, but at most `cap`. */
export interface MarginDemand {
  /** Infinity where the requested discount is granted. */
  readonly cap: Bps
  readonly margin: Range
}

/** A quote of the cell; or the proof that there is none; or neither found. */
export type Witness = Request | 'impossible' | 'not_found'

const PLAIN_LIST_CENTS = 1_000_000
const TRIED_ALL_MAX = 4_000

/**
 * Looks for a quote of the cell that meets all demands. Margin follows from list price, cost and grant, so the cost is solved
 * for; the margin is monotone in each of the three, which proves most impossible cases, and few remaining pairs of list
 * price and discount are tried one by one.
 */
export function findWitness(cell: Cell, demands: readonly MarginDemand[]): Witness {
  const list = rangeIn(cell, 'list_cents')
  const requested = rangeIn(cell, 'requested_discount_bps')
  const costPiece = cell.get('cost_cents')
  if (costPiece?.kind === 'absent') {
    return demands.length > 0 ? 'impossible' : quoteOf(cell, preferred(list), requested.min, null)
  }
  const cost = rangeIn(cell, 'cost_cents')
  if (demands.some(demand => outOfReach(demand, list, cost, requested))) return 'impossible'
  if (demands.some(one => demands.some(other => contradicts(one, other)))) return 'impossible'
  const exhaustive = allTried(list, requested)
  const lists = exhaustive ? allOf(list) : someOf(list)
  const discounts = exhaustive ? allOf(requested) : someOf(requested)
  for (const listCents of lists) {
    for (const requestedBps of discounts) {
      const found = costFor(demands, listCents, requestedBps, cost)
      if (found !== null) return quoteOf(cell, listCents, requestedBps, found)
    }
  }
  return exhaustive ? 'impossible' : 'not_found'
}

const allTried = (list: Range, requested: Range): boolean =>
  (list.max - list.min + 1) * (requested.max - requested.min + 1) <= TRIED_ALL_MAX

/** How many pairs of list price and discount `findWitness` may have to try in a cell: what it costs. */
export function pairsToTry(cell: Cell): number {
  const [list, requested] = [rangeIn(cell, 'list_cents'), rangeIn(cell, 'requested_discount_bps')]
  return allTried(list, requested)
    ? (list.max - list.min + 1) * (requested.max - requested.min + 1)
    : someOf(list).length * someOf(requested).length
}

const rangeIn = (cell: Cell, attribute: AttributeName): Range => {
  const piece = cell.get(attribute)
  if (piece?.kind === 'range') return piece
  const { min, max } = RANGE_OF[attribute] as { min: number; max: number }
  return { kind: 'range', min, max }
}

const clamp = (value: number, range: Range): number => Math.min(Math.max(value, range.min), range.max)
const preferred = (list: Range): Cents => clamp(PLAIN_LIST_CENTS, list)
const allOf = (range: Range): readonly number[] =>
  Array.from({ length: range.max - range.min + 1 }, (_, index) => range.min + index)
const someOf = (range: Range): readonly number[] => [
  ...new Set(
    [clamp(PLAIN_LIST_CENTS, range), range.min, range.max, Math.floor((range.min + range.max) / 2), 0].filter(
      value => value >= range.min && value <= range.max,
    ),
  ),
]

/** Whether no list price, cost and discount of the ranges gives a margin of the demand. */
function outOfReach(demand: MarginDemand, list: Range, cost: Range, requested: Range): boolean {
  const netMin = netCents(list.min, Math.min(requested.max, demand.cap))
  const netMax = netCents(list.max, Math.min(requested.min, demand.cap))
  return demand.margin.max < marginBps(netMin, cost.max) || demand.margin.min > marginBps(netMax, cost.min)
}

/** On one quote the larger discount never leaves the larger margin. */
const contradicts = (one: MarginDemand, other: MarginDemand): boolean =>
  one.cap >= other.cap && one.margin.min > other.margin.max

/** A cost that meets all demands at this list price and discount, null if there is none. */
function costFor(
  demands: readonly MarginDemand[],
  listCents: Cents,
  requested: Bps,
  cost: Range,
): Cents | null {
  let { min, max } = cost
  for (const { cap, margin } of demands) {
    const net = netCents(listCents, Math.min(requested, cap))
    min = Math.max(
      min,
      firstCost(cost, candidate => marginBps(net, candidate) <= margin.max),
    )
    max = Math.min(max, firstCost(cost, candidate => marginBps(net, candidate) < margin.min) - 1)
  }
  return min > max ? null : clamp(Math.floor(listCents / 2), { kind: 'range', min, max })
}

/** The smallest cost for which `holds`, which once true stays true; one beyond the range if there is none. */
function firstCost(cost: Range, holds: (cost: Cents) => boolean): Cents {
  let low = cost.min
  let high = cost.max + 1
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}

function quoteOf(cell: Cell, listCents: Cents, requestedDiscountBps: Bps, costCents: Cents | null): Request {
  const word = (attribute: AttributeName): string => {
    const piece = cell.get(attribute)
    return piece?.kind === 'text' ? piece.value : ''
  }
  const attributes = [...cell].flatMap(
    ([attribute, piece]): readonly (readonly [string, string | number])[] => {
      const value = standIn(piece)
      return attribute.startsWith('attr.') && value !== null ? [[attribute.slice('attr.'.length), value]] : []
    },
  )
  return {
    segment: word('segment'),
    region: word('region'),
    productFamily: word('product_family'),
    listCents,
    costCents,
    requestedDiscountBps,
    attributes: Object.fromEntries(attributes),
  }
}
