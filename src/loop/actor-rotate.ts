import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { revocableKeys } from './actor-revoke.ts'
import { changeKeyring, type KeyringOutcome, rootKeysAtHand } from './keyring-change.ts'
import { keyFor } from './new-key.ts'
import type { Ports } from './ports.ts'
import { trustedKeyring } from './trust.ts'

export interface KeyRotation {
  readonly id: string
  /** Text of a public key whose private half lies elsewhere; null makes a key pair here. */
  readonly publicKey: string | null
  readonly validUntil: Instant | null
  readonly reason: string
}

export interface KeyRotated extends KeyringOutcome {
  readonly actor_id: string
  readonly key_id: string
  readonly public_key: string
  readonly valid_until: Instant | null
  readonly revoked_key_ids: readonly string[]
}

/**
 * Gives an actor a new key and revokes all others in the same version of the keyring, so that there is no moment with none and
 * none with two. Refuses reason_required, not_found, bad_input, not_authorised without the root keys.
 */
export async function rotateActor(
  ports: Ports,
  rotation: KeyRotation,
  draft = false,
): Promise<Result<KeyRotated>> {
  const { id, publicKey, validUntil } = rotation
  const reason = rotation.reason.trim()
  if (reason === '') return refuse('reason_required', 'a rotation needs a reason', 'pass `--reason TEXT`')
  return ports.store.change(async tx => {
    const at = ports.clock.now()
    const keyring = await trustedKeyring(tx)
    if (!keyring.actors.some(actor => actor.id === id)) {
      return refuse('not_found', `nobody is known as \`${id}\``, 'see `quotey actor list`')
    }
    if (validUntil !== null && validUntil <= at) {
      return refuse('bad_input', `a key until \`${validUntil}\` has expired already`, 'name a later instant')
    }
    const rootKeys = draft ? done(true) : await rootKeysAtHand(ports, keyring)
    if (!rootKeys.ok) return rootKeys
    const key = await keyFor(ports, keyring, { actorId: id, purpose: 'actor', publicKey, validUntil }, at)
    if (!key.ok) return key
    const old = revocableKeys(keyring, id, null)
    const revocations = old.map(({ key_id }) => ({ key_id, actor_id: id, revoked_at: at, reason }))
    const changed = await changeKeyring(tx, ports, {
      from: keyring,
      to: {
        keys: [...keyring.keys, key.value],
        revocations: [...keyring.revocations, ...revocations],
      },
      at,
      draft,
    })
    if (!changed.ok) return changed
    const { key_id, public_key, valid_until } = key.value
    const revoked_key_ids = old.map(entry => entry.key_id)
    return done({ actor_id: id, key_id, public_key, valid_until, revoked_key_ids, ...changed.value })
  })
}
