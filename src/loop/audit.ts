import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant, Json, JsonObject } from '../domain/units.ts'
import { type AuditVerdict, checkAudit } from '../evidence/audit-check.ts'
import { type AuditFinding, finding, type StoredTables } from '../evidence/audit-finding.ts'
import { canonicalText } from '../evidence/canonical.ts'
import { CHECKPOINT_TYPE, type Checkpoint, checkCheckpoint } from '../evidence/checkpoint.ts'
import { bytesToSign, type DsseEnvelope, sealEnvelope } from '../evidence/dsse.ts'
import { trustKeyring, validKeyIds } from '../evidence/keyring.ts'
import { KEY_COLUMNS } from '../evidence/row-digest.ts'
import type { Ports, Reading } from './ports.ts'
import type { AuditRow, Tables } from './tables.ts'
import { installationId, logHead, trustedKeyring } from './trust.ts'

/** `audit verify`, JSON names. */
export type AuditReport = AuditVerdict & {
  /** The checkpoint it was compared with. */
  readonly checkpoint: Checkpoint | null
}

/**
 * Re-derives the whole store from its rows. `against` is a checkpoint kept elsewhere, which alone can tell that the store as a
 * whole was set back. Refuses signature_invalid for a checkpoint that no key of this installation signed.
 */
export async function verifyAudit(ports: Ports, against: Json): Promise<Result<AuditReport>> {
  return ports.store.read(async tx => {
    const rederived = await rederive(tx, against)
    if (!rederived.ok) return rederived
    const findings = [...rederived.value.findings, ...(await structureFindings(tx))]
    return done({ ...rederived.value, ok: findings.length === 0, findings })
  })
}

/** Triggers that were dropped let rows be edited unnoticed from then on; damaged pages hide rows. Both are named as they are. */
const structureFindings = async (tx: Reading): Promise<readonly AuditFinding[]> =>
  (await tx.structure()).map(fault => finding('structure_altered', fault.where, fault.expected, fault.found))

async function rederive(tx: Reading, against: Json): Promise<Result<AuditReport>> {
  const tables = await everyTable(tx)
  const trust = trustKeyring(await tx.find('keyring'), await installationId(tx))
  // Without a keyring no checkpoint can be checked, and the report says that first.
  if (against === null || trust.kind === 'untrusted') return done({ ...checkAudit(tables), checkpoint: null })
  const verdict = checkCheckpoint(against, trust.keyring)
  if (verdict.kind === 'valid') {
    return done({ ...checkAudit(tables, verdict.checkpoint), checkpoint: verdict.checkpoint })
  }
  return refuse(
    'signature_invalid',
    `the checkpoint cannot be relied on: ${verdict.why}`,
    'check that it is of this installation; if it is, this store was set back to before its signer was known',
  )
}

/** Every row of every table, as the checker takes them. */
export async function everyTable(tx: Reading): Promise<StoredTables> {
  const tables: Record<string, readonly JsonObject[]> = {}
  for (const table of [
    'policy_lifecycle_audit',
    'audit_node',
    ...Object.keys(KEY_COLUMNS),
  ] as (keyof Tables)[]) {
    tables[table] = (await tx.find(table)) as unknown as readonly JsonObject[]
  }
  return tables
}

/** Entries of the log in order, of one candidate or all. */
export const auditLog = (
  ports: Ports,
  candidateId: string | null,
): Promise<Result<{ readonly entries: readonly LoggedEvent[] }>> =>
  ports.store.read(async tx => {
    const rows = await tx.find(
      'policy_lifecycle_audit',
      candidateId === null ? {} : { candidate_id: candidateId },
    )
    return done({ entries: rows.map(loggedEvent) })
  })

export interface LoggedEvent {
  readonly entry_index: number
  readonly id: string
  readonly occurred_at: Instant
  readonly event_type: string
  readonly actor_id: string
  readonly candidate_id: string | null
  readonly payload: JsonObject
  readonly entry_hash: string
}

const loggedEvent = (row: AuditRow): LoggedEvent => ({
  entry_index: row.entry_index,
  id: row.id,
  occurred_at: row.occurred_at,
  event_type: row.event_type,
  actor_id: row.actor_id,
  candidate_id: row.candidate_id,
  payload: JSON.parse(row.event_payload_json) as JsonObject,
  entry_hash: row.entry_hash,
})

/**
 * Signs how far the log has come, for keeping elsewhere. Any known actor may sign one: it claims nothing but what it saw. Refuses
 * not_authorised and key_expired like any signature.
 */
export const takeCheckpoint = (
  ports: Ports,
  actorId: string,
): Promise<Result<{ readonly checkpoint: Checkpoint; readonly envelope: DsseEnvelope }>> =>
  ports.store.read(async tx => {
    const at = ports.clock.now()
    const keyring = await trustedKeyring(tx)
    const atHand = await ports.signer.keysOf(actorId)
    const keyId = validKeyIds(keyring, actorId, at).find(id => atHand.includes(id))
    if (keyId === undefined) {
      return refuse(
        'not_authorised',
        `no valid private key of \`${actorId}\` is at hand`,
        'name a known actor with `--as`, and the folder of the keys with QUOTEY_KEYS',
      )
    }
    const checkpoint: Checkpoint = {
      schema: 'clo_checkpoint.v1',
      installation_id: keyring.installation_id,
      log: await logHead(tx),
      actor: actorId,
      key_id: keyId,
      at,
    }
    const text = canonicalText(checkpoint)
    const signed = await ports.signer.sign(actorId, keyId, bytesToSign(CHECKPOINT_TYPE, text))
    if (!signed.ok) return signed
    const envelope = sealEnvelope(CHECKPOINT_TYPE, text, [{ keyid: keyId, sig: signed.value }])
    return done({ checkpoint, envelope })
  })

/** The whole store as text, one JSON object a line, by file name. */
export const exportAudit = (
  ports: Ports,
): Promise<Result<{ readonly files: Readonly<Record<string, string>>; readonly rows: number }>> =>
  ports.store.read(async tx => {
    // The tree follows from the entries, and whoever checks them derives it.
    const { audit_node: _, ...evidence } = await everyTable(tx)
    const tables = Object.entries(evidence)
    const lines = (rows: readonly JsonObject[]): string => rows.map(row => `${canonicalText(row)}\n`).join('')
    return done({
      files: Object.fromEntries(tables.map(([table, rows]) => [`${table}.jsonl`, lines(rows)])),
      rows: tables.reduce((sum, [, rows]) => sum + rows.length, 0),
    })
  })
