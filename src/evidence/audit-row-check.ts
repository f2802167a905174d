import type { JsonObject } from '../domain/units.ts'
import { type AuditFinding, finding, type StoredTables } from './audit-finding.ts'
import type { ReadEntry } from './audit-log-check.ts'
import { digestOf } from './canonical.ts'

/** The column that names a row. Stated here again, so that the checker does not lean on the writer. */
const KEYS: Readonly<Record<string, string>> = {
  policy_version: 'version',
  policy_activation: 'epoch',
  thresholds_version: 'version',
  keyring: 'version',
  safety_pause: 'sequence',
  artifact: 'digest',
  history_snapshot: 'snapshot_id',
  review_packet: 'packet_id',
  actor_key: 'key_id',
  actor_key_revocation: 'key_id',
  installation: 'installation_id',
  checkpoint: 'size',
}

/** The log itself and its tree, which no entry could name. */
const UNRECORDED: readonly string[] = ['policy_lifecycle_audit', 'audit_node']

/** Tables of which a row may change after it was written, by an entry that says so. */
const CHANGING: readonly string[] = ['policy_candidate', 'policy_approval_decision']

interface Recorded {
  readonly table: string
  readonly key: string
  /** Of the newest entry that wrote the row. */
  readonly digest: string
}

/** Compares every row of every table with the newest digest the log holds of it, and the order of rows with that of the log. */
export function rowFindings(tables: StoredTables, entries: readonly ReadEntry[]): readonly AuditFinding[] {
  const { recorded, findings } = recordedRows(entries)
  const seen = new Set<string>()
  for (const [table, rows] of Object.entries(tables)) {
    if (UNRECORDED.includes(table)) continue
    for (const row of rows) {
      const where = `${table} ${keyOf(table, row)}`
      const known = recorded.get(where)
      seen.add(where)
      const digest = digestOf(row)
      if (known === undefined) findings.push(finding('row_unrecorded', where, 'an entry of the log', digest))
      else if (known.digest !== digest) findings.push(finding('row_altered', where, known.digest, digest))
    }
    findings.push(...orderFindings(table, rows, recorded))
  }
  for (const [where, { digest }] of recorded) {
    if (!seen.has(where)) findings.push(finding('row_missing', where, digest, null))
  }
  return findings
}

/** `last` decides what is active, so the order of rows is as much a part of the state as their content. */
function orderFindings(
  table: string,
  rows: readonly JsonObject[],
  recorded: ReadonlyMap<string, Recorded>,
): readonly AuditFinding[] {
  const stored = rows.map(row => keyOf(table, row)).filter(key => recorded.has(`${table} ${key}`))
  const present = new Set(stored)
  const written = [...recorded.values()].filter(row => row.table === table && present.has(row.key))
  const swapped = written.findIndex(({ key }, at) => stored[at] !== key)
  return swapped < 0
    ? []
    : [finding('row_order_altered', table, written[swapped]?.key ?? null, stored[swapped] ?? null)]
}

function recordedRows(entries: readonly ReadEntry[]): {
  recorded: Map<string, Recorded>
  findings: AuditFinding[]
} {
  const recorded = new Map<string, Recorded>()
  const findings: AuditFinding[] = []
  for (const { rows, where } of entries) {
    for (const { change, table, key, digest } of rows) {
      const name = `${table} ${key}`
      const written = recorded.has(name)
      const legal = change === 'inserted' ? !written : written && CHANGING.includes(table)
      if (!legal) findings.push(finding('illegal_change', where, 'rows written once', `${name} ${change}`))
      recorded.set(name, { table, key, digest })
    }
  }
  return { recorded, findings }
}

const keyOf = (table: string, row: JsonObject): string => String(row[KEYS[table] ?? 'id'])
