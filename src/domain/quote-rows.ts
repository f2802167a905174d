import { type NumberColumnName, TEXT_COLUMNS, type TextColumnName } from './canonical-columns.ts'
import { NumberBuffer, TextDictionary } from './column-buffers.ts'

/** One column while rows come in: numbers, or codes into a dictionary; NaN is absent in both. */
export interface RowColumn {
  readonly values: NumberBuffer
  /** null for columns of numbers. */
  readonly dictionary: TextDictionary | null
}

/** Rows that passed every check, not yet unique or in order. All columns have the same length. */
export interface QuoteRows {
  readonly columns: ReadonlyMap<string, RowColumn>
  /** Data record of each row in its file, from 1, and its line (NaN where there are none). */
  readonly recordNumbers: NumberBuffer
  readonly lines: NumberBuffer
}

const isTextColumn = (name: string): boolean =>
  (TEXT_COLUMNS as readonly string[]).includes(name) || name.startsWith('attr.')

/** Empty rows with these columns. */
export const emptyRows = (names: Iterable<string>): QuoteRows => ({
  columns: new Map(
    Array.from(names, name => [
      name,
      { values: new NumberBuffer(), dictionary: isTextColumn(name) ? new TextDictionary() : null },
    ]),
  ),
  recordNumbers: new NumberBuffer(),
  lines: new NumberBuffer(),
})

/** The text of a row, null where absent or where there is no such column. */
export function rowText(rows: QuoteRows, name: TextColumnName, row: number): string | null {
  const column = rows.columns.get(name)
  const code = column?.values.at(row) ?? Number.NaN
  return Number.isNaN(code) ? null : (column?.dictionary?.texts[code] ?? null)
}

/** The number of a row, NaN where absent or where there is no such column. */
export const rowNumber = (rows: QuoteRows, name: NumberColumnName, row: number): number =>
  rows.columns.get(name)?.values.at(row) ?? Number.NaN

/** Whether two rows agree in every column; where they came from does not matter. */
export function rowsAgree(rows: QuoteRows, left: number, right: number): boolean {
  for (const { values } of rows.columns.values()) {
    if (!Object.is(values.at(left), values.at(right))) return false
  }
  return true
}
