import type { Json } from '../domain/units.ts'
import { canonicalText, readAsWritten } from './canonical.ts'
import { openEnvelope } from './dsse.ts'
import type { Keyring, StoredKeyring } from './keyring.ts'
import { installationIdOf, keyIdOf } from './public-key.ts'

export const KEYRING_TYPE = 'application/vnd.quotey.keyring+json'

/**
 * The nameless keeper of the founding root key: holds no roles, and signs nothing but keyrings. Whoever that is may be one of the
 * named holders too, so the keeper counts towards a threshold of one alone.
 */
export const ROOT_ACTOR = 'root'

/**
 * Why a stored version cannot follow the one before (null: it is the first), in this order: its number, its own content, what it
 * kept of its predecessor, and the signatures: of the key the installation is named after under the first, of the threshold of
 * both versions under every other. null when it can.
 */
export function objectionToVersion(
  row: StoredKeyring,
  keyring: Keyring,
  before: Keyring | null,
): string | null {
  if (keyring.version !== row.version) return `it calls itself version ${keyring.version}`
  if (before !== null && keyring.version !== before.version + 1) return 'a version is missing before it'
  const content = objectionToContent(keyring) ?? (before === null ? null : objectionToStep(before, keyring))
  if (content !== null) return content
  if (before === null) return objectionToFounding(row, keyring)
  return objectionToSignatures(row, before) ?? objectionToSignatures(row, keyring)
}

/** Why a keyring contradicts itself: ids that name two keys or none, a threshold nobody could meet. */
export function objectionToContent(keyring: Keyring): string | null {
  const keyIds = keyring.keys.map(key => key.key_id)
  if (new Set(keyIds).size !== keyIds.length) return 'two keys have the same id'
  const misnamed = keyring.keys.find(key => keyIdOf(key.public_key) !== key.key_id)
  if (misnamed !== undefined) return `the id \`${misnamed.key_id}\` is not that of its key`
  const actorIds = keyring.actors.map(actor => actor.id)
  if (new Set(actorIds).size !== actorIds.length) return 'two actors have the same id'
  const roots = new Set(keyring.root_key_ids)
  if (roots.size !== keyring.root_key_ids.length) return 'a root key is listed twice'
  const revoked = new Set(keyring.revocations.map(entry => entry.key_id))
  for (const keyId of roots) {
    const purpose = keyring.keys.find(key => key.key_id === keyId)?.purpose
    if (purpose !== 'root') return `the root key \`${keyId}\` is no known root key`
    if (revoked.has(keyId)) return `the root key \`${keyId}\` was revoked`
  }
  const holders = countedHolders(keyring, keyring.root_key_ids).length
  const { root_threshold: threshold } = keyring
  if (!Number.isSafeInteger(threshold) || threshold < 1) return `its root threshold is ${threshold}`
  return threshold > holders ? `its root threshold is ${threshold} of ${holders} named persons` : null
}

/** A key once known stays as it was, and so does a revocation; only roles, roots and the expiry are said anew. */
export function objectionToStep(before: Keyring, after: Keyring): string | null {
  const keeps = (name: string, old: readonly Json[], fresh: readonly Json[]): string | null =>
    canonicalText(fresh.slice(0, old.length)) === canonicalText(old)
      ? null
      : `it drops or alters ${name} of the version before`
  const persons = ({ actors }: Keyring): readonly Json[] => actors.map(({ roles: _, ...person }) => person)
  return (
    keeps('keys', before.keys, after.keys) ??
    keeps('revocations', before.revocations, after.revocations) ??
    keeps('actors', persons(before), persons(after)) ??
    (before.log.size > after.log.size ? 'it was signed over a shorter log than the version before' : null)
  )
}

/** The first version is signed by the key the installation is named after: listing that key is not enough. */
function objectionToFounding(row: StoredKeyring, keyring: Keyring): string | null {
  const few = objectionToSignatures(row, keyring)
  if (few !== null) return few
  const founded = signersOf(row, keyring).some(keyId => {
    const key = keyring.keys.find(known => known.key_id === keyId)
    return key !== undefined && installationIdOf(key.public_key) === keyring.installation_id
  })
  return founded ? null : 'the root key the installation is named after did not sign it'
}

/** Why the signatures under a version do not meet the threshold that `roots` sets; persons are counted, not keys. */
export function objectionToSignatures(row: StoredKeyring, roots: Keyring): string | null {
  const persons = countedHolders(roots, signersOf(row, roots))
  return persons.length >= roots.root_threshold
    ? null
    : `root keys of ${persons.length} persons signed it, version ${roots.version} asks for ${roots.root_threshold}`
}

/** Root keys of `roots` whose signature over exactly this row's text verifies; none where one of them is wrong. */
export function signersOf(row: StoredKeyring, roots: Keyring): readonly string[] {
  const opened = openEnvelope(parsed(row.envelope_json), KEYRING_TYPE, keyId =>
    roots.root_key_ids.includes(keyId)
      ? (roots.keys.find(key => key.key_id === keyId && key.purpose === 'root')?.public_key ?? null)
      : null,
  )
  return opened !== null && opened.text === row.keyring_json ? opened.keyIds : []
}

/** The persons that some root keys stand for under the threshold of `roots`, each once, in order of id. */
export function countedHolders(roots: Keyring, keyIds: readonly string[]): readonly string[] {
  const holders = new Set(
    keyIds.filter(keyId => roots.root_key_ids.includes(keyId)).map(keyId => holderOf(roots, keyId)),
  )
  if (roots.root_threshold > 1) holders.delete(ROOT_ACTOR)
  return [...holders].sort()
}

/** The person who holds a root key. */
export const holderOf = (roots: Keyring, keyId: string): string =>
  roots.keys.find(key => key.key_id === keyId)?.actor_id ?? ROOT_ACTOR

function parsed(text: string): Json {
  try {
    return readAsWritten(text)
  } catch {
    return null
  }
}
