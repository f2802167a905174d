import { DuckDBBitValue, type DuckDBConnection } from '@duckdb/node-api'
import { chunksOf } from './chunks.ts'
import { itemsOf } from './column-stream.ts'

/** Rows whose bits are handed over together: DuckDB copies a value for every 2,048 rows that look at it. */
const PIECE_BYTES = 4_096
const PIECE_ROWS = PIECE_BYTES * 8

/**
 * How many clusters the quotes at some places belong to. `places` has a bit for each of all `rows`, the highest of a byte first; `quotes` is
 * what stands after FROM. Where clusters stand in order, as they do where each quote is its own, they are told apart while they are streamed. Any
 * others are gathered by name, which may be spilled.
 */
export const clustersAt = async (
  connection: DuckDBConnection,
  quotes: string,
  rows: number,
  places: Uint8Array,
): Promise<number> =>
  (await clustersInOrder(connection, quotes, rows, places)) ?? clustersByName(connection, quotes, places)

/** null where they do not stand in order. */
async function clustersInOrder(
  connection: DuckDBConnection,
  quotes: string,
  rows: number,
  places: Uint8Array,
): Promise<number | null> {
  await connection.run('SET preserve_insertion_order = true')
  const question = `
    SELECT CAST(place AS INTEGER), CAST(CASE WHEN cluster < before THEN 2 WHEN cluster = before THEN 0 ELSE 1 END AS TINYINT)
    FROM (SELECT place, cluster, lag(cluster) OVER () AS before FROM ${quotes})`
  let clusters = 0
  let isCounted = false
  let next = 0
  for await (const chunk of chunksOf(connection, question, rows)) {
    const changes = itemsOf<Int8Array>(chunk, 1)
    for (const [at, place] of itemsOf<Int32Array>(chunk).entries()) {
      if (changes[at] === 2 || place !== next) return null
      if (changes[at] === 1) isCounted = false
      if (!isCounted && ((places[place >> 3] as number) & (0x80 >> (place & 7))) !== 0) {
        isCounted = true
        clusters += 1
      }
      next += 1
    }
  }
  return clusters
}

async function clustersByName(
  connection: DuckDBConnection,
  quotes: string,
  places: Uint8Array,
): Promise<number> {
  await connection.run('CREATE OR REPLACE TEMP TABLE marked (piece BIGINT, bits BIT)')
  await appendPieces(connection, places)
  const reader = await connection.runAndReadAll(`
    SELECT count(*)
    FROM (
      SELECT cluster
      FROM ${quotes} JOIN marked ON piece = place // ${PIECE_ROWS}
      WHERE get_bit(bits, CAST(place % ${PIECE_ROWS} AS INTEGER)) = 1
      GROUP BY cluster
    )`)
  return Number(reader.getRows()[0]?.[0])
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
