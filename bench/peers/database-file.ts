import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeParquet } from '../../src/adapters/duckdb/parquet-write.ts'
import type { QuoteColumns } from '../../src/domain/quote.ts'
import { channelOf, termOf } from './peer.ts'

/** The columns that the twelve rules read, texts as their codes, in the narrowest types that hold them. */
export const CODE_COLUMNS = [
  ['segment', 8],
  ['region', 8],
  ['channel', 8],
  ['term', 32],
  ['list_cents', 64],
  ['cost_cents', 64],
  ['requested_discount_bps', 32],
] as const

/** Runs work on a Parquet file of integer codes, which is deleted afterwards. */
export async function withCodesFile<T>(
  columns: QuoteColumns,
  work: (path: string) => T | Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'quotey-bench-'))
  try {
    const path = join(folder, 'quotes.parquet')
    const values = [
      Float64Array.from(columns.segment.codes),
      Float64Array.from(columns.region.codes),
      Float64Array.from(channelOf(columns).codes),
      termOf(columns).values,
      columns.listCents,
      columns.costCents,
      columns.requestedDiscountBps,
    ]
    await writeParquet(
      path,
      columns.rows,
      CODE_COLUMNS.map(([name], at) => ({
        name,
        kind: 'integer',
        values: values[at] as Float64Array,
        instant: false,
      })),
    )
    return await work(path)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
