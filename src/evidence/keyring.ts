import type { Instant, Json } from '../domain/units.ts'
import type { LogHead } from './audit-entry.ts'
import { canonicalText } from './canonical.ts'
import { openEnvelope } from './dsse.ts'
import { installationIdOf } from './public-key.ts'

export const KEYRING_TYPE = 'application/vnd.quotey.keyring+json'

/** Everyone who may act, schema `clo_keyring.v1`; each version is signed by the root keys of the one before. */
export type Keyring = {
  readonly schema: 'clo_keyring.v1'
  readonly installation_id: string
  readonly version: number
  readonly root_threshold: number
  readonly root_key_ids: readonly string[]
  readonly actors: readonly KeyringActor[]
  /** Every key ever known, so that old signatures stay checkable. */
  readonly keys: readonly KeyringKey[]
  readonly revocations: readonly KeyringRevocation[]
  /** The log as the root keys found it, which their signatures fix with the rest. */
  readonly log: LogHead
}

export type KeyringActor = {
  readonly id: string
  readonly actor_type: 'user' | 'system' | 'agent'
  readonly roles: readonly string[]
  readonly added_at: Instant
}

export type KeyringKey = {
  readonly key_id: string
  readonly actor_id: string
  readonly public_key: string
  readonly purpose: 'actor' | 'root'
  readonly valid_from: Instant
  readonly valid_until: Instant | null
}

export type KeyringRevocation = {
  readonly key_id: string
  readonly actor_id: string
  readonly revoked_at: Instant
  readonly reason: string
}

/** A version as stored. */
export interface StoredKeyring {
  readonly version: number
  readonly keyring_json: string
  readonly envelope_json: string
}

export type KeyringVerdict =
  | { readonly kind: 'trusted'; readonly keyring: Keyring }
  | { readonly kind: 'untrusted'; readonly version: number; readonly why: string }

/**
 * Walks the versions of an installation's keyring from its first, whose root key must be the one the installation is named
 * after, and returns the newest. Versions of an earlier installation (a fork keeps them) are passed over.
 */
export function trustKeyring(stored: readonly StoredKeyring[], installationId: string): KeyringVerdict {
  let newest: Keyring | null = null
  for (const row of stored) {
    const untrusted = (why: string): KeyringVerdict => ({ kind: 'untrusted', version: row.version, why })
    const keyring = readKeyring(row.keyring_json)
    if (keyring === null) return untrusted('it is no canonical clo_keyring.v1')
    if (keyring.installation_id !== installationId) {
      if (newest === null) continue
      return untrusted('it is of another installation')
    }
    if (keyring.version !== row.version) return untrusted(`it calls itself version ${keyring.version}`)
    if (newest !== null && keyring.version !== newest.version + 1)
      return untrusted('a version is missing before it')
    const why = newest === null ? objectionToFirst(keyring) : null
    if (why !== null) return untrusted(why)
    for (const roots of newest === null ? [keyring] : [newest, keyring]) {
      if (!isSignedByRoots(row, roots)) return untrusted('too few root keys signed it')
    }
    newest = keyring
  }
  return newest === null
    ? { kind: 'untrusted', version: 0, why: 'there is no keyring of this installation' }
    : { kind: 'trusted', keyring: newest }
}

function objectionToFirst(keyring: Keyring): string | null {
  const roots = keyring.root_key_ids.map(keyId => publicKeyIn(keyring, keyId))
  const founded = roots.some(root => root !== null && installationIdOf(root) === keyring.installation_id)
  return founded ? null : 'its root key is not the one the installation is named after'
}

function isSignedByRoots(row: StoredKeyring, roots: Keyring): boolean {
  const opened = openEnvelope(parsed(row.envelope_json), KEYRING_TYPE, keyId =>
    roots.root_key_ids.includes(keyId) ? publicKeyIn(roots, keyId) : null,
  )
  return opened !== null && opened.text === row.keyring_json && opened.keyIds.length >= roots.root_threshold
}

/** A key's public half, null when the keyring does not know it. */
export const publicKeyIn = (keyring: Keyring, keyId: string): string | null =>
  keyring.keys.find(key => key.key_id === keyId)?.public_key ?? null

/** Why a key does not speak for an actor at an instant; null when it does. */
export function keyValidAt(keyring: Keyring, keyId: string, actorId: string, at: Instant): string | null {
  const key = keyring.keys.find(known => known.key_id === keyId)
  if (key === undefined) return `key \`${keyId}\` is not in the keyring`
  if (key.actor_id !== actorId) return `key \`${keyId}\` belongs to \`${key.actor_id}\``
  if (key.purpose !== 'actor') return `key \`${keyId}\` is a root key, for keyrings only`
  if (at < key.valid_from) return `key \`${keyId}\` is valid from ${key.valid_from}`
  if (key.valid_until !== null && at >= key.valid_until)
    return `key \`${keyId}\` expired at ${key.valid_until}`
  const revocation = keyring.revocations.find(entry => entry.key_id === keyId)
  if (revocation !== undefined && at >= revocation.revoked_at) {
    return `key \`${keyId}\` was revoked at ${revocation.revoked_at}: ${revocation.reason}`
  }
  return null
}

/** Ids of the keys that speak for an actor at an instant, newest first. */
export const validKeyIds = (keyring: Keyring, actorId: string, at: Instant): readonly string[] =>
  keyring.keys
    .filter(key => keyValidAt(keyring, key.key_id, actorId, at) === null)
    .map(key => key.key_id)
    .reverse()

function readKeyring(text: string): Keyring | null {
  const value = parsed(text) as Keyring | null
  if (value?.schema !== 'clo_keyring.v1') return null
  return canonicalText(value) === text ? value : null
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return null
  }
}
