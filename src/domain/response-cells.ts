import { closedQuotes } from './closed-quotes.ts'
import { isProtectedAttribute } from './protected-attributes.ts'
import { OUTCOMES, type QuoteColumns, type TextColumn } from './quote.ts'
import type { ModelFactor } from './response.ts'
import { sizeClass } from './response-score.ts'
import type { Counts } from './ridge-logistic.ts'
import { compareText } from './text.ts'
import type { Cents } from './units.ts'

/** Cells beyond this number make the discount bins wider, so that cost stays bounded. */
const CELLS_MAX = 60_000
const DISCOUNT_BIN_WIDTHS_BPS = [1, 5, 10, 25, 50, 100, 200] as const
const SIZE_CLASSES = 20
const ATTRIBUTE_LEVELS_MAX = 20
const COLUMN_LEVELS_MAX = 50
const WON = OUTCOMES.indexOf('won')

/** Closed quotes counted per distinct cell of what the model looks at; a cell's discount is the mean of its quotes. */
export interface ResponseCells {
  readonly factors: readonly ModelFactor[]
  readonly sizeBoundsCents: readonly Cents[]
  readonly discountBinBps: number
  readonly cells: number
  /** By factor, by cell: position of the level, -1 for none. */
  readonly levels: readonly Int32Array[]
  readonly size: Int32Array
  /** 1 where an approval was required, 0 where not or not recorded. */
  readonly approval: Float64Array
  readonly discountBps: Float64Array
  readonly quotes: Float64Array
  readonly wins: Float64Array
  /** The same counts by cell and group, sorted by group; `groupStart[g]` is the first entry of group g, with one end more. */
  readonly entryCell: Int32Array
  readonly entryQuotes: Float64Array
  readonly entryWins: Float64Array
  readonly groupStart: Int32Array
}

/** Counts the closed quotes of a history. `groups` is the number of jackknife groups. */
export function cellsOf(
  columns: QuoteColumns,
  groups: number,
  protectedWords?: readonly string[],
): ResponseCells {
  const { rows } = closedQuotes(columns)
  const factors = factorsOf(columns, rows, protectedWords)
  const sizeBoundsCents = sizeBounds(columns, rows)
  const levelOfRow = factors.map(factor => levelCodes(columns, rows, factor))
  const sizeOfRow = Int32Array.from(rows, row => sizeClass(sizeBoundsCents, columns.listCents[row] as number))
  const approvalOfRow = Int32Array.from(rows, row => (columns.approvalRequired[row] === 1 ? 1 : 0))

  let partition: Partition = { ids: new Int32Array(rows.length), count: 1 }
  for (const [at, codes] of levelOfRow.entries()) {
    const shifted = codes.map(code => code + 1)
    partition = refine(partition, shifted, (factors[at] as ModelFactor).levels.length + 1)
  }
  partition = refine(partition, sizeOfRow, sizeBoundsCents.length + 1)
  partition = refine(partition, approvalOfRow, 2)
  const granted = Float64Array.from(rows, row => columns.grantedDiscountBps[row] as number)
  const binned = refineByDiscount(partition, granted)
  const { ids, count } = binned.partition

  const first = new Int32Array(count).fill(-1)
  const discountBps = new Float64Array(count)
  const quotes = new Float64Array(count)
  const wins = new Float64Array(count)
  for (let at = 0; at < rows.length; at += 1) {
    const cell = ids[at] as number
    if (first[cell] === -1) first[cell] = at
    discountBps[cell] = (discountBps[cell] as number) + (granted[at] as number)
    quotes[cell] = (quotes[cell] as number) + 1
    if (columns.outcome[rows[at] as number] === WON) wins[cell] = (wins[cell] as number) + 1
  }
  for (let cell = 0; cell < count; cell += 1) {
    discountBps[cell] = (discountBps[cell] as number) / (quotes[cell] as number)
  }
  const atFirst = (codes: Int32Array): Int32Array => first.map(at => codes[at] as number)
  return {
    factors,
    sizeBoundsCents,
    discountBinBps: binned.widthBps,
    cells: count,
    levels: levelOfRow.map(atFirst),
    size: atFirst(sizeOfRow),
    approval: Float64Array.from(atFirst(approvalOfRow)),
    discountBps,
    quotes,
    wins,
    ...entriesByGroup(columns, rows, binned.partition, groups),
  }
}

/** Counts with some groups left out. */
export function countsWithout(cells: ResponseCells, groups: readonly number[]): Counts {
  const quotes = cells.quotes.slice()
  const wins = cells.wins.slice()
  for (const group of groups) {
    for (let at = cells.groupStart[group] as number; at < (cells.groupStart[group + 1] as number); at += 1) {
      const cell = cells.entryCell[at] as number
      quotes[cell] = (quotes[cell] as number) - (cells.entryQuotes[at] as number)
      wins[cell] = (wins[cell] as number) - (cells.entryWins[at] as number)
    }
  }
  return { quotes, wins }
}

/** Columns with an effect of their own: attributes of few levels that a price may depend on, and not the identifiers. */
function factorsOf(
  columns: QuoteColumns,
  rows: Int32Array,
  protectedWords: readonly string[] | undefined,
): readonly ModelFactor[] {
  const named: (readonly [string, TextColumn, number])[] = [
    ['segment', columns.segment, COLUMN_LEVELS_MAX],
    ['region', columns.region, COLUMN_LEVELS_MAX],
    ['product_family', columns.productFamily, COLUMN_LEVELS_MAX],
  ]
  const factors = named.map(([column, text, levelsMax]) => ({
    column,
    levels: commonLevels(text, rows, levelsMax),
  }))
  for (const key of Object.keys(columns.attributes).sort(compareText)) {
    const column = columns.attributes[key]
    if (column?.kind !== 'text' || isProtectedAttribute(key, protectedWords)) continue
    const levels = commonLevels(column, rows, Number.POSITIVE_INFINITY)
    if (levels.length > 1 && levels.length <= ATTRIBUTE_LEVELS_MAX) {
      factors.push({ column: `attr.${key}`, levels })
    }
  }
  return factors
}

