import assert from 'node:assert/strict'
import { join } from 'node:path'
import { readParquet } from '../../src/adapters/duckdb/parquet-read.ts'
import { writeParquet } from '../../src/adapters/duckdb/parquet-write.ts'
import { permuteRows } from '../../src/domain/permute.ts'
import type { QuoteColumns } from '../../src/domain/quote.ts'
import { quotesFromSnapshotColumns, snapshotColumns } from '../../src/domain/snapshot-columns.ts'
import { compareText } from '../../src/domain/text.ts'

const SILENT = () => undefined

/** The same quotes as a snapshot has them: in order of their ids, and no text in a dictionary that stands nowhere. */
export async function asSnapshot(folder: string, columns: QuoteColumns): Promise<QuoteColumns> {
  const byId = Int32Array.from(columns.quoteIds.keys()).sort((left, right) =>
    compareText(columns.quoteIds[left] as string, columns.quoteIds[right] as string),
  )
  const file = join(folder, 'as-snapshot.parquet')
  await writeParquet(file, columns.rows, snapshotColumns(permuteRows(columns, byId)))
  const read = await readParquet(file, SILENT)
  const quotes = quotesFromSnapshotColumns(read.rows, read.columns)
  assert.ok(quotes !== null)
  return quotes
}
