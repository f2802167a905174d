import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import type { Keyring, KeyringKey } from '../evidence/keyring.ts'
import { keyIdOf, readPublicKey } from '../evidence/public-key.ts'
import type { Ports } from './ports.ts'

export interface WantedKey {
  readonly actorId: string
  readonly purpose: KeyringKey['purpose']
  /** Text of a public key whose private half lies elsewhere; null makes a key pair here. */
  readonly publicKey: string | null
  /** The key signs nothing from this instant on; null: until it is revoked. */
  readonly validUntil: Instant | null
}

/**
 * A key for the next version of the keyring, handed in or made here. Refuses bad_input for what is no Ed25519 public key, or one
 * that is known already: a key speaks for one person, for one purpose.
 */
export async function keyFor(
  ports: Ports,
  keyring: Keyring,
  wanted: WantedKey,
  at: Instant,
): Promise<Result<KeyringKey>> {
  const { actorId, purpose, validUntil } = wanted
  const pair = wanted.publicKey === null ? await ports.signer.create(actorId) : handedIn(wanted.publicKey)
  if (!pair.ok) return pair
  const { keyId, publicKey } = pair.value
  const holder = keyring.keys.find(key => key.key_id === keyId)
  if (holder !== undefined) {
    return refuse('bad_input', `that key is known already, of \`${holder.actor_id}\``, 'make a new key pair')
  }
  return done({
    key_id: keyId,
    actor_id: actorId,
    public_key: publicKey,
    purpose,
    valid_from: at,
    valid_until: validUntil,
  })
}

function handedIn(text: string): Result<{ keyId: string; publicKey: string }> {
  const publicKey = readPublicKey(text)
  if (publicKey !== null) return done({ keyId: keyIdOf(publicKey), publicKey })
  return refuse(
    'bad_input',
    'the file holds no Ed25519 public key that can be relied on',
    'hand in PEM as `openssl pkey -pubout` writes it, or base64 of the 32 bytes',
  )
}
