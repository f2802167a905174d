import { done, type Result } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { type KeyringActor, keyValidAt } from '../evidence/keyring.ts'
import type { Ports } from './ports.ts'
import { trustedKeyring } from './trust.ts'

export interface ActorListed {
  readonly actor_id: string
  readonly actor_type: KeyringActor['actor_type']
  readonly roles: readonly string[]
  readonly keys: readonly {
    readonly key_id: string
    readonly valid_from: Instant
    readonly valid_until: Instant | null
    /** null while it signs, else why it does not. */
    readonly objection: string | null
    readonly private_key_at_hand: boolean
  }[]
}

/** Everybody known, with their keys and whether each signs now. */
export async function listActors(ports: Ports): Promise<Result<{ actors: readonly ActorListed[] }>> {
  const keyring = await ports.store.read(trustedKeyring)
  const now = ports.clock.now()
  const actors: ActorListed[] = []
  for (const { id, actor_type, roles } of keyring.actors) {
    const atHand = await ports.signer.keysOf(id)
    const keys = keyring.keys
      .filter(key => key.actor_id === id)
      .map(({ key_id, valid_from, valid_until }) => ({
        key_id,
        valid_from,
        valid_until,
        objection: keyValidAt(keyring, key_id, id, now),
        private_key_at_hand: atHand.includes(key_id),
      }))
    actors.push({ actor_id: id, actor_type, roles, keys })
  }
  return done({ actors })
}
