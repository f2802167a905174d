import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { QuoteColumns } from '../domain/quote.ts'
import { quotesFromSnapshotColumns } from '../domain/snapshot-columns.ts'
import type { Digest } from '../domain/units.ts'
import type { Progress, StoredQuotes } from '../loop/ports.ts'
import { type DuckDBRoom, literal, withDuckDB } from './duckdb/connection.ts'
import { readParquet } from './duckdb/parquet-read.ts'
import { withRoom } from './duckdb/spill.ts'
import { digestOfStored, type StoredColumns } from './duckdb/stored-digest.ts'

/** Opens a snapshot's file where it lies; null where its content has another digest, or none. */
export async function openStoredQuotes(
  home: string,
  file: string,
  digest: Digest,
  progress: Progress,
  memoryMegabytes?: number,
): Promise<StoredQuotes | null> {
  const before = await markOf(file)
  const stored = await withRoom(home, room => storedColumns(file, room, progress), memoryMegabytes)
  if (stored === null || stored.digest !== digest) return null
  const quotes = {
    digest,
    rows: stored.rows,
    currency: '',
    attributes: stored.attributes,
    file,
    at: (places: readonly number[]) => quotesAt(home, file, places),
    unchanged: async () => (await markOf(file)) === before,
  }
  return { ...quotes, currency: (await quotes.at([0])).currency }
}

/** null where the file is damaged: to the caller that is no other case than content that was changed. */
async function storedColumns(
  file: string,
  room: DuckDBRoom,
  progress: Progress,
): Promise<StoredColumns | null> {
  try {
    return await withDuckDB(
      connection =>
        digestOfStored(connection, file, (read, total) => progress('proving the snapshot', read, total)),
      room,
    )
  } catch (fault) {
    if (String(fault).includes('Out of Memory')) throw fault
    return null
  }
}

/** What tells whether a file is still the one that was read. */
async function markOf(file: string): Promise<string> {
  const { size, mtimeNs, ino } = await stat(file, { bigint: true })
  return `${size} ${mtimeNs} ${ino}`
}

/** By way of a small file of the same form, so that one reader makes columns of both. */
const quotesAt = (home: string, file: string, places: readonly number[]): Promise<QuoteColumns> =>
  withRoom(home, async room => {
    const few = join(room.spillFolder, 'few.parquet')
    await withDuckDB(
      connection =>
        connection.run(`
          COPY (
            SELECT * EXCLUDE (file_row_number)
            FROM read_parquet(${literal(file)}, file_row_number = true)
            WHERE file_row_number IN (${['-1', ...places].join(', ')})
            ORDER BY file_row_number
          ) TO ${literal(few)} (FORMAT parquet)`),
      room,
    )
    const { rows, columns } = await readParquet(few, () => undefined)
    const quotes = quotesFromSnapshotColumns(rows, columns)
    if (quotes === null) throw new Error('a snapshot that was proven cannot be read')
    return quotes
  })
