import { BIGINT, DuckDBTableFunction, type DuckDBVector, VARCHAR } from '@duckdb/node-api'
import type { SnapshotColumn } from '../../domain/snapshot-columns.ts'
import { identifier, literal, withDuckDB } from './connection.ts'

/** Rows of a DuckDB vector. */
const CHUNK_ROWS = 2048

/**
 * Writes columns to a Parquet file in their order: text as VARCHAR, integers as BIGINT, instants as TIMESTAMP (UTC), NULL where
 * absent. DuckDB pulls the rows chunk by chunk, so memory does not grow with them.
 */
export async function writeParquet(
  path: string,
  rows: number,
  columns: readonly SnapshotColumn[],
): Promise<void> {
  let next = 0
  const source = DuckDBTableFunction.create({
    name: 'snapshot_rows',
    parameterTypes: [],
    bindFunction: info => {
      for (const { name, kind } of columns) info.addResultColumn(name, kind === 'text' ? VARCHAR : BIGINT)
    },
    initFunction: info => info.setMaxThreads(1),
    mainFunction: (_info, output) => {
      const count = Math.min(CHUNK_ROWS, rows - next)
      output.rowCount = count
      if (count === 0) return
      for (const [at, column] of columns.entries()) fill(output.getColumnVector(at), column, next, count)
      next += count
    },
  })
  await withDuckDB(async connection => {
    connection.registerTableFunction(source)
    await connection.run(`
      COPY (SELECT ${columns.map(selected).join(', ')} FROM snapshot_rows())
      TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd)
    `)
  })
}

function selected(column: SnapshotColumn): string {
  const name = identifier(column.name)
  return column.kind === 'integer' && column.instant ? `make_timestamp_ms(${name}) AS ${name}` : name
}

function fill(vector: DuckDBVector, column: SnapshotColumn, first: number, count: number): void {
  if (column.kind === 'text') {
    for (let at = 0; at < count; at += 1) {
      const code = column.codes[first + at] as number
      vector.setItem(at, code < 0 ? null : (column.dictionary[code] as string))
    }
  } else {
    for (let at = 0; at < count; at += 1) {
      const value = column.values[first + at] as number
      vector.setItem(at, Number.isNaN(value) ? null : BigInt(value))
    }
  }
  vector.flush()
}
