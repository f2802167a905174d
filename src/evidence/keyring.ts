import type { Instant, Json } from '../domain/units.ts'
import type { LogHead } from './audit-entry.ts'
import { canonicalText } from './canonical.ts'
import { objectionToVersion } from './keyring-lineage.ts'

/**
 * Everyone who may act, schema `clo_keyring.v1`. Version n + 1 is signed by the threshold of root holders of version n and by
 * that of version n + 1, as TUF rotates roots (theupdateframework.github.io, 5.3 "Update the root role").
 */
export type Keyring = {
  readonly schema: 'clo_keyring.v1'
  readonly installation_id: string
  readonly version: number
  /** Number of different persons whose root keys must sign; two keys of one person count once. */
  readonly root_threshold: number
  /** From this instant on it gives nobody authority, until root holders sign a newer one; null: it does not expire. */
  readonly expires_at: Instant | null
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
  /** The person it speaks for; of a root key the person who holds it. */
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
  | { readonly kind: 'trusted'; readonly keyring: Keyring; readonly versions: readonly Keyring[] }
  | {
      readonly kind: 'untrusted'
      readonly version: number
      readonly why: string
      /** Those before the one that does not hold. */
      readonly versions: readonly Keyring[]
    }

/**
 * Walks the versions of an installation's keyring from its first, whose root key must be the one the installation is named
 * after, and returns all of them, the newest by itself. Versions of an earlier installation (a fork keeps them) are passed over.
 */
export function trustKeyring(stored: readonly StoredKeyring[], installationId: string): KeyringVerdict {
  const versions: Keyring[] = []
  for (const row of stored) {
    const untrusted = (why: string): KeyringVerdict => ({
      kind: 'untrusted',
      version: row.version,
      why,
      versions,
    })
    const keyring = readKeyring(row.keyring_json)
    if (keyring === null) return untrusted('it is no canonical clo_keyring.v1')
    if (keyring.installation_id !== installationId) {
      if (versions.length === 0) continue
      return untrusted('it is of another installation')
    }
    const why = objectionToVersion(row, keyring, versions.at(-1) ?? null)
    if (why !== null) return untrusted(why)
    versions.push(keyring)
  }
  const keyring = versions.at(-1)
  return keyring === undefined
    ? { kind: 'untrusted', version: 0, why: 'there is no keyring of this installation', versions }
    : { kind: 'trusted', keyring, versions }
}

/** A key's public half, null when the keyring does not know it. */
export const publicKeyIn = (keyring: Keyring, keyId: string): string | null =>
  keyring.keys.find(key => key.key_id === keyId)?.public_key ?? null

/**
 * Why a key does not speak for an actor at an instant; null when it does. A revocation counts whatever the instant: the keyring
 * handed in is the one in force where the signature stands in the log, so what was recorded before a revocation is judged by
 * an earlier version, and a signer who claims an earlier instant gains nothing.
 */
export function keyValidAt(keyring: Keyring, keyId: string, actorId: string, at: Instant): string | null {
  const key = keyring.keys.find(known => known.key_id === keyId)
  if (key === undefined) return `key \`${keyId}\` is not in the keyring`
  if (key.actor_id !== actorId) return `key \`${keyId}\` belongs to \`${key.actor_id}\``
  if (key.purpose !== 'actor') return `key \`${keyId}\` is a root key, for keyrings only`
  const revocation = keyring.revocations.find(entry => entry.key_id === keyId)
  if (revocation !== undefined) {
    return `key \`${keyId}\` was revoked at ${revocation.revoked_at}: ${revocation.reason}`
  }
  if (at < key.valid_from) return `key \`${keyId}\` is valid from ${key.valid_from}`
  if (key.valid_until !== null && at >= key.valid_until)
    return `key \`${keyId}\` expired at ${key.valid_until}`
  return hasExpired(keyring, at)
    ? `version ${keyring.version} of the keyring expired at ${keyring.expires_at}`
    : null
}

export const hasExpired = ({ expires_at }: Keyring, at: Instant): boolean =>
  expires_at !== null && at >= expires_at

/**
 * Ids of the keys that speak for an actor at an instant, newest first. With `loggedUntil`, the instant the log has reached, only
 * those that had not ended by then: what they signed would be judged by the later of the two.
 */
export const validKeyIds = (
  keyring: Keyring,
  actorId: string,
  at: Instant,
  loggedUntil: Instant = at,
): readonly string[] =>
  keyring.keys
    .filter(key =>
      [at, at > loggedUntil ? at : loggedUntil].every(
        instant => keyValidAt(keyring, key.key_id, actorId, instant) === null,
      ),
    )
    .map(key => key.key_id)
    .reverse()

/** A keyring from its stored text, null when that is no canonical clo_keyring.v1. */
export function readKeyring(text: string): Keyring | null {
  try {
    const value = JSON.parse(text) as Json as Keyring | null
    return value?.schema === 'clo_keyring.v1' && canonicalText(value) === text ? value : null
  } catch {
    return null
  }
}
