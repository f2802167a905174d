import { done, type Result } from '../domain/refusal.ts'
import type { Instant, JsonObject } from '../domain/units.ts'
import { type AuditReport, auditAgainst } from '../evidence/audit-against.ts'
import {
  type AuditedStore,
  type AuditFinding,
  finding,
  type StoredTables,
} from '../evidence/audit-finding.ts'
import { KEY_COLUMNS } from '../evidence/row-digest.ts'
import type { Ports, Reading } from './ports.ts'
import type { AuditRow, Tables } from './tables.ts'

/**
 * Re-derives the whole store from its rows. `against` is a checkpoint kept elsewhere, which alone can tell that the store as a
 * whole was set back. Refuses signature_invalid for a checkpoint that no key of this installation signed.
 */
export const verifyAudit = (
  ports: Ports,
  against: string | null,
  ageSecondsMax: number | null = null,
): Promise<Result<AuditReport>> =>
  ports.store.read(async tx => {
    const kept = against === null ? null : { note: against, now: ports.clock.now(), ageSecondsMax }
    const report = await auditAgainst(auditedStore(tx), kept)
    if (!report.ok) return report
    const findings = [...report.value.findings, ...(await structureFindings(tx))]
    return done({ ...report.value, ok: findings.length === 0, findings })
  })

/** Triggers that were dropped let rows be edited unnoticed from then on; damaged pages hide rows. Both are named as they are. */
const structureFindings = async (tx: Reading): Promise<readonly AuditFinding[]> =>
  (await tx.structure()).map(fault => finding('structure_altered', fault.where, fault.expected, fault.found))

/** What the log answers for. */
const AUDITED = ['policy_lifecycle_audit', 'audit_node', ...Object.keys(KEY_COLUMNS)] as (keyof Tables)[]

/** The store as the checker reads it, as it stands in one transaction. */
export const auditedStore = (tx: Reading): AuditedStore => ({
  tables: AUDITED,
  blocks: table => tx.scan(table as keyof Tables) as AsyncIterable<readonly JsonObject[]>,
})

/** Every row of every table the log answers for, at once. */
export async function everyTable(tx: Reading): Promise<StoredTables> {
  const tables: Record<string, readonly JsonObject[]> = {}
  for (const table of AUDITED) tables[table] = (await tx.find(table)) as unknown as readonly JsonObject[]
  return tables
}

/** Entries of the log in order, of one candidate or all. */
export const auditLog = (
  ports: Ports,
  candidateId: string | null,
): Promise<Result<{ readonly entries: readonly LoggedEvent[] }>> =>
  ports.store.read(async tx => {
    const rows = await tx.find(
      'policy_lifecycle_audit',
      candidateId === null ? {} : { candidate_id: candidateId },
    )
    return done({ entries: rows.map(loggedEvent) })
  })

export interface LoggedEvent {
  readonly entry_index: number
  readonly id: string
  readonly occurred_at: Instant
  readonly event_type: string
  readonly actor_id: string
  readonly candidate_id: string | null
  readonly payload: JsonObject
  readonly entry_hash: string
}

const loggedEvent = (row: AuditRow): LoggedEvent => ({
  entry_index: row.entry_index,
  id: row.id,
  occurred_at: row.occurred_at,
  event_type: row.event_type,
  actor_id: row.actor_id,
  candidate_id: row.candidate_id,
  payload: JSON.parse(row.event_payload_json) as JsonObject,
  entry_hash: row.entry_hash,
})
