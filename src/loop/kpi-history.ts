import type { KpiSummary } from '../domain/kpi.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import type { Ports } from './ports.ts'

/** One summary kept for the record. */
export interface KpiSnapshot extends KpiSummary {
  readonly kpi_snapshot_id: string
  readonly recorded_at: Instant
  readonly recorded_by: string
}

/** `kpi history`, JSON names: snapshots in order of recording. */
export interface KpiHistory {
  readonly snapshots: readonly KpiSnapshot[]
  /** Recorded ones before those shown. */
  readonly earlier: number
}

/** The newest `last` recorded summaries, oldest first. Needs no actor. Refuses bad_input unless `last` is 1 or more. */
export async function kpiHistory(ports: Ports, last: number): Promise<Result<KpiHistory>> {
  if (!Number.isInteger(last) || last < 1) {
    return refuse('bad_input', `\`--last ${last}\` is no number of snapshots`, 'write 1 or more')
  }
  const rows = await ports.store.read(tx => tx.find('kpi_snapshot'))
  const shown = rows.slice(-last)
  return done({
    snapshots: shown.map(row => ({
      ...(JSON.parse(row.summary_json) as KpiSummary),
      kpi_snapshot_id: row.id,
      recorded_at: row.recorded_at,
      recorded_by: row.recorded_by,
    })),
    earlier: rows.length - shown.length,
  })
}
