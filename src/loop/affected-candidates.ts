import type { KpiDetailRow } from '../domain/kpi.ts'
import type { Reading } from './ports.ts'
import type { IncidentRow } from './tables.ts'

/** Candidates an incident is about: what its reporting window saw applied, rolled back or monitored. */
export interface AffectedCandidates {
  readonly applied: readonly string[]
  readonly rolled_back: readonly string[]
  /** Projection against observation in the window, the largest absolute gap first. */
  readonly gaps: readonly KpiDetailRow[]
  /** All of them, without repeats, by id. */
  readonly all: readonly string[]
}

/** The candidates of an incident, from the audit log and the KPI detail. */
export async function affectedCandidates(tx: Reading, incident: IncidentRow): Promise<AffectedCandidates> {
  const { window_start, window_end } = incident
  const within = async (eventType: string): Promise<readonly string[]> => {
    const events = await tx.find('policy_lifecycle_audit', { event_type: eventType })
    const ids = events
      .filter(event => event.occurred_at >= window_start && event.occurred_at < window_end)
      .flatMap(event => event.candidate_id ?? [])
    return [...new Set(ids)].sort()
  }
  const applied = await within('applied')
  const rolledBack = await within('rolled_back')
  const gaps = (await tx.kpi(
    'clo_kpi_projected_vs_realized_detail_v1',
    window_start,
    window_end,
  )) as unknown as readonly KpiDetailRow[]
  const all = [...applied, ...rolledBack, ...gaps.map(row => row.candidate_id)]
  return { applied, rolled_back: rolledBack, gaps, all: [...new Set(all)].sort() }
}
