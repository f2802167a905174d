import type { Digest, Instant, JsonObject } from '../domain/units.ts'
import { canonicalText } from './canonical.ts'
import { leafHash } from './log-tree.ts'

/** How one row stood right after the event: written by it, or changed by it. */
export type RowDigest = {
  readonly change: 'inserted' | 'changed'
  readonly table: string
  readonly key: string
  readonly digest: Digest
}

/** One entry of the log, schema `clo_audit_entry.v1`: the event, and the digest of every row it wrote. */
export type AuditEntry = {
  readonly schema: 'clo_audit_entry.v1'
  readonly index: number
  readonly id: string
  readonly event_type: string
  readonly actor: { readonly type: string; readonly id: string }
  readonly occurred_at: Instant
  readonly correlation_id: string
  readonly idempotency_key: string
  readonly links: Readonly<Record<string, string | null>>
  readonly payload: JsonObject
  readonly rows: readonly RowDigest[]
}

export const auditEntry = (facts: Omit<AuditEntry, 'schema'>): AuditEntry => ({
  schema: 'clo_audit_entry.v1',
  ...facts,
})

/** How far a log had come: its number of entries and the root of the Merkle tree over them (RFC 6962 section 2.1). */
export type LogHead = { readonly size: number; readonly root_hash: Digest }

/** The entry's stored text, and its leaf in the tree. */
export function sealEntry(entry: AuditEntry): { readonly entry_json: string; readonly entry_hash: Digest } {
  const text = canonicalText(entry)
  return { entry_json: text, entry_hash: leafHash(text) }
}
