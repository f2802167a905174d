import { done, type Result } from '../domain/refusal.ts'
import type { Instant, JsonObject } from '../domain/units.ts'
import { type AuditReport, auditAgainst } from '../evidence/audit-against.ts'
import { finding, type StoredTables, storeOf } from '../evidence/audit-finding.ts'
import { type AuditProofs, PROVEN_EVENTS, proofFindings } from '../evidence/audit-proof-check.ts'
import { GrowingTree } from '../evidence/audit-tree-check.ts'
import { canonicalText } from '../evidence/canonical.ts'
import { leafOf } from '../evidence/merkle-verify.ts'
import { everyTable } from './audit.ts'
import { consistencyProof, inclusionProof, rootOf } from './log-tree.ts'
import type { Ports, Reading } from './ports.ts'
import type { AuditRow, CheckpointRow } from './tables.ts'
import { logHead } from './trust.ts'

/** What `audit export` writes, by file name. */
export interface AuditExport {
  readonly files: Readonly<Record<string, string>>
  readonly rows: number
  readonly inclusion_proofs: number
  readonly consistency_proofs: number
  /** Size of the newest checkpoint among them; null where none was ever signed. */
  readonly checkpoint_size: number | null
}

/** An export read back. */
export interface ReadExport {
  readonly tables: StoredTables
  readonly proofs: AuditProofs
  /** The newest checkpoint as it lay beside the tables; null where there was none. */
  readonly checkpoint: string | null
}

export const PROOFS_FILE = 'proofs.json'
export const CHECKPOINT_FILE = 'checkpoint.txt'

/** The whole store as text, one JSON object a line, with the proofs and the newest checkpoint. Holds no private key. */
export const exportAudit = (ports: Ports): Promise<Result<AuditExport>> =>
  ports.store.read(async tx => {
    // The tree follows from the entries, and whoever checks them derives it.
    const { audit_node: _, ...evidence } = await everyTable(tx)
    const tables = Object.entries(evidence)
    const lines = (rows: readonly JsonObject[]): string => rows.map(row => `${canonicalText(row)}\n`).join('')
    const checkpoints = await tx.find('checkpoint')
    const newest = checkpoints.at(-1)
    const proofs = await proofsOf(tx, await tx.find('policy_lifecycle_audit'), checkpoints)
    return done({
      files: {
        ...Object.fromEntries(tables.map(([table, rows]) => [`${table}.jsonl`, lines(rows)])),
        [PROOFS_FILE]: `${JSON.stringify(proofs, null, 1)}\n`,
        ...(newest === undefined ? {} : { [CHECKPOINT_FILE]: newest.note }),
      },
      rows: tables.reduce((sum, [, rows]) => sum + rows.length, 0),
      inclusion_proofs: proofs.inclusion.length,
      consistency_proofs: proofs.consistency.length,
      checkpoint_size: newest?.size ?? null,
    })
  })

/** Each deciding event in the log of the newest checkpoint (the later ones in the whole log), each checkpoint in the next. */
async function proofsOf(
  tx: Reading,
  entries: readonly AuditRow[],
  checkpoints: readonly CheckpointRow[],
): Promise<AuditProofs> {
  const head = await logHead(tx)
  const signed = checkpoints.at(-1) ?? head
  const inclusion: AuditProofs['inclusion'][number][] = []
  for (const entry of entries.filter(row => PROVEN_EVENTS.includes(row.event_type))) {
    const { size, root_hash } = entry.entry_index < signed.size ? signed : head
    inclusion.push({
      entry_id: entry.id,
      event_type: entry.event_type,
      index: entry.entry_index,
      leaf_hash: entry.entry_hash,
      size,
      root_hash,
      hashes: await inclusionProof(tx, entry.entry_index, size),
    })
  }
  const consistency: AuditProofs['consistency'][number][] = []
  const sizes = [...checkpoints.map(({ size }) => size), head.size]
  for (const [at, size] of sizes.entries()) {
    const old = sizes[at - 1]
    if (old === undefined) continue
    consistency.push({
      old_size: old,
      old_root_hash: await rootOf(tx, { start: 0, end: old }),
      size,
      root_hash: await rootOf(tx, { start: 0, end: size }),
      hashes: await consistencyProof(tx, old, size),
    })
  }
  return { schema: 'clo_audit_proofs.v1', inclusion, consistency }
}

/**
 * Verifies an export without the installation it came from: all that `audit verify` does on a store, and the proofs. `against` is
 * a checkpoint from elsewhere; without one the newest kept in the export says how far its own signatures reach.
 */
export async function verifyExport(
  { tables, proofs, checkpoint }: ReadExport,
  against: string | null,
  now: Instant,
  ageSecondsMax: number | null,
): Promise<Result<AuditReport>> {
  const kept = against === null ? null : { note: against, now, ageSecondsMax }
  const audited = await auditAgainst(storeOf(tables), kept)
  if (!audited.ok) return audited
  const tree = new GrowingTree()
  for (const row of tables.policy_lifecycle_audit ?? []) tree.add(leafOf(String(row.entry_json)))
  const newest = (tables.checkpoint?.at(-1)?.note ?? null) as string | null
  const findings = [
    ...audited.value.findings,
    ...proofFindings(proofs, tables, tree),
    ...(checkpoint === newest ? [] : [finding('checkpoint_invalid', CHECKPOINT_FILE, newest, checkpoint)]),
  ]
  const unchecked = [...audited.value.unchecked, ...uncheckedOf(tables, tree.size)]
  return done({ ...audited.value, ok: findings.length === 0, findings, unchecked })
}

function uncheckedOf(tables: StoredTables, size: number): readonly string[] {
  const signed = Number(tables.checkpoint?.at(-1)?.size ?? 0)
  const id = String(tables.installation?.at(-1)?.installation_id)
  const snapshots = (tables.history_snapshot ?? []).length
  return [
    `whether \`${id}\` is the installation you mean: compare the name with one you have from elsewhere`,
    'what happened after the export',
    ...(signed < size ? [`the newest ${size - signed} entries are under no checkpoint of the export`] : []),
    ...(snapshots > 0 ? [`the quotes of ${snapshots} snapshots, which are no part of an export`] : []),
  ]
}
