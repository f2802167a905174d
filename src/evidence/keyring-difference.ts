import type { Instant } from '../domain/units.ts'
import type { Keyring, KeyringActor, KeyringKey, KeyringRevocation } from './keyring.ts'

/** One thing a version of the keyring says anew, as people who sign it and readers of the log see it. */
export type KeyringDifference =
  | {
      readonly change: 'actor_added'
      readonly actor_id: string
      readonly actor_type: KeyringActor['actor_type']
      readonly roles: readonly string[]
    }
  | {
      readonly change: 'roles_changed'
      readonly actor_id: string
      readonly from: readonly string[]
      readonly to: readonly string[]
    }
  | {
      readonly change: 'key_added'
      readonly actor_id: string
      readonly key_id: string
      readonly purpose: KeyringKey['purpose']
      readonly valid_until: Instant | null
    }
  | {
      readonly change: 'key_revoked'
      readonly actor_id: string
      readonly key_id: string
      readonly reason: string
    }
  | { readonly change: 'root_threshold_changed'; readonly from: number; readonly to: number }
  | {
      readonly change: 'expiry_changed'
      readonly from: Instant | null
      readonly to: Instant | null
    }

/** What `after` has beyond `before`: the rows that repeat the keyring for SQL are made from these. */
export interface KeyringAdditions {
  readonly actors: readonly KeyringActor[]
  readonly keys: readonly KeyringKey[]
  readonly revocations: readonly KeyringRevocation[]
}

/** Actors, keys and revocations are only ever added, at the end. */
export const additionsTo = (before: Keyring, after: Keyring): KeyringAdditions => ({
  actors: after.actors.slice(before.actors.length),
  keys: after.keys.slice(before.keys.length),
  revocations: after.revocations.slice(before.revocations.length),
})

/** All that differs between two versions, in the order people ask: who, what they may do, with which key, who guards it. */
export function keyringDifferences(before: Keyring, after: Keyring): readonly KeyringDifference[] {
  const { actors, keys, revocations } = additionsTo(before, after)
  const rolesChanged = before.actors.flatMap(({ id, roles: from }) => {
    const to = after.actors.find(actor => actor.id === id)?.roles ?? []
    const same = from.length === to.length && from.every((role, at) => role === to[at])
    return same ? [] : [{ change: 'roles_changed', actor_id: id, from, to } as const]
  })
  return [
    ...actors.map(
      ({ id, actor_type, roles }) => ({ change: 'actor_added', actor_id: id, actor_type, roles }) as const,
    ),
    ...rolesChanged,
    ...keys.map(
      ({ actor_id, key_id, purpose, valid_until }) =>
        ({ change: 'key_added', actor_id, key_id, purpose, valid_until }) as const,
    ),
    ...revocations.map(
      ({ actor_id, key_id, reason }) => ({ change: 'key_revoked', actor_id, key_id, reason }) as const,
    ),
    ...(before.root_threshold === after.root_threshold
      ? []
      : [
          {
            change: 'root_threshold_changed',
            from: before.root_threshold,
            to: after.root_threshold,
          } as const,
        ]),
    ...(before.expires_at === after.expires_at
      ? []
      : [{ change: 'expiry_changed', from: before.expires_at, to: after.expires_at } as const]),
  ]
}
