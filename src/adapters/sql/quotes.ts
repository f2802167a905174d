import type { QuoteColumns } from '../../domain/quote.ts'
import type { CohortScope } from '../../domain/replay.ts'
import { REWEIGHTED_QUOTES_MIN, REWEIGHTED_WINDOW_BPS } from '../../domain/support.ts'
import { identifier, literal } from '../duckdb/connection.ts'
import { type ColumnOf, textSql } from './condition.ts'

/** Columns of the view `quotes` that a condition may name besides attr.* and what a decision derives. */
const QUOTE_ATTRIBUTES = {
  segment: { sql: 'segment', kind: 'text' },
  region: { sql: 'region', kind: 'text' },
  product_family: { sql: 'product_family', kind: 'text' },
  list_cents: { sql: 'list_cents', kind: 'integer' },
  cost_cents: { sql: 'cost_cents', kind: 'integer' },
  requested_discount_bps: { sql: 'requested_discount_bps', kind: 'integer' },
} as const

/** The columns of `quotes` by attribute; attr.* stand there under their number. */
export function quoteColumnOf(columns: QuoteColumns): ColumnOf {
  const keys = Object.keys(columns.attributes)
  return attribute => {
    if (Object.hasOwn(QUOTE_ATTRIBUTES, attribute)) {
      return QUOTE_ATTRIBUTES[attribute as keyof typeof QUOTE_ATTRIBUTES]
    }
    const at = keys.indexOf(attribute.slice('attr.'.length))
    const column = columns.attributes[keys[at] ?? '']
    return at < 0 || column === undefined ? null : { sql: `attribute_${at}`, kind: column.kind }
  }
}

/** What does the snapshot's file hold, with its row numbers, and `''` for absent text as everywhere? */
export function quotesView(path: string, columns: QuoteColumns): string {
  const attributes = Object.keys(columns.attributes).map(
    (key, at) => `${identifier(`attr.${key}`)} AS attribute_${at},`,
  )
  return `
    CREATE TEMP VIEW quotes AS
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
}

/** A condition on `quotes` that holds for those in scope. */
export function scopeSql({ segments, regions, quote_ids, window }: CohortScope): string {
  const among = (column: string, texts: readonly string[]): readonly string[] =>
    texts.length === 0 ? [] : [`${column} IN (${texts.map(textSql).join(', ')})`]
  const from = window?.from ?? null
  const to = window?.to ?? null
  const conditions = [
    ...among('segment', segments),
    ...among('region', regions),
    ...among('quote_id', quote_ids),
    ...(from === null ? [] : [`quoted_at_ms >= ${Date.parse(from)}`]),
    ...(to === null ? [] : [`quoted_at_ms < ${Date.parse(to)}`]),
  ]
  return conditions.length === 0 ? 'true' : conditions.join(' AND ')
}

/** Which grants, by segment and approval, are near enough to what was logged, over all closed quotes of the snapshot? */
export const REWEIGHTED_GRANTS = `
  CREATE TEMP TABLE reweighted AS
  WITH logged AS (
    SELECT segment, logged_approval AS approval, logged_discount_bps AS granted_bps, count(*) AS quotes
    FROM quotes
    WHERE closed AND logged_approval IS NOT NULL
    GROUP BY ALL
  ),
  supported AS (
    SELECT segment, approval
    FROM logged
    GROUP BY segment, approval
    HAVING sum(quotes) >= ${REWEIGHTED_QUOTES_MIN}
  ),
  points AS (
    SELECT segment, approval, granted_bps, quotes FROM logged SEMI JOIN supported USING (segment, approval)
    UNION ALL
    SELECT segment, approval, range AS granted_bps, 0 AS quotes FROM supported, range(-10000, 10001)
  ),
  counted AS (
    SELECT segment, approval, granted_bps, sum(quotes) OVER (
      PARTITION BY segment, approval
      ORDER BY granted_bps
      RANGE BETWEEN ${REWEIGHTED_WINDOW_BPS} PRECEDING AND ${REWEIGHTED_WINDOW_BPS} FOLLOWING
    ) AS near_quotes
    FROM points
  )
  SELECT DISTINCT segment, approval, granted_bps
  FROM counted
  WHERE near_quotes >= ${REWEIGHTED_QUOTES_MIN}`

/** How long does an approval take on average, by segment? Over all approved quotes of the snapshot with a latency. */
export const SEGMENT_LATENCIES = `
  CREATE TEMP TABLE segment_latency AS
  SELECT segment, div_half_away(sum(approval_latency_seconds), count(*)) AS latency_seconds
  FROM quotes
  WHERE approval_outcome = 'approved' AND approval_latency_seconds IS NOT NULL
  GROUP BY segment`

/** How long does an approval take over all segments? NULL where no quote tells. */
export const OVERALL_LATENCY = `
  CREATE TEMP TABLE overall_latency AS
  SELECT CASE WHEN count(*) > 0 THEN div_half_away(sum(approval_latency_seconds), count(*)) END AS latency_seconds
  FROM quotes
  WHERE approval_outcome = 'approved' AND approval_latency_seconds IS NOT NULL`

/** n / d rounded half away from zero; d > 0. Both quotients are of natural numbers, where all databases agree. */
export const DIV_HALF_AWAY = `
  CREATE TEMP MACRO div_half_away(n, d) AS
    CASE WHEN n < 0 THEN -((-2 * n + d) // (2 * d)) ELSE (2 * n + d) // (2 * d) END`
