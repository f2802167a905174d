import { readFileSync } from 'node:fs'
import { packageFile } from './package-files.ts'

/** The queries of the KPI pack, and what `params` of each offers besides the window. */
const LIMITS = {
  clo_kpi_summary_v1: [
    'max_rollback_rate_bps',
    'max_false_positive_rate_bps',
    'max_projected_realized_margin_gap_bps',
  ],
  clo_kpi_summary_v2: [
    'max_rollback_rate_bps',
    'max_harmful_candidate_rate_bps',
    'max_mean_absolute_margin_gap_bps',
    'min_rollback_spike_samples',
    'min_harmful_spike_samples',
    'min_margin_gap_drift_samples',
  ],
  clo_kpi_projected_vs_realized_detail_v1: [],
} as const

export type KpiQuery = keyof typeof LIMITS

/** What stands for the window in a bound query: named parameters, positions, or whatever the database takes. */
export interface WindowPlaces {
  readonly start: string
  readonly end: string
}

const PARAMS_OPENING = 'WITH params AS (\n'
const PARAMS_CLOSING = '\n)\n'

/** The file of a query: the single implementation of its figures, runnable as it is in `sqlite3` or `psql`. */
export const kpiQueryFile = (query: KpiQuery, dialect: 'sqlite' | 'postgres'): string =>
  packageFile(`sql/kpi/${query}.${dialect}.sql`)

/**
 * The text of a query with its window bound from outside: the CTE `params` as it stands in the file becomes
 * `params_in_file`, and a `params` over it gives `places` in place of the file's window. So limits that an operator tuned in the
 * file hold here too.
 */
export function boundKpiQuery(
  query: KpiQuery,
  dialect: 'sqlite' | 'postgres',
  { start, end }: WindowPlaces,
): string {
  const text = readFileSync(kpiQueryFile(query, dialect), 'utf8')
  const opening = text.indexOf(PARAMS_OPENING)
  const closing = text.indexOf(PARAMS_CLOSING, opening)
  if (opening < 0 || closing < 0)
    throw new Error(`sql/kpi/${query}: no \`params\` that closes on its own line`)
  const after = closing + PARAMS_CLOSING.length
  const columns = [`${start} AS window_start`, `${end} AS window_end`, ...LIMITS[query]]
  return [
    text.slice(0, opening),
    text.slice(opening, after).replace('WITH params AS', 'WITH params_in_file AS'),
    `, params AS (\n  SELECT ${columns.join(', ')} FROM params_in_file\n)\n`,
    text.slice(after),
  ].join('')
}
