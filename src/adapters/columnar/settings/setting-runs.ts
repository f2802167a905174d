import type { AttributeName } from '../../../domain/expression.ts'
import { sizeClass } from '../../../domain/response-score.ts'
import { presenceOf } from '../packed-array.ts'
import type { ResponseTables } from '../response-tables.ts'
import { orderBy } from '../runs.ts'
import { type DistinctQuotes, OPEN, type SettingQuotes } from './distinct-quotes.ts'
import { type KnownValues, MAY_BE_ABSENT, MAY_HOLD, possibleTruths } from './possible.ts'
import { combined, discountCodes, lookedUp, type RowCodes, shifted } from './row-codes.ts'
import { codesOf, valueOn } from './row-values.ts'
import type { TunedRule } from './tuned-rule.ts'

/** Closed rows between which no rule, no slice and no setting tells but by request, list price and cost. */
export interface RowClass {
  /** Runs [from, to) of the class, by request ascending. */
  readonly from: number
  readonly to: number
  /** One of its rows, for what all of them share. */
  readonly row: number
  readonly known: KnownValues
  /** Mean seconds an approval takes there; 0 where none is known. */
  readonly latencySeconds: number
}

/** The rows of a snapshot in the order of their classes and runs. */
export interface SettingRuns {
  readonly classes: readonly RowClass[]
  /** Quotes that are open, and such that no setting decides, by reason. */
  readonly open: number
  readonly attributeAbsent: number
  readonly costAbsent: number
  /** Rows whose replayability may hang on the setting: 1 by row; null where there are none. */
  readonly unsettled: Uint8Array | null
  /** By run: its places [start[run], start[run + 1]), what was asked, and one of its rows. */
  readonly start: Int32Array
  readonly requestedBps: Float64Array
  readonly row: Int32Array
  /** By run, one of `cells`: the model gives the rows of a cell the same wins for the same offer. */
  readonly cell: Int32Array
  readonly cells: number
  /** By place. */
  readonly listCents: Float64Array
  readonly costCents: Float64Array
  readonly group: Uint8Array
  /** How many equal quotes stand there. */
  readonly weight: Uint16Array
}

/** A run holds rows of one class with one request, to which the response model gives the same wins for the same offer. */
export function settingRuns(
  { quotes, weight, placeOf, open }: DistinctQuotes,
  rules: readonly TunedRule[],
  response: ResponseTables | null,
): SettingRuns {
  const { rows } = quotes
  const skip = new Uint8Array(rows)
  for (let row = 0; row < rows; row += 1) skip[row] = quotes.outcome[row] === OPEN ? 1 : 0
  const classCodes = combined(rows, skip, [
    { codes: quotes.segment.codes, count: quotes.segment.keys.length },
    { codes: quotes.region.codes, count: quotes.region.keys.length },
    { codes: presenceOf(quotes.costCents), count: 2 },
    ...[...constantsByAttribute(rules)].map(([attribute, constants]) =>
      codesOf(quotes, attribute, [...constants]),
    ),
  ])
  const firstRow = new Int32Array(classCodes.count).fill(-1)
  for (let row = rows - 1; row >= 0; row -= 1) {
    const code = classCodes.codes[row] as number
    if (code >= 0) firstRow[code] = row
  }
  const fates = Array.from(firstRow, row => fateOf(rules, knownValues(quotes, row)))
  const unsettled = new Uint8Array(rows)
  const undecided = { attribute_absent: 0, cost_absent: 0 }
  if (fates.some(fate => fate !== 'decided')) {
    for (let row = 0; row < rows; row += 1) {
      const code = classCodes.codes[row] as number
      const fate = code < 0 ? 'decided' : (fates[code] as Fate)
      if (fate === 'decided') continue
      skip[row] = 1
      if (fate === 'unsettled') unsettled[row] = 1
      else undecided[fate] += weight[row] as number
    }
  }
  const cells = combined(rows, skip, cellColumns(quotes, response))
  const asked = combined(rows, skip, [discountCodes(quotes.requestedDiscountBps)])
  const runs = combined(rows, skip, [classCodes, cells, asked])
  const ordered = inOrder(quotes, weight, classCodes, runs)
  return {
    ...ordered,
    cell: ordered.row.map(row => cells.codes[row] as number),
    cells: cells.count,
    open,
    attributeAbsent: undecided.attribute_absent,
    costAbsent: undecided.cost_absent,
    unsettled: unsettled.includes(1) ? spread(unsettled, placeOf) : null,
  }
}

/** By row of the snapshot, what is known by place. */
const spread = (places: Uint8Array, placeOf: Int32Array | null): Uint8Array =>
  placeOf === null ? places : Uint8Array.from(placeOf, place => (place < 0 ? 0 : (places[place] as number)))

