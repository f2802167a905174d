import type { KpiSummary } from '../domain/kpi.ts'
import type { KpiSnapshot } from '../loop/kpi-history.ts'

/** A figure worth following from one recorded snapshot to the next. */
export interface KpiTrend {
  readonly name: string
  readonly unit: 'bps' | 's' | ''
  readonly read: (row: KpiSummary) => number
  /** The limit of its alert, either way; null without one. */
  readonly limit: ((row: KpiSummary) => number) | null
}

export const KPI_TRENDS: readonly KpiTrend[] = [
  {
    name: 'rolled back, of applied',
    unit: 'bps',
    read: row => row.rollback_rate_bps,
    limit: row => row.max_rollback_rate_bps,
  },
  {
    name: 'applied, then rolled back',
    unit: 'bps',
    read: row => row.false_positive_rate_bps,
    limit: row => row.max_false_positive_rate_bps,
  },
  {
    name: 'projected less realised',
    unit: 'bps',
    read: row => row.avg_projected_vs_realized_margin_gap_bps,
    limit: row => row.max_projected_realized_margin_gap_bps,
  },
  {
    name: 'realised margin change',
    unit: 'bps',
    read: row => row.avg_realized_margin_delta_bps,
    limit: null,
  },
  { name: 'decisions approved', unit: 'bps', read: row => row.adoption_rate_bps, limit: null },
  {
    name: 'packet to first decision',
    unit: 's',
    read: row => row.avg_approval_latency_seconds,
    limit: null,
  },
]

export const trendValues = ({ read }: KpiTrend, snapshots: readonly KpiSnapshot[]): readonly number[] =>
  snapshots.map(read)
