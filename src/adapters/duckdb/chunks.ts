import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'

/**
 * The answer to a question, chunk by chunk. The library ends an answer that fails half way, over a damaged file say, as if it were whole. So
 * its rows are counted, beforehand where `rowsExpected` does not say how many; throws where some are missing in the end.
 */
export async function* chunksOf(
  connection: DuckDBConnection,
  question: string,
  rowsExpected: number | null = null,
): AsyncGenerator<DuckDBDataChunk> {
  const expected = rowsExpected ?? (await rowsOf(connection, question))
  const result = await connection.stream(question)
  let seen = 0
  for (;;) {
    const chunk = await result.fetchChunk()
    if (chunk === null || chunk.rowCount === 0) break
    seen += chunk.rowCount
    yield chunk
  }
  if (seen !== expected) throw new Error(`the answer broke off after ${seen} of ${expected} rows`)
}

async function rowsOf(connection: DuckDBConnection, question: string): Promise<number> {
  const reader = await connection.runAndReadAll(`SELECT count(*) FROM (${question})`)
  return Number(reader.getRows()[0]?.[0])
}
