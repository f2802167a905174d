import { refuse } from '../domain/refusal.ts'
import type { LogHead } from '../evidence/audit-chain.ts'
import { type Keyring, trustKeyring } from '../evidence/keyring.ts'
import { BrokenState, type Reading } from './ports.ts'

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
  const verdict = trustKeyring(await tx.find('keyring'), await installationId(tx))
  if (verdict.kind === 'trusted') return verdict.keyring
  throw broken(`keyring version ${verdict.version} cannot be trusted: ${verdict.why}`, {
    keyring_version: verdict.version,
  })
}

/** How far the log has come. */
export async function logHead(tx: Reading): Promise<LogHead> {
  const newest = await tx.last('policy_lifecycle_audit')
  return newest === null
    ? { size: 0, head_hash: null }
    : { size: newest.entry_index + 1, head_hash: newest.entry_hash }
}

const broken = (message: string, facts: Readonly<Record<string, number>>): BrokenState =>
  new BrokenState(
    refuse('signature_invalid', message, 'run `quotey audit verify`, and restore a backup', facts).refusal,
  )
