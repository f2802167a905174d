import type { DuckDBConnection } from '@duckdb/node-api'
import { identifier } from './connection.ts'

/** Columns of more distinct texts, as estimated in little memory, are not listed where somebody can do without. */
const LISTED_MAX = 10_000

/** A column's distinct texts in order of their bytes, and an INTEGER that says which of them stands on a row. */
export interface ListedTexts {
  readonly texts: readonly string[]
  /** -1 where absent. */
  readonly code: string
}

/** listTexts, or null where the texts are many. `file` is what stands after FROM. */
export async function listFewTexts(
  connection: DuckDBConnection,
  file: string,
  name: string,
): Promise<ListedTexts | null> {
  const estimate = await numberOf(
    connection,
    `SELECT approx_count_distinct(${identifier(name)}) FROM ${file}`,
  )
  return estimate > LISTED_MAX ? null : listTexts(connection, file, name)
}

/** Lists a column's texts in one pass and numbers them by an ENUM that DuckDB makes of them; once a connection and name. */
export async function listTexts(
  connection: DuckDBConnection,
  file: string,
  name: string,
): Promise<ListedTexts> {
  const column = identifier(name)
  const named = identifier(`texts of ${name}`)
  const inOrder = `SELECT text FROM ${named} ORDER BY text`
  await connection.run(`
    CREATE TEMP TABLE ${named} AS SELECT DISTINCT ${column} AS text FROM ${file} WHERE ${column} IS NOT NULL`)
  const texts = (await connection.runAndReadAll(inOrder)).getRows().map(row => row[0] as string)
  if (texts.length > 0) await connection.run(`CREATE TYPE ${named} AS ENUM (${inOrder})`)
  await connection.run(`DROP TABLE ${named}`)
  // There is no ENUM of no text.
  const code = texts.length === 0 ? 'NULL' : `enum_code(CAST(${column} AS ${named}))`
  return { texts, code: `coalesce(CAST(${code} AS INTEGER), -1)` }
}

async function numberOf(connection: DuckDBConnection, question: string): Promise<number> {
  return Number((await connection.runAndReadAll(question)).getRows()[0]?.[0])
}
