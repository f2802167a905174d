import type { QuotesInSql } from '../sql/questions.ts'
import { quoteColumnNames, quoteColumnOf, type WithAttributes } from '../sql/quotes.ts'
import { identifier, literal } from './connection.ts'
import { DUCKDB } from './dialect.ts'

/** The quotes of a snapshot's file with their row numbers, and `''` for absent text as everywhere. */
export function parquetQuotes(path: string, columns: WithAttributes): QuotesInSql {
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
  return { dialect: DUCKDB, quotes, names: quoteColumnNames(columns), columnOf: quoteColumnOf(columns) }
}
