import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { QuoteColumns } from '../../domain/quote.ts'
import type { ReplayEngine, ReplaySums } from '../../domain/replay.ts'
import { snapshotColumns } from '../../domain/snapshot-columns.ts'
import { identifier, literal, withDuckDB } from '../duckdb/connection.ts'
import { DUCKDB } from '../duckdb/dialect.ts'
import { writeParquet } from '../duckdb/parquet-write.ts'
import { assembleSums } from './assemble.ts'
import { type Ask, askAbout, askHistory, type QuotesInSql } from './questions.ts'
import { quoteColumnOf } from './quotes.ts'

/**
 * The engine that asks a database: both policies become one SELECT over the snapshot as a Parquet file, evaluated by DuckDB,
 * and only sums come back. It shares no line of deciding or summing with the other engines. Holds nothing between tasks.
 */
export function sqlEngine(): ReplayEngine {
  return {
    name: 'sql',
    async evaluate(task, progress) {
      const folder = await mkdtemp(join(tmpdir(), `quotey-sql-${process.pid}-`))
      try {
        const path = join(folder, 'quotes.parquet')
        await writeParquet(path, task.columns.rows, snapshotColumns(task.columns))
        return await withDuckDB(async connection => {
          // It would compute every stage twice, once for the ten movers' numbers and once more for their rows.
          await connection.run("SET disabled_optimizers = 'late_materialization'")
          const ask: Ask = async question => (await connection.runAndReadAll(question)).getRowObjects()
          const source = parquetQuotes(path, task.columns)
          const history = await askHistory(ask, source)
          const sums: ReplaySums[] = []
          for (const candidate of task.candidates) {
            const { answers } = await askAbout(ask, source, task, history, candidate)
            sums.push(assembleSums(answers))
            progress?.(sums.length, task.candidates.length)
          }
          return sums
        })
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
    close: async () => undefined,
  }
}

/** The snapshot's file with its row numbers, and `''` for absent text as everywhere. */
function parquetQuotes(path: string, columns: QuoteColumns): QuotesInSql {
  const attributes = Object.keys(columns.attributes).map(
    (key, at) => `${identifier(`attr.${key}`)} AS attribute_${at},`,
  )
  const quotes = `
    SELECT
      file_row_number AS place,
      quote_id,
      coalesce(segment, '') AS segment,
      coalesce(region, '') AS region,
      coalesce(product_family, '') AS product_family,
      coalesce(cluster, '') AS cluster,
      list_cents,
      cost_cents,
      requested_discount_bps,
      granted_discount_bps AS logged_discount_bps,
      approval_required AS logged_approval,
      approval_outcome,
      approval_latency_seconds,
      ${attributes.join('\n      ')}
      outcome <> 'open' AS closed,
      epoch_ms(quoted_at) AS quoted_at_ms,
      "group" AS quote_group
    FROM read_parquet(${literal(path)}, file_row_number = true)`
  return { dialect: DUCKDB, quotes, columnOf: quoteColumnOf(columns) }
}
