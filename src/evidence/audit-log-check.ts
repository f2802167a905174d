import type { Json, JsonObject } from '../domain/units.ts'
import { type AuditFinding, finding } from './audit-finding.ts'
import { GrowingTree } from './audit-tree-check.ts'
import { canonicalText, digestOfHash, readAsWritten } from './canonical.ts'
import { leafOf } from './merkle-verify.ts'

/** An entry: the row as stored, and what its text says of other rows (nothing, where the text cannot be read). */
export interface ReadEntry {
  readonly index: number
  readonly row: JsonObject
  readonly where: string
  readonly rows: readonly WrittenRow[]
}

/** One row an entry says it wrote. */
export interface WrittenRow {
  readonly change: string
  readonly table: string
  readonly key: string
  readonly digest: string
}

/**
 * Reads the log in its stored order and re-derives it: indexes without gap, each leaf and the tree over them from the texts, each
 * column from the text. Written apart from the code that writes entries, on purpose. It keeps the tree and what it found, and no entry.
 */
export class LogReader {
  readonly findings: AuditFinding[] = []
  readonly tree = new GrowingTree()

  /** Takes the next entry. */
  read(row: JsonObject): ReadEntry {
    const index = this.tree.size
    const where = `policy_lifecycle_audit ${String(row.id)}`
    if (row.entry_index !== index) {
      this.findings.push(finding('entry_index_wrong', where, index, row.entry_index))
    }
    const leaf = leafOf(String(row.entry_json))
    this.tree.add(leaf)
    const hash = digestOfHash(leaf)
    if (row.entry_hash !== hash) this.findings.push(finding('entry_altered', where, row.entry_hash, hash))
    const entry = parsedObject(row.entry_json)
    if (entry === null || canonicalText(entry) !== row.entry_json) {
      this.findings.push(finding('entry_altered', where, 'canonical text of an entry', row.entry_json))
    } else {
      this.findings.push(...columnFindings(row, entry, where))
    }
    return { index, row, where, rows: writtenRows(entry) }
  }
}

function columnFindings(row: JsonObject, entry: JsonObject, where: string): readonly AuditFinding[] {
  const actor = entry.actor as JsonObject | undefined
  const links = entry.links as JsonObject | undefined
  const expected: JsonObject = {
    id: entry.id ?? null,
    candidate_id: (links?.candidate_id ?? null) as Json,
    replay_evaluation_id: (links?.replay_evaluation_id ?? null) as Json,
    approval_decision_id: (links?.approval_decision_id ?? null) as Json,
    apply_record_id: (links?.apply_record_id ?? null) as Json,
    rollback_record_id: (links?.rollback_record_id ?? null) as Json,
    event_type: entry.event_type ?? null,
    event_payload_json: canonicalText(entry.payload ?? null),
    actor_type: (actor?.type ?? null) as Json,
    actor_id: (actor?.id ?? null) as Json,
    correlation_id: entry.correlation_id ?? null,
    idempotency_key: entry.idempotency_key ?? null,
    occurred_at: entry.occurred_at ?? null,
    entry_index: entry.index ?? null,
  }
  return Object.entries(expected)
    .filter(([column, value]) => row[column] !== value)
    .map(([column, value]) => finding('entry_columns_differ', `${where} ${column}`, value, row[column]))
}

function writtenRows(entry: JsonObject | null): readonly WrittenRow[] {
  if (!Array.isArray(entry?.rows)) return []
  return (entry.rows as readonly JsonObject[]).map(row => ({
    change: String(row?.change),
    table: String(row?.table),
    key: String(row?.key),
    digest: String(row?.digest),
  }))
}

/** A JSON object from stored text, null where the text is none, or not as it was written. */
export function parsedObject(text: unknown): JsonObject | null {
  try {
    const value = readAsWritten(String(text))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null
  } catch {
    return null
  }
}
