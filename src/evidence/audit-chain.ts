import type { Digest, Instant, JsonObject } from '../domain/units.ts'
import { canonicalText, digestOfText } from './canonical.ts'

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

/** How far a log had come: its number of entries and the hash of the newest, null when it was empty. */
export type LogHead = { readonly size: number; readonly head_hash: Digest | null }

/** What the first entry follows, so that no log fits two installations. */
export const chainOrigin = (installationId: string): Digest => digestOfText(installationId)

/** The entry's text, and its link: SHA-256 over the previous hash, a newline and the text. */
export function sealEntry(
  entry: AuditEntry,
  previousHash: Digest | null,
  installationId: string,
): { readonly entry_json: string; readonly previous_hash: Digest; readonly entry_hash: Digest } {
  const text = canonicalText(entry)
  const previous = previousHash ?? chainOrigin(installationId)
  return { entry_json: text, previous_hash: previous, entry_hash: digestOfText(`${previous}\n${text}`) }
}