/** The levels of a column that occur in most rows, at most `levelsMax`, sorted by UTF-8 bytes; the empty text is absence. */
function commonLevels(column: TextColumn, rows: Int32Array, levelsMax: number): readonly string[] {
  const counts = new Map<number, number>()
  for (const row of rows) {
    const code = column.codes[row] as number
    if (code >= 0 && column.dictionary[code] !== '') counts.set(code, (counts.get(code) ?? 0) + 1)
  }
  return [...counts]
    .map(([code, count]) => ({ level: column.dictionary[code] as string, count }))
    .sort((left, right) => right.count - left.count || compareText(left.level, right.level))
    .slice(0, Math.min(counts.size, levelsMax))
    .map(({ level }) => level)
    .sort(compareText)
}

function levelCodes(columns: QuoteColumns, rows: Int32Array, factor: ModelFactor): Int32Array {
  const column = textColumn(columns, factor.column)
  const position = new Map(factor.levels.map((level, at) => [level, at]))
  const ofCode = column.dictionary.map(level => position.get(level) ?? -1)
  return Int32Array.from(rows, row => ofCode[column.codes[row] as number] ?? -1)
}

/** The text column that a factor names. */
export function textColumn(columns: QuoteColumns, name: string): TextColumn {
  switch (name) {
    case 'segment':
      return columns.segment
    case 'region':
      return columns.region
    case 'product_family':
      return columns.productFamily
    default:
      return columns.attributes[name.slice('attr.'.length)] as TextColumn
  }
}

/** Bounds that part the closed quotes into classes of about equal size by list price. */
function sizeBounds(columns: QuoteColumns, rows: Int32Array): readonly Cents[] {
  const prices = Float64Array.from(rows, row => columns.listCents[row] as number).sort()
  const bounds = new Set<Cents>()
  for (let part = 1; part < SIZE_CLASSES; part += 1) {
    const bound = prices[Math.floor((part * prices.length) / SIZE_CLASSES)]
    if (bound !== undefined && bound > (prices[0] as number)) bounds.add(bound)
  }
  return [...bounds]
}

interface Partition {
  /** By closed row. */
  readonly ids: Int32Array
  readonly count: number
}

/** Parts every cell by a further column of codes 0..cardinality-1; numbers run in order of first appearance. */
function refine(partition: Partition, codes: Int32Array, cardinality: number): Partition {
  const known = new Map<number, number>()
  const ids = new Int32Array(partition.ids.length)
  for (let at = 0; at < ids.length; at += 1) {
    const key = (partition.ids[at] as number) * cardinality + (codes[at] as number)
    let id = known.get(key)
    if (id === undefined) {
      id = known.size
      known.set(key, id)
    }
    ids[at] = id
  }
  return { ids, count: known.size }
}

function refineByDiscount(
  partition: Partition,
  granted: Float64Array,
): { readonly partition: Partition; readonly widthBps: number } {
  const lowest = granted.reduce((least, value) => Math.min(least, value), 0)
  const widest = DISCOUNT_BIN_WIDTHS_BPS.at(-1) as number
  for (const widthBps of DISCOUNT_BIN_WIDTHS_BPS) {
    const codes = Int32Array.from(granted, value => Math.floor((value - lowest) / widthBps))
    const refined = refine(partition, codes, 20_001)
    if (refined.count <= CELLS_MAX || widthBps === widest) return { partition: refined, widthBps }
  }
  throw new RangeError('the list of bin widths is empty')
}

function entriesByGroup(columns: QuoteColumns, rows: Int32Array, partition: Partition, groups: number) {
  const groupOfRow = Int32Array.from(rows, row => columns.group[row] as number)
  const entries = refine(partition, groupOfRow, groups)
  const cellOf = new Int32Array(entries.count)
  const groupOf = new Int32Array(entries.count)
  const quotes = new Float64Array(entries.count)
  const wins = new Float64Array(entries.count)
  for (let at = 0; at < rows.length; at += 1) {
    const entry = entries.ids[at] as number
    cellOf[entry] = partition.ids[at] as number
    groupOf[entry] = groupOfRow[at] as number
    quotes[entry] = (quotes[entry] as number) + 1
    if (columns.outcome[rows[at] as number] === WON) wins[entry] = (wins[entry] as number) + 1
  }
  const order = Int32Array.from(groupOf.keys()).sort(
    (left, right) => (groupOf[left] as number) - (groupOf[right] as number) || left - right,
  )
  const groupStart = new Int32Array(groups + 1)
  for (const group of groupOf) groupStart[group + 1] = (groupStart[group + 1] as number) + 1
  for (let group = 0; group < groups; group += 1) {
    groupStart[group + 1] = (groupStart[group + 1] as number) + (groupStart[group] as number)
  }
  return {
    entryCell: order.map(entry => cellOf[entry] as number),
    entryQuotes: Float64Array.from(order, entry => quotes[entry] as number),
    entryWins: Float64Array.from(order, entry => wins[entry] as number),
    groupStart,
  }
}
