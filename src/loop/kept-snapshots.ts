import type { Digest } from '../domain/units.ts'
import type { MonitoringResult } from './monitoring-result.ts'
import type { Reading } from './ports.ts'

/** A snapshot the installation goes on with, and what it is to a person. */
export interface KeptSnapshot {
  readonly digest: Digest
  readonly name: string
}

/**
 * Snapshots that later steps load: every imported history, and for each apply the outcomes taken in so far. Those of earlier
 * intakes are evidence, and nothing needs them to go on.
 */
export async function keptSnapshots(tx: Reading): Promise<readonly KeptSnapshot[]> {
  const imported = await tx.find('history_snapshot')
  const outcomes = new Map<string, KeptSnapshot>()
  for (const row of await tx.find('policy_lifecycle_audit', { event_type: 'monitoring_started' })) {
    const { apply_record_id, outcomes_digest } = JSON.parse(row.event_payload_json) as MonitoringResult
    outcomes.set(apply_record_id, { digest: outcomes_digest, name: `outcomes of ${apply_record_id}` })
  }
  return [
    ...imported.map(row => ({ digest: row.digest, name: `${row.snapshot_id} (${row.source_name})` })),
    ...outcomes.values(),
  ]
}
