import type { JsonObject } from '../domain/units.ts'
import { type AuditedStore, type AuditFinding, finding, type StoredTables } from './audit-finding.ts'
import { digestOfText } from './canonical.ts'

/**
 * What rows say about each other, apart from the log: documents and their digests, activations without gap, each from the
 * record that caused it and of the version that record names.
 */
export async function contentFindings(
  store: AuditedStore,
  tables: StoredTables,
): Promise<readonly AuditFinding[]> {
  const findings: AuditFinding[] = []
  for (const { table, key, text, digest } of DOCUMENTS) {
    for await (const block of store.blocks(table)) {
      for (const row of block) {
        const derived = digestOfText(String(row[text]))
        if (derived === row[digest]) continue
        findings.push(finding('content_altered', `${table} ${String(row[key])}`, row[digest], derived))
      }
    }
  }
  return [...findings, ...activationFindings(tables)]
}

/** Columns that hold a document, and those that name it by its digest. */
const DOCUMENTS = [
  { table: 'artifact', key: 'digest', text: 'body_json', digest: 'digest' },
  { table: 'policy_version', key: 'version', text: 'document_json', digest: 'policy_digest' },
  { table: 'thresholds_version', key: 'version', text: 'document_json', digest: 'digest' },
] as const

function activationFindings(tables: StoredTables): readonly AuditFinding[] {
  const findings: AuditFinding[] = []
  const activations = tables.policy_activation ?? []
  for (const [at, activation] of activations.entries()) {
    const where = `policy_activation ${String(activation.epoch)}`
    if (activation.epoch !== at + 1) {
      findings.push(
        finding('activation_wrong', where, `epoch ${at + 1}`, `epoch ${String(activation.epoch)}`),
      )
    }
    const document = rowWith(tables, 'policy_version', 'version', activation.policy_version)
    if (document?.policy_digest !== activation.policy_digest) {
      findings.push(
        finding('activation_wrong', where, document?.policy_digest ?? null, activation.policy_digest),
      )
    }
    const expected = versionCausedBy(tables, activation, activations[at - 1] ?? null)
    if (expected !== activation.policy_version) {
      findings.push(
        finding(
          'activation_wrong',
          where,
          `version ${expected}`,
          `version ${String(activation.policy_version)}`,
        ),
      )
    }
  }
  return findings
}

/** The version an activation must have by its cause; null where the cause is not there. */
function versionCausedBy(tables: StoredTables, activation: JsonObject, before: JsonObject | null): unknown {
  switch (activation.cause) {
    case 'init':
      return before === null ? activation.policy_version : null
    case 'apply': {
      const apply = rowWith(tables, 'policy_apply_record', 'id', activation.apply_record_id)
      if (apply?.prior_policy_version !== before?.policy_version) return null
      return apply?.verification_checksum === activation.policy_digest ? apply?.applied_policy_version : null
    }
    case 'rollback': {
      const rollback = rowWith(tables, 'policy_rollback_record', 'id', activation.rollback_record_id)
      const apply = rowWith(tables, 'policy_apply_record', 'id', rollback?.apply_record_id)
      if (apply?.applied_policy_version !== before?.policy_version) return null
      return rollback?.verification_checksum === activation.policy_digest
        ? rollback?.rollback_target_version
        : null
    }
    default:
      return null
  }
}

export const rowWith = (
  tables: StoredTables,
  table: string,
  column: string,
  value: unknown,
): JsonObject | undefined => (tables[table] ?? []).find(row => row[column] === value)
