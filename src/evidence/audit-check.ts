import type { Digest, JsonObject } from '../domain/units.ts'
import { contentFindings } from './audit-content-check.ts'
import { type AuditedStore, type AuditFinding, finding, rowsOf, type StoredTables } from './audit-finding.ts'
import { type CheckedKeyrings, checkKeyrings } from './audit-keyring-check.ts'
import { LogReader } from './audit-log-check.ts'
import { PlaceReader } from './audit-places.ts'
import { RowChecker } from './audit-row-check.ts'
import { signatureFindings } from './audit-signature-check.ts'
import { headFindings, nodeFindings } from './audit-tree-check.ts'
import type { Checkpoint } from './checkpoint.ts'

export interface AuditVerdict {
  readonly ok: boolean
  readonly entries: number
  /** Root of the Merkle tree over all entries, which fixes the whole log. */
  readonly root_hash: Digest
  readonly findings: readonly AuditFinding[]
}

/** Tables whose rows are looked at one by one and let go: they grow with the log, and no signature speaks of several at once. */
const PASSING: readonly string[] = [
  'policy_lifecycle_audit',
  'audit_node',
  'artifact',
  'kpi_snapshot',
  'history_snapshot',
]

/** A store of which the tables that signatures and activations speak of are at hand, and the people in it are known. */
export interface OpenedStore {
  readonly store: AuditedStore
  readonly held: StoredTables
  readonly keyrings: CheckedKeyrings
}

export async function openedStore(store: AuditedStore): Promise<OpenedStore> {
  const held: Record<string, readonly JsonObject[]> = {}
  for (const table of store.tables.filter(name => !PASSING.includes(name))) {
    held[table] = await rowsOf(store, table)
  }
  return { store, held, keyrings: checkKeyrings(held) }
}

/**
 * Re-derives the whole store from what is stored: the log's tree, each row against the log, documents against their digests,
 * activations against their causes, and every signature. A checkpoint kept elsewhere also finds a store that was set back as a
 * whole. Shares with the code that writes only the canonical form, the digest and the reading of signed envelopes. An export holds no
 * tree, and needs none.
 */
export async function checkAudit(
  { store, held, keyrings }: OpenedStore,
  against: Checkpoint | null = null,
): Promise<AuditVerdict> {
  const log = new LogReader()
  const places = new PlaceReader(keyrings.trusted)
  const rows = new RowChecker()
  for await (const block of store.blocks('policy_lifecycle_audit')) {
    for (const row of block) {
      const entry = log.read(row)
      places.read(entry)
      rows.read(entry)
    }
  }
  const { tree } = log
  const findings = [
    ...installationFindings(held),
    ...log.findings,
    ...(store.tables.includes('audit_node') ? await nodeFindings(store.blocks('audit_node'), tree) : []),
    ...(await rows.findings(store)),
    ...(await contentFindings(store, held)),
    ...signatureFindings(held, keyrings, tree, places),
    ...(against === null ? [] : headFindings(tree, `checkpoint of ${against.at}`, against.log)),
  ]
  return { ok: findings.length === 0, entries: tree.size, root_hash: tree.rootAt(tree.size), findings }
}

const installationFindings = (tables: StoredTables): readonly AuditFinding[] =>
  typeof tables.installation?.[0]?.installation_id === 'string'
    ? []
    : [finding('installation_missing', 'installation', 'the installation this log began with', null)]
