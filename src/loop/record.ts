import type { Instant, JsonObject } from '../domain/units.ts'
import { auditEntry, type RowDigest, sealEntry } from '../evidence/audit-entry.ts'
import { canonicalText } from '../evidence/canonical.ts'
import { digestOfRow } from '../evidence/row-digest.ts'
import { later } from '../evidence/statement.ts'
import { growTree } from './log-tree.ts'
import { queueEvent } from './outbox.ts'
import type { Ports, Writing } from './ports.ts'
import type { ActorType, AuditRow, CandidateRow, Tables } from './tables.ts'

/** Tables a step fills; the log itself is written by `record` alone. */
export type RecordedTable = Exclude<
  keyof Tables,
  'policy_lifecycle_audit' | 'audit_node' | 'checkpoint_post' | 'outbox_message' | 'outbox_attempt'
>

/** One row to be written. */
export type Insert = { [T in RecordedTable]: { readonly table: T; readonly row: Tables[T] } }[RecordedTable]

export interface AuditLinks {
  readonly candidate_id?: string
  readonly replay_evaluation_id?: string
  readonly approval_decision_id?: string
  readonly apply_record_id?: string
  readonly rollback_record_id?: string
}

/** One event of the lifecycle with everything it changes. */
export interface Change {
  readonly eventType: string
  readonly actor: { readonly type: ActorType; readonly id: string }
  /** The facts of the event; KPI queries read them. */
  readonly payload: JsonObject
  /** Unique for the event type. A caller looks for it before it writes; a key used twice is thrown. */
  readonly idempotencyKey: string
  /** Ties events of one undertaking together; the candidate's id, else the entry's, when not given. */
  readonly correlationId?: string
  readonly occurredAt: Instant
  readonly links?: AuditLinks
  /** Artifacts that are stored already are passed over. */
  readonly inserts: readonly Insert[]
  readonly candidate?: { readonly id: string; readonly patch: Partial<Omit<CandidateRow, 'id'>> }
  /** Decisions whose evidence no longer holds. */
  readonly staleDecisionIds?: readonly string[]
}

/**
 * Writes rows, the candidate's move and the audit entry in the caller's transaction: the only way any step writes. The entry
 * holds the digest of every row as it stands afterwards, so that `audit verify` can tell rows that were edited later.
 */
export async function record(tx: Writing, ports: Ports, change: Change): Promise<AuditRow> {
  const rows: RowDigest[] = []
  for (const { table, row } of change.inserts) {
    if (table === 'artifact' && (await tx.last('artifact', { digest: row.digest })) !== null) continue
    await tx.insert(table, row)
    rows.push(digestOfRow('inserted', table, row))
  }
  if (change.candidate !== undefined) {
    const { id, patch } = change.candidate
    await tx.moveCandidate(id, patch)
    rows.push(digestOfRow('changed', 'policy_candidate', await present(tx, 'policy_candidate', id)))
  }
  for (const id of change.staleDecisionIds ?? []) {
    await tx.markStale(id)
    rows.push(
      digestOfRow('changed', 'policy_approval_decision', await present(tx, 'policy_approval_decision', id)),
    )
  }
  const row = await nextEntry(tx, ports, change, rows)
  await tx.insert('policy_lifecycle_audit', row)
  await growTree(tx, row.entry_index, row.entry_hash)
  await queueEvent(tx, ports, row)
  return row
}

async function nextEntry(
  tx: Writing,
  ports: Ports,
  change: Change,
  rows: readonly RowDigest[],
): Promise<AuditRow> {
  const newest = await tx.last('policy_lifecycle_audit')
  // The log never goes back in time, also where the clock does: what had expired by one entry stays so.
  const occurredAt = later(change.occurredAt, newest?.occurred_at)
  const id = ports.randomness.id('evt')
  const links = {
    candidate_id: change.links?.candidate_id ?? null,
    replay_evaluation_id: change.links?.replay_evaluation_id ?? null,
    approval_decision_id: change.links?.approval_decision_id ?? null,
    apply_record_id: change.links?.apply_record_id ?? null,
    rollback_record_id: change.links?.rollback_record_id ?? null,
  }
  const correlationId = change.correlationId ?? links.candidate_id ?? id
  const entry = auditEntry({
    index: newest === null ? 0 : newest.entry_index + 1,
    id,
    event_type: change.eventType,
    actor: change.actor,
    occurred_at: occurredAt,
    correlation_id: correlationId,
    idempotency_key: change.idempotencyKey,
    links,
    payload: change.payload,
    rows,
  })
  return {
    id,
    ...links,
    event_type: change.eventType,
    event_payload_json: canonicalText(change.payload),
    actor_type: change.actor.type,
    actor_id: change.actor.id,
    correlation_id: correlationId,
    idempotency_key: change.idempotencyKey,
    occurred_at: occurredAt,
    entry_index: entry.index,
    ...sealEntry(entry),
  }
}

async function present<T extends 'policy_candidate' | 'policy_approval_decision'>(
  tx: Writing,
  table: T,
  id: string,
): Promise<Tables[T]> {
  const row = await tx.last(table, { id } as Partial<Tables[T]>)
  if (row === null) throw new Error(`no row ${id} in ${table}`)
  return row
}
