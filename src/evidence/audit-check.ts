import type { Digest } from '../domain/units.ts'
import { contentFindings } from './audit-content-check.ts'
import type { AuditFinding, StoredTables } from './audit-finding.ts'
import { readLog } from './audit-log-check.ts'
import { rowFindings } from './audit-row-check.ts'
import { headFindings, signatureFindings } from './audit-signature-check.ts'
import type { Checkpoint } from './checkpoint.ts'

export interface AuditVerdict {
  readonly ok: boolean
  readonly entries: number
  /** Hash of the newest entry, which fixes the whole log; null when it is empty. */
  readonly root_hash: Digest | null
  readonly findings: readonly AuditFinding[]
}

/**
 * Re-derives the whole store from what is stored: the log's links, each row against the log, documents against their digests,
 * activations against their causes, and every signature. A checkpoint kept elsewhere also finds a store that was set back as a
 * whole. Shares with the code that writes only the canonical form, the digest and the reading of signed envelopes.
 */
export function checkAudit(tables: StoredTables, against: Checkpoint | null = null): AuditVerdict {
  const log = readLog(tables)
  const findings = [
    ...log.findings,
    ...rowFindings(tables, log.entries),
    ...contentFindings(tables),
    ...signatureFindings(tables, log.entries),
    ...(against === null ? [] : headFindings(log.entries, `checkpoint of ${against.at}`, against.log)),
  ]
  return {
    ok: findings.length === 0,
    entries: (tables.policy_lifecycle_audit ?? []).length,
    root_hash: (log.entries.at(-1)?.row.entry_hash ?? null) as Digest | null,
    findings,
  }
}
