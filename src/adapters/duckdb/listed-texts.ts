import type { DuckDBConnection } from '@duckdb/node-api'
import { identifier } from './connection.ts'

/** Columns of more distinct texts are not listed, where nobody asks for all of them. */
export const LISTED_MAX = 10_000

/** A column's distinct texts in order of their bytes, and an INTEGER that says which of them stands on a row. */
export interface ListedTexts {
  readonly texts: readonly string[]
  /** -1 where absent. */
  readonly code: string
}

/**
 * Lists a column's texts and numbers them by an ENUM that DuckDB makes of them; once a connection and name. null where there are more than
 * `textsMax`. `file` is what stands after FROM.
 */
export async function listTexts(
  connection: DuckDBConnection,
  file: string,
  name: string,
  textsMax: number = Number.MAX_SAFE_INTEGER,
): Promise<ListedTexts | null> {
  const column = identifier(name)
  const named = identifier(`texts of ${name}`)
  await connection.run(`
    CREATE TEMP TABLE ${named} AS
    SELECT DISTINCT ${column} AS text FROM ${file} WHERE ${column} IS NOT NULL LIMIT ${textsMax + 1}`)
  const inOrder = `SELECT text FROM ${named} ORDER BY text`
  try {
    const reader = await connection.runAndReadAll(`SELECT count(*) FROM ${named}`)
    const count = Number(reader.getRows()[0]?.[0])
    if (count > textsMax) return null
    if (count === 0) return { texts: [], code: 'CAST(-1 AS INTEGER)' }
    await connection.run(`CREATE TYPE ${named} AS ENUM (${inOrder})`)
    const texts = (await connection.runAndReadAll(inOrder)).getRows().map(row => row[0] as string)
    return { texts, code: `coalesce(CAST(enum_code(CAST(${column} AS ${named})) AS INTEGER), -1)` }
  } finally {
    await connection.run(`DROP TABLE ${named}`)
  }
}
