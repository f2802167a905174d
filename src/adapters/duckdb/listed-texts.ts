import type { DuckDBConnection } from '@duckdb/node-api'
import { identifier } from './connection.ts'

/** Columns of more distinct texts, as estimated in little memory, are not listed at once. */
const LISTED_MAX = 10_000

/** Whether a column of a file has few enough distinct texts to be listed. `file` is what stands after FROM. */
export async function isListed(connection: DuckDBConnection, file: string, name: string): Promise<boolean> {
  const reader = await connection.runAndReadAll(
    `SELECT approx_count_distinct(${identifier(name)}) FROM ${file}`,
  )
  return Number(reader.getRows()[0]?.[0]) <= LISTED_MAX
}

/** A column's distinct texts in order of their bytes, and an INTEGER that says which of them stands on a row. */
export interface ListedTexts {
  readonly texts: readonly string[]
  /** -1 where absent. */
  readonly code: string
}

/** Lists a column's texts and numbers them by an ENUM that DuckDB makes of them; once a connection and name. */
export async function listTexts(
  connection: DuckDBConnection,
  file: string,
  name: string,
): Promise<ListedTexts> {
  const column = identifier(name)
  const distinct = `SELECT DISTINCT ${column} AS text FROM ${file} WHERE ${column} IS NOT NULL ORDER BY text`
  const reader = await connection.runAndReadAll(distinct)
  const texts = reader.getRows().map(row => row[0] as string)
  if (texts.length === 0) return { texts, code: 'CAST(-1 AS INTEGER)' }
  const type = identifier(`texts of ${name}`)
  await connection.run(`CREATE TYPE ${type} AS ENUM (${distinct})`)
  return { texts, code: `coalesce(CAST(enum_code(CAST(${column} AS ${type})) AS INTEGER), -1)` }
}
