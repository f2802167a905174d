import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import type { Keyring, KeyringKey } from '../evidence/keyring.ts'
import { countedHolders, holderOf } from '../evidence/keyring-lineage.ts'
import { changeKeyring, type KeyringChange, type KeyringOutcome, rootKeysAtHand } from './keyring-change.ts'
import { keyFor } from './new-key.ts'
import type { Ports } from './ports.ts'
import { trustedKeyring } from './trust.ts'

/** Who guards the keyring: which root keys, whose, and how many persons must sign. */
export interface RootShown {
  readonly keyring_version: number
  readonly root_threshold: number
  /** Persons that count towards the threshold. */
  readonly persons: readonly string[]
  readonly expires_at: Instant | null
  readonly root_keys: readonly {
    readonly key_id: string
    readonly holder: string
    readonly valid_from: Instant
    readonly private_key_at_hand: boolean
  }[]
}

export interface RootChanged extends KeyringOutcome {
  readonly root_threshold: number
  readonly persons: readonly string[]
  readonly root_key_ids: readonly string[]
  readonly expires_at: Instant | null
}

/** What changes of the root keys; `threshold` and `expiry` change no key. */
export type RootChange =
  | { readonly kind: 'add'; readonly holder: string; readonly publicKey: string | null }
  | { readonly kind: 'remove'; readonly keyId: string; readonly reason: string }
  | {
      readonly kind: 'rotate'
      readonly keyId: string
      readonly publicKey: string | null
      readonly reason: string
    }
  | { readonly kind: 'threshold'; readonly persons: number }
  /** null: the keyring does not expire. */
  | { readonly kind: 'expiry'; readonly expiresAt: Instant | null }

export const showRoot = (ports: Ports): Promise<Result<RootShown>> =>
  ports.store.read(async tx => {
    const keyring = await trustedKeyring(tx)
    const root_keys: RootShown['root_keys'][number][] = []
    for (const key_id of keyring.root_key_ids) {
      const key = keyring.keys.find(known => known.key_id === key_id) as KeyringKey
      const atHand = await ports.signer.keysOf(key.actor_id)
      root_keys.push({
        key_id,
        holder: key.actor_id,
        valid_from: key.valid_from,
        private_key_at_hand: atHand.includes(key_id),
      })
    }
    const { version: keyring_version, root_threshold, expires_at } = keyring
    const persons = countedHolders(keyring, keyring.root_key_ids)
    return done({ keyring_version, root_threshold, persons, expires_at, root_keys })
  })

/**
 * Changes who guards the keyring. Signed by the threshold of the version before and by that of the new one, so that no root key
 * can be slipped in and none set in force that nobody holds. Refuses bad_input, not_found, reason_required, not_authorised.
 */
export const changeRoot = (ports: Ports, change: RootChange, draft = false): Promise<Result<RootChanged>> =>
  ports.store.change(async tx => {
    const at = ports.clock.now()
    const keyring = await trustedKeyring(tx)
    const objection = objectionTo(keyring, change, at)
    if (objection !== null) return objection
    const rootKeys = draft ? done(true) : await rootKeysAtHand(ports, keyring)
    if (!rootKeys.ok) return rootKeys
    const to = await nextRoot(ports, keyring, change, at)
    if (!to.ok) return to
    const changed = await changeKeyring(tx, ports, { from: keyring, to: to.value, at, draft })
    if (!changed.ok) return changed
    const next: Keyring = { ...keyring, ...to.value }
    const { root_threshold, root_key_ids, expires_at } = next
    const persons = countedHolders(next, root_key_ids)
    return done({ root_threshold, persons, root_key_ids, expires_at, ...changed.value })
  })

function objectionTo(keyring: Keyring, change: RootChange, at: Instant): ReturnType<typeof refuse> | null {
  switch (change.kind) {
    case 'add': {
      const known = keyring.actors.find(actor => actor.id === change.holder)
      return known?.actor_type === 'user'
        ? null
        : refuse(
            'bad_input',
            `no person is known as \`${change.holder}\``,
            'a root key is held by a person: add that person first with `quotey actor add`',
          )
    }
    case 'remove':
    case 'rotate':
      if (change.reason.trim() === '') {
        return refuse('reason_required', 'taking a root key away needs a reason', 'pass `--reason TEXT`')
      }
      return keyring.root_key_ids.includes(change.keyId)
        ? null
        : refuse('not_found', `there is no root key \`${change.keyId}\``, 'see `quotey actor root show`')
    case 'threshold':
      return Number.isSafeInteger(change.persons) && change.persons >= 1
        ? null
        : refuse('bad_input', 'a threshold is a number of persons from 1 on', 'pass such a number')
    case 'expiry':
      return change.expiresAt === null || change.expiresAt > at
        ? null
        : refuse('bad_input', `\`${change.expiresAt}\` is past already`, 'name a later instant, or `never`')
  }
}

async function nextRoot(
  ports: Ports,
  keyring: Keyring,
  change: RootChange,
  at: Instant,
): Promise<Result<KeyringChange['to']>> {
  switch (change.kind) {
    case 'threshold':
      return done({ root_threshold: change.persons })
    case 'expiry':
      return done({ expires_at: change.expiresAt })
    case 'remove':
      return done(without(keyring, change.keyId, change.reason.trim(), at))
    case 'add':
      return withKey(ports, keyring, keyring, change.holder, change.publicKey, at)
    case 'rotate': {
      const left = { ...keyring, ...without(keyring, change.keyId, change.reason.trim(), at) }
      const holder = holderOf(keyring, change.keyId)
      return withKey(ports, keyring, left, holder, change.publicKey, at)
    }
  }
}

function without(keyring: Keyring, keyId: string, reason: string, at: Instant): KeyringChange['to'] {
  const revocation = { key_id: keyId, actor_id: holderOf(keyring, keyId), revoked_at: at, reason }
  return {
    root_key_ids: keyring.root_key_ids.filter(id => id !== keyId),
    revocations: [...keyring.revocations, revocation],
  }
}

async function withKey(
  ports: Ports,
  known: Keyring,
  next: Keyring,
  holder: string,
  publicKey: string | null,
  at: Instant,
): Promise<Result<KeyringChange['to']>> {
  const wanted = { actorId: holder, purpose: 'root', publicKey, validUntil: null } as const
  const key = await keyFor(ports, known, wanted, at)
  if (!key.ok) return key
  return done({
    keys: [...next.keys, key.value],
    root_key_ids: [...next.root_key_ids, key.value.key_id],
    revocations: next.revocations,
  })
}
