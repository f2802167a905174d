import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import { NumberBuffer, sortedTextColumn, TextDictionary } from '../../domain/column-buffers.ts'
import type { SnapshotColumn } from '../../domain/snapshot-columns.ts'
import { identifier, literal, withDuckDB } from './connection.ts'

/** Columns of a Parquet file that holds text, integers and instants only. */
export interface ParquetColumns {
  readonly rows: number
  readonly columns: ReadonlyMap<string, SnapshotColumn>
}

interface FileColumn {
  readonly name: string
  readonly type: string
}

/** Reads a snapshot's file, rows in its order. Throws what DuckDB throws on a file that is no Parquet. */
export const readParquet = (
  path: string,
  progress: (rows: number, total: number) => void,
): Promise<ParquetColumns> =>
  withDuckDB(async connection => {
    const described = await describe(connection, path)
    const sinks = described.map(column =>
      column.type === 'VARCHAR' ? textSink(column) : integerSink(column),
    )
    const total = await countRows(connection, path)
    const result = await connection.stream(
      `SELECT ${described.map(selected).join(', ')} FROM read_parquet(${literal(path)})`,
    )
    let rows = 0
    for (;;) {
      const chunk = await result.fetchChunk()
      if (chunk === null || chunk.rowCount === 0) break
      rows += chunk.rowCount
      progress(rows, total)
      for (const [at, sink] of sinks.entries()) sink.take(chunk, at)
    }
    return { rows, columns: new Map(sinks.map(sink => [sink.name, sink.column()])) }
  })

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

/** Integers of a snapshot stay within 2^53, so a DOUBLE carries them exactly and is read without a BigInt a cell. */
function selected({ name, type }: FileColumn): string {
  if (type === 'VARCHAR') return identifier(name)
  const integer = type === 'TIMESTAMP' ? `epoch_ms(${identifier(name)})` : identifier(name)
  return `CAST(${integer} AS DOUBLE)`
}

interface Sink {
  readonly name: string
  take(chunk: DuckDBDataChunk, at: number): void
  column(): SnapshotColumn
}

function textSink({ name }: FileColumn): Sink {
  const dictionary = new TextDictionary()
  const codes = new NumberBuffer()
  return {
    name,
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

function integerSink({ name, type }: FileColumn): Sink {
  const values = new NumberBuffer()
  return {
    name,
    take: (chunk, at) => {
      const vector = chunk.getColumnVector(at)
      for (let row = 0; row < vector.itemCount; row += 1) {
        values.push((vector.getItem(row) as number | null) ?? Number.NaN)
      }
    },
    column: () => ({ name, kind: 'integer', values: values.toFloats(), instant: type === 'TIMESTAMP' }),
  }
}
