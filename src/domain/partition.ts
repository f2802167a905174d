import type { ClosedQuotes } from './closed-quotes.ts'
import { isProtectedAttribute } from './protected-attributes.ts'
import type { IntegerColumn, TextColumn } from './quote.ts'

/** Closed quotes put into numbered cells. `cellOf` by position; every cell below `cells` holds at least one quote. */
export interface Partition {
  readonly cells: number
  readonly cellOf: Int32Array
}

/** One column as classes of closed quotes: levels of text, quantile classes of numbers; class 0 is absent. */
export interface ClassedColumn {
  readonly column: string
  readonly classes: number
  readonly classOf: Int32Array
  readonly nameOf: (classCode: number) => string
}

/** More levels than this make an identifier rather than an attribute. */
export const ATTRIBUTE_LEVELS_MAX = 20
const SIZE_CLASSES = 5
const NUMBER_CLASSES = 20
/** Fewer quotes a cell on average leave hardly anything to compare within cells. */
const QUOTES_PER_CELL_MIN = 5

export const wholePartition = (closed: ClosedQuotes): Partition => ({
  cells: closed.rows.length === 0 ? 0 : 1,
  cellOf: new Int32Array(closed.rows.length),
})

/** Splits every cell by a column's classes. */
export function refine(partition: Partition, by: ClassedColumn): Partition {
  const cellOf = new Int32Array(partition.cellOf.length)
  const codes = new Int32Array(partition.cells * by.classes).fill(-1)
  let cells = 0
  for (let at = 0; at < cellOf.length; at += 1) {
    const key = (partition.cellOf[at] as number) * by.classes + (by.classOf[at] as number)
    if (codes[key] === -1) {
      codes[key] = cells
      cells += 1
    }
    cellOf[at] = codes[key] as number
  }
  return { cells, cellOf }
}

/** Splits by each column in turn, leaving out those that would leave fewer than five quotes a cell, or are names of quotes. */
export function partitionBy(closed: ClosedQuotes, columns: readonly ClassedColumn[]): Partition {
  let partition = wholePartition(closed)
  for (const column of columns) {
    if (column.classes > closed.rows.length) continue
    const finer = refine(partition, column)
    if (finer.cells * QUOTES_PER_CELL_MIN <= closed.rows.length) partition = finer
  }
  return partition
}

/** What a discount may have been decided by: segment, size, region, family, and text attributes of few levels. */
export function decidingColumns(
  closed: ClosedQuotes,
  protectedWords?: readonly string[],
): readonly ClassedColumn[] {
  const { segment, region, productFamily } = closed.columns
  return [
    classText(closed, 'segment', segment),
    classNumbers(closed, 'list_cents', closed.columns.listCents, SIZE_CLASSES),
    classText(closed, 'region', region),
    classText(closed, 'product_family', productFamily),
    ...attributeColumns(closed).filter(
      ({ column, classes }) =>
        classes <= ATTRIBUTE_LEVELS_MAX + 1 && !isProtectedAttribute(column, protectedWords),
    ),
  ]
}

export const attributeColumns = (closed: ClosedQuotes): readonly ClassedColumn[] =>
  Object.entries(closed.columns.attributes).map(([key, column]) => classColumn(closed, `attr.${key}`, column))

export const classColumn = (
  closed: ClosedQuotes,
  name: string,
  column: TextColumn | IntegerColumn,
): ClassedColumn =>
  column.kind === 'text'
    ? classText(closed, name, column)
    : classNumbers(closed, name, column.values, NUMBER_CLASSES)

/** Text by level. */
export function classText(closed: ClosedQuotes, name: string, column: TextColumn): ClassedColumn {
  return {
    column: name,
    classes: column.dictionary.length + 1,
    classOf: Int32Array.from(closed.rows, row => (column.codes[row] as number) + 1),
    nameOf: code => (code === 0 ? 'absent' : (column.dictionary[code - 1] as string)),
  }
}

/** Numbers by quantile class; equal numbers fall into one class. */
export function classNumbers(
  closed: ClosedQuotes,
  name: string,
  values: Float64Array,
  classes: number,
): ClassedColumn {
  const present = Float64Array.from(closed.rows, row => values[row] as number).filter(
    value => !Number.isNaN(value),
  )
  present.sort()
  const quantiles = Array.from({ length: classes - 1 }, (_, at) => {
    return present[Math.floor(((at + 1) * present.length) / classes)] as number
  })
  const bounds = [...new Set(quantiles)].filter(bound => bound !== undefined)
  const classOf = Int32Array.from(closed.rows, row => {
    const value = values[row] as number
    if (Number.isNaN(value)) return 0
    let code = 1
    for (const bound of bounds) if (value >= bound) code += 1
    return code
  })
  return {
    column: name,
    classes: bounds.length + 2,
    classOf,
    nameOf: code =>
      code === 0 ? 'absent' : `from ${bounds[code - 2] ?? 'least'} below ${bounds[code - 1] ?? 'most'}`,
  }
}

/** Whether an approval was required, as a column: a price and its approval must not be taken for one another. */
export const approvalColumn = (closed: ClosedQuotes): ClassedColumn => ({
  column: 'approval_required',
  classes: 3,
  classOf: Int32Array.from(closed.rows, row => {
    const required = closed.columns.approvalRequired[row] as number
    return Number.isNaN(required) ? 0 : required + 1
  }),
  nameOf: code => ['absent', 'no', 'yes'][code] as string,
})
