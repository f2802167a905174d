import type { JsonObject } from '../domain/units.ts'
import type { RowDigest } from './audit-entry.ts'
import { digestOf } from './canonical.ts'

/** The column that names a row, by table. */
export const KEY_COLUMNS = {
  policy_candidate: 'id',
  policy_replay_evaluation: 'id',
  policy_approval_decision: 'id',
  policy_apply_record: 'id',
  policy_rollback_record: 'id',
  policy_version: 'version',
  policy_activation: 'epoch',
  artifact: 'digest',
  history_snapshot: 'snapshot_id',
  review_packet: 'packet_id',
  actor: 'id',
  actor_key: 'key_id',
  actor_key_revocation: 'key_id',
  keyring: 'version',
  safety_pause: 'sequence',
  thresholds_version: 'version',
  kpi_snapshot: 'id',
  installation: 'installation_id',
  checkpoint: 'size',
  incident: 'id',
  incident_step: 'id',
} as const

/** Name and digest of a row as the log keeps them. */
export function digestOfRow(
  change: RowDigest['change'],
  table: keyof typeof KEY_COLUMNS,
  row: object,
): RowDigest {
  const columns = row as JsonObject
  return { change, table, key: String(columns[KEY_COLUMNS[table]]), digest: digestOf(columns) }
}
