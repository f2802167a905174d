import { done, type Result } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { type AuditReport, auditAgainst } from '../evidence/audit-against.ts'
import { type AuditedStore, finding, rowsOf } from '../evidence/audit-finding.ts'
import {
  type AuditProofs,
  PROVEN_EVENTS,
  proofFindings,
  readProvenLog,
} from '../evidence/audit-proof-check.ts'
import { canonicalText } from '../evidence/canonical.ts'
import { auditedStore } from './audit.ts'
import { consistencyProof, inclusionProof, rootOf } from './log-tree.ts'
import type { Ports, Reading } from './ports.ts'
import type { AuditRow, CheckpointRow } from './tables.ts'
import { logHead } from './trust.ts'

/** Where an export is written, file by file. */
export interface ExportPlace {
  /** Adds text to a file, which is made with the first. */
  write(file: string, text: string): Promise<void>
}

/** What `audit export` wrote. */
export interface AuditExport {
  readonly rows: number
  readonly inclusion_proofs: number
  readonly consistency_proofs: number
  /** Size of the newest checkpoint among them; null where none was ever signed. */
  readonly checkpoint_size: number | null
}

/** An export to be read back. */
export interface ReadExport {
  readonly store: AuditedStore
  readonly proofs: AuditProofs
  /** The newest checkpoint as it lay beside the tables; null where there was none. */
  readonly checkpoint: string | null
}

export const PROOFS_FILE = 'proofs.json'
export const CHECKPOINT_FILE = 'checkpoint.txt'

/** The whole store as text, one JSON object a line, with the proofs and the newest checkpoint. Holds no private key. */
export const exportAudit = (ports: Ports, place: ExportPlace): Promise<Result<AuditExport>> =>
  ports.store.read(async tx => {
    const store = auditedStore(tx)
    let rows = 0
    // The tree follows from the entries, and whoever checks them derives it.
    for (const table of store.tables.filter(name => name !== 'audit_node')) {
      await place.write(`${table}.jsonl`, '')
      for await (const block of store.blocks(table)) {
        await place.write(`${table}.jsonl`, block.map(row => `${canonicalText(row)}\n`).join(''))
        rows += block.length
      }
    }
    const checkpoints = await tx.find('checkpoint')
    const newest = checkpoints.at(-1)
    const proofs = await proofsOf(tx, await decidingEntries(tx), checkpoints)
    await place.write(PROOFS_FILE, `${JSON.stringify(proofs, null, 1)}\n`)
    if (newest !== undefined) await place.write(CHECKPOINT_FILE, newest.note)
    return done({
      rows,
      inclusion_proofs: proofs.inclusion.length,
      consistency_proofs: proofs.consistency.length,
      checkpoint_size: newest?.size ?? null,
    })
  })

async function decidingEntries(tx: Reading): Promise<readonly AuditRow[]> {
  const entries: AuditRow[] = []
  for (const event_type of PROVEN_EVENTS)
    entries.push(...(await tx.find('policy_lifecycle_audit', { event_type })))
  return entries.sort((one, other) => one.entry_index - other.entry_index)
}

/** Each deciding event in the log of the newest checkpoint (the later ones in the whole log), each checkpoint in the next. */
async function proofsOf(
  tx: Reading,
  deciding: readonly AuditRow[],
  checkpoints: readonly CheckpointRow[],
): Promise<AuditProofs> {
  const head = await logHead(tx)
  const signed = checkpoints.at(-1) ?? head
  const inclusion: AuditProofs['inclusion'][number][] = []
  for (const entry of deciding) {
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
  { store, proofs, checkpoint }: ReadExport,
  against: string | null,
  now: Instant,
  ageSecondsMax: number | null,
): Promise<Result<AuditReport>> {
  const kept = against === null ? null : { note: against, now, ageSecondsMax }
  const audited = await auditAgainst(store, kept)
  if (!audited.ok) return audited
  const log = await readProvenLog(store, proofs)
  const newest = (await rowsOf(store, 'checkpoint')).at(-1)
  const note = (newest?.note ?? null) as string | null
  const findings = [
    ...audited.value.findings,
    ...proofFindings(proofs, log),
    ...(checkpoint === note ? [] : [finding('checkpoint_invalid', CHECKPOINT_FILE, note, checkpoint)]),
  ]
  const signed = Number(newest?.size ?? 0)
  const unchecked = [...audited.value.unchecked, ...(await uncheckedIn(store, log.tree.size - signed))]
  return done({ ...audited.value, ok: findings.length === 0, findings, unchecked })
}

async function uncheckedIn(store: AuditedStore, unsigned: number): Promise<readonly string[]> {
  const id = String((await rowsOf(store, 'installation')).at(-1)?.installation_id)
  const snapshots = (await rowsOf(store, 'history_snapshot')).length
  return [
    `whether \`${id}\` is the installation you mean: compare the name with one you have from elsewhere`,
    'what happened after the export',
    ...(unsigned > 0 ? [`the newest ${unsigned} entries are under no checkpoint of the export`] : []),
    ...(snapshots > 0 ? [`the quotes of ${snapshots} snapshots, which are no part of an export`] : []),
  ]
}
