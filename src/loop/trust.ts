import { refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import type { LogHead } from '../evidence/audit-entry.ts'
import { digestOf } from '../evidence/canonical.ts'
import { type Keyring, type KeyringVerdict, readKeyring, trustKeyring } from '../evidence/keyring.ts'
import { rootOf } from './log-tree.ts'
import { BrokenState, type Reading } from './ports.ts'
import type { AuditRow, KeyringRow } from './tables.ts'

/** The id of this installation. */
export async function installationId(tx: Reading): Promise<string> {
  const row = await tx.last('installation')
  if (row !== null) return row.installation_id
  throw broken('this store belongs to no installation', {})
}

/**
 * The newest keyring, after its whole chain of root signatures verified. Authority is read from here and never from the
 * tables of actors and keys, which anybody with the database file could fill. An older version put back is found by the log,
 * which knows a newer one; a log cut short with it is found by a checkpoint kept elsewhere alone.
 */
export async function trustedKeyring(tx: Reading): Promise<Keyring> {
  const newest = (await trustedVersions(tx)).at(-1) as Keyring
  const next = newest.version + 1
  if ((await entryOfKeyring(tx, next)) === null) return newest
  throw broken(`keyring version ${next} is missing: the log knows it`, { keyring_version: next })
}

/**
 * The version in force right before an entry of the log, which is the one its signatures are judged by. In a fork that may be one
 * of the installation it was forked from.
 */
export async function keyringInForceAt(tx: Reading, entryIndex: number): Promise<Keyring> {
  for (const keyring of [...(await everyTrustedVersion(tx))].reverse()) {
    const entry = await entryOfKeyring(tx, keyring.version)
    if (entry === null) {
      throw broken(`the log does not know keyring version ${keyring.version}`, {
        keyring_version: keyring.version,
      })
    }
    if (entry.entry_index < entryIndex) return keyring
  }
  throw broken(`no keyring was in force at entry ${entryIndex} of the log`, { entry_index: entryIndex })
}

async function everyTrustedVersion(tx: Reading): Promise<readonly Keyring[]> {
  const own = await trustedVersions(tx)
  const earlier = (await tx.find('installation')).slice(0, -1).map(row => row.installation_id)
  if (earlier.length === 0) return own
  const stored = await tx.find('keyring')
  const inherited = earlier.flatMap(id => {
    const rows = stored.filter(row => readKeyring(row.keyring_json)?.installation_id === id)
    return verdictOn(rows, id).versions
  })
  return [...inherited, ...own]
}

async function trustedVersions(tx: Reading): Promise<readonly Keyring[]> {
  const verdict = verdictOn(await tx.find('keyring'), await installationId(tx))
  if (verdict.kind === 'trusted') return verdict.versions
  throw broken(`keyring version ${verdict.version} cannot be trusted: ${verdict.why}`, {
    keyring_version: verdict.version,
  })
}

/** Key of the one entry of the log that records a keyring version. */
export const keyringEntryKey = (version: number): string => `keyring:${version}`

/** The entry that recorded the first keyring of this installation. */
export async function foundingEntry(tx: Reading): Promise<AuditRow | null> {
  const [first] = await trustedVersions(tx)
  return entryOfKeyring(tx, (first as Keyring).version)
}

const entryOfKeyring = (tx: Reading, version: number): Promise<AuditRow | null> =>
  tx.last('policy_lifecycle_audit', {
    event_type: 'keyring_changed',
    idempotency_key: keyringEntryKey(version),
  })

const verdicts = new Map<string, { readonly key: string; readonly verdict: KeyringVerdict }>()

/** The verdict on exactly these texts, remembered: one step asks several times, and each version costs two signatures. */
function verdictOn(stored: readonly KeyringRow[], installation: string): KeyringVerdict {
  const key = digestOf([
    installation,
    ...stored.flatMap(row => [row.version, row.keyring_json, row.envelope_json]),
  ])
  const known = verdicts.get(installation)
  if (known?.key === key) return known.verdict
  const verdict = trustKeyring(stored, installation)
  verdicts.set(installation, { key, verdict })
  return verdict
}

/**
 * The instant the log has reached; no entry bears an earlier one than the entry before. A clock that runs behind it (set back, or once
 * ahead) brings no key back to life. '' for an empty log, which is before every instant.
 */
export const loggedUntil = async (tx: Reading): Promise<Instant> =>
  (await tx.last('policy_lifecycle_audit'))?.occurred_at ?? ''

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
