import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import { NumberBuffer, sortedTextColumn, TextDictionary } from '../../domain/column-buffers.ts'
import type { SnapshotColumn } from '../../domain/snapshot-columns.ts'
import { chunksOf } from './chunks.ts'
import { identifier, literal, withDuckDB } from './connection.ts'
import { listFewTexts } from './listed-texts.ts'

/** Columns of a Parquet file that holds text, integers and instants only. */
export interface ParquetColumns {
  readonly rows: number
  readonly columns: ReadonlyMap<string, SnapshotColumn>
}

/** Reads a snapshot's file, rows in its order. Throws what DuckDB throws on a file that is no Parquet. */
export const readParquet = (
  path: string,
  progress: (rows: number, total: number) => void,
): Promise<ParquetColumns> =>
  withDuckDB(async connection => {
    const sinks: Sink[] = []
    for (const column of await describe(connection, path)) {
      if (column.name === 'quote_id') sinks.push(quoteIdSink(column.name))
      else if (column.type === 'VARCHAR') sinks.push(await textSink(connection, path, column.name))
      else sinks.push(integerSink(column))
    }
    const total = await countRows(connection, path)
    const question = `SELECT ${sinks.map(sink => sink.selected).join(', ')} FROM read_parquet(${literal(path)})`
    let rows = 0
    for await (const chunk of chunksOf(connection, question, total)) {
      rows += chunk.rowCount
      progress(rows, total)
      for (const [at, sink] of sinks.entries()) sink.take(chunk, at)
    }
    return { rows, columns: new Map(sinks.map(sink => [sink.name, sink.column()])) }
  })

interface FileColumn {
  readonly name: string
  readonly type: string
}

/** Names and types of a Parquet file's columns, in order. */
export async function describe(connection: DuckDBConnection, path: string): Promise<readonly FileColumn[]> {
  const reader = await connection.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet(${literal(path)})`)
  return reader.getRows().map(row => ({ name: String(row[0]), type: String(row[1]) }))
}

/** Rows as the file's own footer says. */
export async function countRows(connection: DuckDBConnection, path: string): Promise<number> {
  const reader = await connection.runAndReadAll(`SELECT count(*) FROM read_parquet(${literal(path)})`)
  return Number(reader.getRows()[0]?.[0])
}

/** Takes one column in, chunk by chunk. Numbers come without NULL: to tell it from a value costs more than to read the value. */
interface Sink {
  readonly name: string
  /** What to ask for in SQL. */
  readonly selected: string
  take(chunk: DuckDBDataChunk, at: number): void
  column(): SnapshotColumn
}

/** Integers of a snapshot stay within 2^53, so a DOUBLE carries them exactly and is read without a BigInt a cell. */
function integerSink({ name, type }: FileColumn): Sink {
  const instant = type === 'TIMESTAMP'
  const integer = instant ? `epoch_ms(${identifier(name)})` : identifier(name)
  const values = new NumberBuffer()
  return {
    name,
    selected: `coalesce(CAST(${integer} AS DOUBLE), 'NaN')`,
    take: (chunk, at) => takeNumbers(chunk, at, values),
    column: () => ({ name, kind: 'integer', values: values.toFloats(), instant }),
  }
}

function takeNumbers(chunk: DuckDBDataChunk, at: number, into: NumberBuffer): void {
  const vector = chunk.getColumnVector(at)
  for (let row = 0; row < vector.itemCount; row += 1) into.push(vector.getItem(row) as number)
}

/** Ids are distinct and in order, so they are their own dictionary; where they were tampered with, the digest tells. */
function quoteIdSink(name: string): Sink {
  const texts: string[] = []
  return {
    name,
    selected: `coalesce(CAST(${identifier(name)} AS VARCHAR), '')`,
    take: (chunk, at) => {
      const vector = chunk.getColumnVector(at)
      for (let row = 0; row < vector.itemCount; row += 1) texts.push(vector.getItem(row) as string)
    },
    column: () => ({ name, kind: 'text', codes: Int32Array.from(texts.keys()), dictionary: texts }),
  }
}

/** Columns of few distinct texts come as numbers; others text by text. */
async function textSink(connection: DuckDBConnection, path: string, name: string): Promise<Sink> {
  const listed = await listFewTexts(connection, `read_parquet(${literal(path)})`, name)
  if (listed === null) return spelledSink(name)
  const codes = new NumberBuffer()
  return {
    name,
    selected: listed.code,
    take: (chunk, at) => takeNumbers(chunk, at, codes),
    column: () => ({ name, kind: 'text', codes: codes.toCodes(), dictionary: listed.texts }),
  }
}

function spelledSink(name: string): Sink {
  const dictionary = new TextDictionary()
  const codes = new NumberBuffer()
  return {
    name,
    selected: identifier(name),
    take: (chunk, at) => {
      const vector = chunk.getColumnVector(at)
      for (let row = 0; row < vector.itemCount; row += 1) {
        const text = vector.getItem(row) as string | null
        codes.push(text === null ? -1 : dictionary.codeOf(text))
      }
    },
    column: () => ({ name, ...sortedTextColumn(codes.toCodes(), dictionary.texts) }),
  }
}
