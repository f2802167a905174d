import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import { sortedTextColumn, TextDictionary } from '../../domain/column-buffers.ts'
import type { IntegerColumn, TextColumn } from '../../domain/quote.ts'
import { chunksOf } from './chunks.ts'
import { itemsOf } from './column-stream.ts'
import { identifier } from './connection.ts'
import type { ListedTexts } from './listed-texts.ts'

/** How one column is read, part by part. */
export interface Reader<T> {
  /** What to ask for in SQL. */
  readonly selected: string
  /** Room for the rows of one part after the other, so many at most. */
  begin(rowsMax: number): Filling<T>
}

interface Filling<T> {
  /** Takes in a chunk's rows [from, to) of the column `at` as the rows from `first` on. */
  take(
    chunk: DuckDBDataChunk,
    at: number,
    rows: { readonly from: number; readonly to: number },
    first: number,
  ): void
  /** The part's rows, which the next part is read over. */
  column(rows: number): T
}

type Numbers = Float64Array | Int32Array | Int8Array | Uint8Array

/** Numbers that are never NULL, of the very type that the array holds. */
export const numbers = <T extends Numbers>(selected: string, make: new (rows: number) => T): Reader<T> => ({
  selected,
  begin: rowsMax => {
    const values = new make(rowsMax)
    return {
      take: (chunk, at, { from, to }, first) => values.set(itemsOf<T>(chunk, at).subarray(from, to), first),
      column: rows => values.subarray(0, rows) as T,
    }
  },
})

/** Integers within 2^53 - 1, NaN where absent. */
export const integers = (selected: string): Reader<Float64Array> =>
  numbers(`coalesce(CAST(${selected} AS DOUBLE), 'NaN')`, Float64Array)

/** The same as a column of attributes. */
export const integerColumn = (selected: string): Reader<IntegerColumn> =>
  mapped(integers(selected), values => ({ kind: 'integer', values }))

/** Texts by their number in a list. */
export const listed = ({ texts, code }: ListedTexts): Reader<TextColumn> =>
  mapped(numbers(code, Int32Array), codes => ({ kind: 'text', codes, dictionary: texts }))

const mapped = <From, To>(reader: Reader<From>, to: (column: From) => To): Reader<To> => ({
  selected: reader.selected,
  begin: rowsMax => {
    const { take, column } = reader.begin(rowsMax)
    return { take, column: rows => to(column(rows)) }
  },
})

/** Texts that are too many to be listed: each part numbers its own. */
export const spelled = (name: string): Reader<TextColumn> => ({
  selected: identifier(name),
  begin: rowsMax => {
    let dictionary = new TextDictionary()
    const codes = new Int32Array(rowsMax)
    return {
      take: (chunk, at, { from, to }, first) => {
        const vector = chunk.getColumnVector(at)
        for (let row = from; row < to; row += 1) {
          const text = vector.getItem(row) as string | null
          codes[first + row - from] = text === null ? -1 : dictionary.codeOf(text)
        }
      },
      column: rows => {
        const { texts } = dictionary
        dictionary = new TextDictionary()
        return sortedTextColumn(codes.subarray(0, rows), texts)
      },
    }
  },
})

/** A part's columns, by the names of their readers. */
export type Columns<Readers> = {
  readonly [Name in keyof Readers]: Readers[Name] extends Reader<infer T> ? T : never
}

/**
 * The rows of `source`, what stands after FROM, in parts of at most `rowsMax`; one part without rows where there are none. A part holds until
 * the next is asked for.
 */
export async function* readParts<Readers extends Readonly<Record<string, Reader<unknown>>>>(
  connection: DuckDBConnection,
  source: string,
  readers: Readers,
  rowsMax: number,
): AsyncGenerator<{ readonly rows: number; readonly columns: Columns<Readers> }> {
  const selected = Object.values(readers).map(reader => reader.selected)
  const fillings = Object.entries(readers).map(([name, reader]) => ({ name, ...reader.begin(rowsMax) }))
  const part = (rows: number) => ({
    rows,
    columns: Object.fromEntries(fillings.map(({ name, column }) => [name, column(rows)])) as Columns<Readers>,
  })
  let filled = 0
  let parts = 0
  for await (const chunk of chunksOf(connection, `SELECT ${selected.join(', ')} FROM ${source}`)) {
    for (let from = 0; from < chunk.rowCount; ) {
      const to = Math.min(chunk.rowCount, from + rowsMax - filled)
      for (const [at, { take }] of fillings.entries()) take(chunk, at, { from, to }, filled)
      filled += to - from
      from = to
      if (filled < rowsMax) continue
      yield part(filled)
      parts += 1
      filled = 0
    }
  }
  if (filled > 0 || parts === 0) yield part(filled)
}
