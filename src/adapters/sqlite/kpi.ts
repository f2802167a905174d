import type { DatabaseSync } from 'node:sqlite'
import type { Instant, JsonObject } from '../../domain/units.ts'
import { boundKpiQuery, type KpiQuery } from '../kpi-query.ts'

const PLACES = { start: ':window_start', end: ':window_end' } as const

/** Rows of a query of the KPI pack over [start, end). */
export function runKpiQuery(
  database: DatabaseSync,
  query: KpiQuery,
  start: Instant,
  end: Instant,
): readonly JsonObject[] {
  const statement = database.prepare(boundKpiQuery(query, 'sqlite', PLACES))
  const rows = statement.all({ window_start: start, window_end: end })
  return rows.map(row => ({ ...row }) as JsonObject)
}
