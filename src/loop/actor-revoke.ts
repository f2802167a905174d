import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import type { Keyring, KeyringKey, KeyringRevocation } from '../evidence/keyring.ts'
import { changeKeyring, type KeyringOutcome } from './keyring-change.ts'
import type { Ports } from './ports.ts'
import { trustedKeyring } from './trust.ts'

export interface KeysRevoked extends KeyringOutcome {
  readonly actor_id: string
  readonly revoked_key_ids: readonly string[]
  readonly revoked_at: Instant
}

/**
 * Revokes one key of an actor, or all: from its place in the log on they sign nothing, and what was recorded before stays valid.
 * Root keys are taken away by `actor root remove`. Refuses reason_required, not_found, not_authorised without the root keys.
 */
export async function revokeActor(
  ports: Ports,
  request: { readonly id: string; readonly keyId: string | null; readonly reason: string },
  draft = false,
): Promise<Result<KeysRevoked>> {
  const reason = request.reason.trim()
  if (reason === '') return refuse('reason_required', 'a revocation needs a reason', 'pass `--reason TEXT`')
  return ports.store.change(async tx => {
    const at = ports.clock.now()
    const keyring = await trustedKeyring(tx)
    const keys = revocableKeys(keyring, request.id, request.keyId)
    if (keys.length === 0) {
      const which = request.keyId === null ? 'key' : `key \`${request.keyId}\``
      return refuse(
        'not_found',
        `\`${request.id}\` has no ${which} that could be revoked`,
        'see `quotey actor list`',
      )
    }
    const revocations: KeyringRevocation[] = keys.map(key => ({
      key_id: key.key_id,
      actor_id: request.id,
      revoked_at: at,
      reason,
    }))
    const changed = await changeKeyring(tx, ports, {
      from: keyring,
      to: { revocations: [...keyring.revocations, ...revocations] },
      at,
      draft,
    })
    if (!changed.ok) return changed
    return done({
      actor_id: request.id,
      revoked_key_ids: keys.map(key => key.key_id),
      revoked_at: at,
      ...changed.value,
    })
  })
}

/** An actor's keys that still sign, one or all. Root keys are not among them: taking one away changes the root itself. */
export function revocableKeys(
  keyring: Keyring,
  actorId: string,
  keyId: string | null,
): readonly KeyringKey[] {
  const gone = new Set(keyring.revocations.map(entry => entry.key_id))
  return keyring.keys.filter(
    key =>
      key.actor_id === actorId &&
      key.purpose === 'actor' &&
      !gone.has(key.key_id) &&
      (keyId === null || key.key_id === keyId),
  )
}
