import type { AttributeName } from '../../../domain/expression.ts'
import { sizeClass } from '../../../domain/response-score.ts'
import type { ResponseTables } from '../response-tables.ts'
import type { PreparedSnapshot } from '../snapshot.ts'
import { type KnownValues, MAY_BE_ABSENT, MAY_HOLD, possibleTruths } from './possible.ts'
import { combined, type RowCodes } from './row-codes.ts'
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
}

const OPEN = 0

/** A run holds rows of one class with one request, to which the response model gives the same wins for the same offer. */
export function settingRuns(
  snapshot: PreparedSnapshot,
  rules: readonly TunedRule[],
  response: ResponseTables | null,
): SettingRuns {
  const skip = Uint8Array.from(snapshot.outcome, outcome => (outcome === OPEN ? 1 : 0))
  const classCodes = combined(snapshot.rows, skip, [
    { codes: snapshot.segment.codes, count: snapshot.segment.keys.length },
    { codes: snapshot.region.codes, count: snapshot.region.keys.length },
    { codes: Int32Array.from(snapshot.costCents, cost => (Number.isNaN(cost) ? 1 : 0)), count: 2 },
    ...[...constantsByAttribute(rules)].map(([attribute, constants]) =>
      codesOf(snapshot, attribute, [...constants]),
    ),
  ])
  const firstRow = new Int32Array(classCodes.count).fill(-1)
  for (let row = snapshot.rows - 1; row >= 0; row -= 1) {
    const code = classCodes.codes[row] as number
    if (code >= 0) firstRow[code] = row
  }
  const fates = Array.from(firstRow, row => fateOf(rules, knownValues(snapshot, row)))
  const unsettled = new Uint8Array(snapshot.rows)
  for (let row = 0; row < snapshot.rows; row += 1) {
    const code = classCodes.codes[row] as number
    if (code < 0 || fates[code] === 'decided') continue
    skip[row] = 1
    if (fates[code] === 'unsettled') unsettled[row] = 1
  }
  const cells = combined(snapshot.rows, skip, cellColumns(snapshot, response))
  const runs = combined(snapshot.rows, skip, [classCodes, cells, discounts(snapshot.requestedDiscountBps)])
  const ordered = inOrder(snapshot, classCodes, runs)
  return {
    ...ordered,
    cell: ordered.row.map(row => cells.codes[row] as number),
    cells: cells.count,
    unsettled: unsettled.includes(1) ? unsettled : null,
  }
}

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

const knownValues = (snapshot: PreparedSnapshot, row: number): KnownValues => ({
  valueOf: attribute => valueOn(snapshot, attribute, row),
  costKnown: !Number.isNaN(snapshot.costCents[row] as number),
})

/** Whether rows are decided under every setting, under none, or that hangs on the setting. */
function fateOf(rules: readonly TunedRule[], known: KnownValues): 'decided' | 'undecided' | 'unsettled' {
  const truths = rules.map(rule => possibleTruths(rule, known))
  if (truths.includes(MAY_BE_ABSENT)) return 'undecided'
  if (truths.some(truth => (truth & MAY_BE_ABSENT) !== 0)) return 'unsettled'
  if (known.costKnown) return 'decided'
  const floors = truths.filter((_, at) => rules[at]?.kind === 'margin_floor')
  if (floors.includes(MAY_HOLD)) return 'undecided'
  return floors.some(truth => (truth & MAY_HOLD) !== 0) ? 'unsettled' : 'decided'
}

const discounts = (values: Int16Array): RowCodes => ({
  codes: Int32Array.from(values, value => value + 10_000),
  count: 20_001,
})

/** What besides the offer decides wins and support. */
function cellColumns(snapshot: PreparedSnapshot, response: ResponseTables | null): readonly RowCodes[] {
  const columns: RowCodes[] = [
    { codes: snapshot.segment.codes, count: snapshot.segment.keys.length },
    discounts(snapshot.loggedDiscountBps),
    { codes: Int32Array.from(snapshot.loggedApproval, value => value + 1), count: 3 },
  ]
  if (response === null) return columns
  const { sizeBounds, factors } = response
  columns.push({
    codes: Int32Array.from(snapshot.listCents, list => sizeClass(sizeBounds, list)),
    count: sizeBounds.length + 1,
  })
  for (const { codes, levelOf } of factors) {
    columns.push({
      codes: Int32Array.from(codes, code => (code < 0 ? 0 : (levelOf[code] as number) + 1)),
      count: levelOf.reduce((most, level) => Math.max(most, level), 0) + 2,
    })
  }
  return columns
}

/** Sorts rows by class, request and run. */
function inOrder(
  snapshot: PreparedSnapshot,
  classCodes: RowCodes,
  runs: RowCodes,
): Omit<SettingRuns, 'cell' | 'cells' | 'unsettled'> {
  const size = new Int32Array(runs.count)
  const row = new Int32Array(runs.count)
  for (let at = 0; at < snapshot.rows; at += 1) {
    const run = runs.codes[at] as number
    if (run < 0) continue
    if (size[run] === 0) row[run] = at
    size[run] = (size[run] as number) + 1
  }
  const classOf = (run: number): number => classCodes.codes[row[run] as number] as number
  const asked = (run: number): number => snapshot.requestedDiscountBps[row[run] as number] as number
  const order = Int32Array.from({ length: runs.count }, (_, run) => run).sort(
    (left, right) => classOf(left) - classOf(right) || asked(left) - asked(right) || left - right,
  )
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
    const latencySeconds = snapshot.latency?.[snapshot.segment.codes[first] as number] ?? 0
    classes.push({ from: at, to, row: first, known: knownValues(snapshot, first), latencySeconds })
  }
  const rows = start[runs.count] as number
  const [listCents, costCents, group] = [new Float64Array(rows), new Float64Array(rows), new Uint8Array(rows)]
  for (let at = 0; at < snapshot.rows; at += 1) {
    const run = runs.codes[at] as number
    if (run < 0) continue
    const place = placeOf[run] as number
    placeOf[run] = place + 1
    listCents[place] = snapshot.listCents[at] as number
    costCents[place] = snapshot.costCents[at] as number
    group[place] = snapshot.group[at] as number
  }
  return {
    classes,
    start,
    requestedBps: Float64Array.from(order, asked),
    row: Int32Array.from(order, run => row[run] as number),
    listCents,
    costCents,
    group,
  }
}
