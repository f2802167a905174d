import { DuckDBBitValue, type DuckDBConnection } from '@duckdb/node-api'

/** Rows whose bits are handed over together: DuckDB copies a value for every 2,048 rows that look at it. */
const PIECE_BYTES = 4_096
const PIECE_ROWS = PIECE_BYTES * 8

/**
 * How many clusters the quotes at some places belong to. `places` has a bit for each quote, the highest of a byte first; `quotes` is what
 * stands after FROM. Where clusters stand in order, as they do where each quote is its own, they are counted as they change while they are
 * streamed. Any others are gathered by name, which may be spilled.
 */
export async function clustersAt(
  connection: DuckDBConnection,
  quotes: string,
  places: Uint8Array,
): Promise<number> {
  await connection.run('SET preserve_insertion_order = true')
  await connection.run('CREATE OR REPLACE TEMP TABLE marked (piece BIGINT, bits BIT)')
  await appendPieces(connection, places)
  const among = `
    SELECT cluster
    FROM ${quotes} JOIN marked ON piece = place // ${PIECE_ROWS}
    WHERE get_bit(bits, CAST(place % ${PIECE_ROWS} AS INTEGER)) = 1`
  const answer = async (question: string): Promise<readonly number[]> =>
    (await connection.runAndReadAll(question)).getRows()[0]?.map(Number) ?? []
  const [changes, fallsBack] = (await answer(`
    SELECT count(*) FILTER (cluster IS DISTINCT FROM before), count(*) FILTER (cluster < before)
    FROM (SELECT cluster, lag(cluster) OVER () AS before FROM (${among}))`)) as [number, number]
  if (fallsBack === 0) return changes
  const [counted] = await answer(`SELECT count(*) FROM (SELECT cluster FROM (${among}) GROUP BY cluster)`)
  return counted as number
}

/** A piece without a bit that is set stays away. */
async function appendPieces(connection: DuckDBConnection, places: Uint8Array): Promise<void> {
  const appender = await connection.createAppender('marked')
  for (let piece = 0; piece * PIECE_BYTES < places.length; piece += 1) {
    // A BIT value says in its first byte how many bits of the second are no part of it.
    const bits = new Uint8Array(PIECE_BYTES + 1)
    bits.set(places.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES), 1)
    if (!bits.some(byte => byte !== 0)) continue
    appender.appendBigInt(BigInt(piece))
    appender.appendBit(new DuckDBBitValue(bits))
    appender.endRow()
  }
  appender.closeSync()
}