/** Constants by attribute that a decision does not move. */
function constantsByAttribute(
  rules: readonly TunedRule[],
): ReadonlyMap<AttributeName, ReadonlySet<string | number>> {
  const constants = new Map<AttributeName, Set<string | number>>()
  for (const rule of rules) {
    for (const atom of rule.atoms) {
      if (
        atom.attribute === 'margin_bps' ||
        (atom.attribute === 'discount_bps' && rule.kind !== 'discount_cap')
      )
        continue
      const known = constants.get(atom.attribute) ?? new Set()
      for (const constant of atom.constants) known.add(constant)
      constants.set(atom.attribute, known)
    }
  }
  return constants
}

const knownValues = (quotes: SettingQuotes, row: number): KnownValues => ({
  valueOf: attribute => valueOn(quotes, attribute, row),
  costKnown: !Number.isNaN(quotes.costCents[row] as number),
})

/** Whether rows are decided under every setting, under none for a reason, or that hangs on the setting. */
type Fate = 'decided' | 'attribute_absent' | 'cost_absent' | 'unsettled'

function fateOf(rules: readonly TunedRule[], known: KnownValues): Fate {
  const truths = rules.map(rule => possibleTruths(rule, known))
  if (truths.includes(MAY_BE_ABSENT)) return 'attribute_absent'
  if (truths.some(truth => (truth & MAY_BE_ABSENT) !== 0)) return 'unsettled'
  if (known.costKnown) return 'decided'
  const floors = truths.filter((_, at) => rules[at]?.kind === 'margin_floor')
  if (floors.includes(MAY_HOLD)) return 'cost_absent'
  return floors.some(truth => (truth & MAY_HOLD) !== 0) ? 'unsettled' : 'decided'
}

/** What besides the offer decides wins and support. */
function cellColumns(quotes: SettingQuotes, response: ResponseTables | null): readonly RowCodes[] {
  const columns: RowCodes[] = [
    { codes: quotes.segment.codes, count: quotes.segment.keys.length },
    discountCodes(quotes.loggedDiscountBps),
    shifted(quotes.loggedApproval, 1, 3),
  ]
  if (response === null) return columns
  const { sizeBounds, factors } = response
  const sizes = new Int32Array(quotes.rows)
  for (let row = 0; row < quotes.rows; row += 1) {
    sizes[row] = sizeClass(sizeBounds, quotes.listCents[row] as number)
  }
  columns.push({ codes: sizes, count: sizeBounds.length + 1 })
  for (const { codes, levelOf } of factors) {
    const count = levelOf.reduce((most, level) => Math.max(most, level), 0) + 2
    columns.push(
      lookedUp(
        codes,
        1,
        Int32Array.from([-1, ...levelOf], level => level + 1),
        count,
      ),
    )
  }
  return columns
}

/** Sorts rows by class, request and run. */
function inOrder(
  quotes: SettingQuotes,
  weights: Uint16Array,
  classCodes: RowCodes,
  runs: RowCodes,
): Pick<
  SettingRuns,
  'classes' | 'start' | 'requestedBps' | 'row' | 'listCents' | 'costCents' | 'group' | 'weight'
> {
  const size = new Int32Array(runs.count)
  const row = new Int32Array(runs.count)
  for (let at = 0; at < quotes.rows; at += 1) {
    const run = runs.codes[at] as number
    if (run < 0) continue
    if (size[run] === 0) row[run] = at
    size[run] = (size[run] as number) + 1
  }
  const classOf = (run: number): number => classCodes.codes[row[run] as number] as number
  const asked = Int16Array.from(row, at => quotes.requestedDiscountBps[at] as number)
  const order = orderBy(runs.count, [
    { values: row.map(at => classCodes.codes[at] as number), offset: 0, bound: classCodes.count },
    { values: asked, offset: 10_000, bound: 20_001 },
  ])
  const start = new Int32Array(runs.count + 1)
  const placeOf = new Int32Array(runs.count)
  const classes: RowClass[] = []
  for (const [at, run] of order.entries()) {
    placeOf[run] = start[at] as number
    start[at + 1] = (start[at] as number) + (size[run] as number)
    if (at > 0 && classOf(order[at - 1] as number) === classOf(run)) continue
    const first = row[run] as number
    let to = at + 1
    while (to < order.length && classOf(order[to] as number) === classOf(run)) to += 1
    const latencySeconds = quotes.latency?.[quotes.segment.codes[first] as number] ?? 0
    classes.push({ from: at, to, row: first, known: knownValues(quotes, first), latencySeconds })
  }
  const rows = start[runs.count] as number
  const [listCents, costCents] = [new Float64Array(rows), new Float64Array(rows)]
  const [group, weight] = [new Uint8Array(rows), new Uint16Array(rows)]
  for (let at = 0; at < quotes.rows; at += 1) {
    const run = runs.codes[at] as number
    if (run < 0) continue
    const place = placeOf[run] as number
    placeOf[run] = place + 1
    listCents[place] = quotes.listCents[at] as number
    costCents[place] = quotes.costCents[at] as number
    group[place] = quotes.group[at] as number
    weight[place] = weights[at] as number
  }
  return {
    classes,
    start,
    requestedBps: Float64Array.from(order, run => asked[run] as number),
    row: Int32Array.from(order, run => row[run] as number),
    listCents,
    costCents,
    group,
    weight,
  }
}
