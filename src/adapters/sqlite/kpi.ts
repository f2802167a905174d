import { readFileSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import type { Instant, JsonObject } from '../../domain/units.ts'

/** What `params` of each query of the pack offers besides the window. */
const LIMITS = {
  clo_kpi_summary_v1: [
    'max_rollback_rate_bps',
    'max_false_positive_rate_bps',
    'max_projected_realized_margin_gap_bps',
  ],
  clo_kpi_projected_vs_realized_detail_v1: [],
} as const

export type KpiQuery = keyof typeof LIMITS

const PARAMS_OPENING = 'WITH params AS (\n'
const PARAMS_CLOSING = '\n)\n'

/**
 * The text of a query with its window bound from outside: the CTE `params` as it stands in the file becomes
 * `params_in_file`, and a `params` over it gives :window_start and :window_end in place of the file's window. So limits that
 * an operator tuned in the file hold here too.
 */
export function withBoundWindow(text: string, query: KpiQuery): string {
  const opening = text.indexOf(PARAMS_OPENING)
  const closing = text.indexOf(PARAMS_CLOSING, opening)
  if (opening < 0 || closing < 0)
    throw new Error(`sql/kpi/${query}: no \`params\` that closes on its own line`)
  const after = closing + PARAMS_CLOSING.length
  const columns = [':window_start AS window_start', ':window_end AS window_end', ...LIMITS[query]]
  return [
    text.slice(0, opening),
    text.slice(opening, after).replace('WITH params AS', 'WITH params_in_file AS'),
    `, params AS (\n  SELECT ${columns.join(', ')} FROM params_in_file\n)\n`,
    text.slice(after),
  ].join('')
}

/** Rows of a query of the KPI pack over [start, end). The files under sql/kpi are the single implementation. */
export function runKpiQuery(
  database: DatabaseSync,
  query: KpiQuery,
  start: Instant,
  end: Instant,
): readonly JsonObject[] {
  const file = new URL(`../../../sql/kpi/${query}.sqlite.sql`, import.meta.url)
  const statement = database.prepare(withBoundWindow(readFileSync(file, 'utf8'), query))
  const rows = statement.all({ window_start: start, window_end: end })
  return rows.map(row => ({ ...row }) as JsonObject)
}
