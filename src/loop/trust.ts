import { refuse } from '../domain/refusal.ts'
import type { LogHead } from '../evidence/audit-entry.ts'
import { digestOf } from '../evidence/canonical.ts'
import { type Keyring, type KeyringVerdict, trustKeyring } from '../evidence/keyring.ts'
import { rootOf } from './log-tree.ts'
import { BrokenState, type Reading } from './ports.ts'
import type { KeyringRow } from './tables.ts'

/** The id of this installation. */
export async function installationId(tx: Reading): Promise<string> {
  const row = await tx.last('installation')
  if (row !== null) return row.installation_id
  throw broken('this store belongs to no installation', {})
}

/**
 * The newest keyring, after its whole chain of root signatures verified. Authority is read from here and never from the
 * tables of actors and keys, which anybody with the database file could fill.
 */
export async function trustedKeyring(tx: Reading): Promise<Keyring> {
  const verdict = verdictOn(await tx.find('keyring'), await installationId(tx))
  if (verdict.kind === 'trusted') return verdict.keyring
  throw broken(`keyring version ${verdict.version} cannot be trusted: ${verdict.why}`, {
    keyring_version: verdict.version,
  })
}

let newest: { readonly key: string; readonly verdict: KeyringVerdict } | null = null

/** The verdict on exactly these texts, remembered: one step asks several times, and each version costs two signatures. */
function verdictOn(stored: readonly KeyringRow[], installation: string): KeyringVerdict {
  const key = digestOf([
    installation,
    ...stored.flatMap(row => [row.version, row.keyring_json, row.envelope_json]),
  ])
  if (newest?.key !== key) newest = { key, verdict: trustKeyring(stored, installation) }
  return newest.verdict
}

/** How far the log has come. */
export async function logHead(tx: Reading): Promise<LogHead> {
  const newest = await tx.last('policy_lifecycle_audit')
  const size = newest === null ? 0 : newest.entry_index + 1
  return { size, root_hash: await rootOf(tx, { start: 0, end: size }) }
}

const broken = (message: string, facts: Readonly<Record<string, number>>): BrokenState =>
  new BrokenState(
    refuse('signature_invalid', message, 'run `quotey audit verify`, and restore a backup', facts).refusal,
  )
