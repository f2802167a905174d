import type { Digest } from '../domain/units.ts'
import { contentFindings } from './audit-content-check.ts'
import type { AuditFinding, StoredTables } from './audit-finding.ts'
import { readLog } from './audit-log-check.ts'
import { rowFindings } from './audit-row-check.ts'
import { signatureFindings } from './audit-signature-check.ts'
import { headFindings } from './audit-tree-check.ts'
import type { Checkpoint } from './checkpoint.ts'

export interface AuditVerdict {
  readonly ok: boolean
  readonly entries: number
  /** Root of the Merkle tree over all entries, which fixes the whole log. */
  readonly root_hash: Digest
  readonly findings: readonly AuditFinding[]
}

/**
 * Re-derives the whole store from what is stored: the log's tree, each row against the log, documents against their digests,
 * activations against their causes, and every signature. A checkpoint kept elsewhere also finds a store that was set back as a
 * whole. Shares with the code that writes only the canonical form, the digest and the reading of signed envelopes.
 */
export function checkAudit(tables: StoredTables, against: Checkpoint | null = null): AuditVerdict {
  const log = readLog(tables)
  const findings = [
    ...log.findings,
    ...rowFindings(tables, log.entries),
    ...contentFindings(tables),
    ...signatureFindings(tables, log),
    ...(against === null ? [] : headFindings(log.tree, `checkpoint of ${against.at}`, against.log)),
  ]
  return {
    ok: findings.length === 0,
    entries: (tables.policy_lifecycle_audit ?? []).length,
    root_hash: log.tree.rootAt(log.tree.size),
    findings,
  }
}
