import { ROLES, type Role } from '../domain/controls.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { canonicalText } from '../evidence/canonical.ts'
import type { KeyringActor } from '../evidence/keyring.ts'
import { ROOT_ACTOR } from '../evidence/keyring-lineage.ts'
import { changeKeyring, type KeyringOutcome, rootKeysAtHand } from './keyring-change.ts'
import { keyFor } from './new-key.ts'
import type { Ports } from './ports.ts'
import { trustedKeyring } from './trust.ts'

export interface ActorToAdd {
  readonly id: string
  readonly roles: readonly string[]
  /** A service holds the role scheduler and nothing else. */
  readonly service: boolean
  /** Text of a public key whose private half lies elsewhere; null makes a key pair here. */
  readonly publicKey: string | null
  /** The key signs nothing from this instant on; null: until it is revoked. */
  readonly validUntil: Instant | null
}

export interface ActorAdded extends KeyringOutcome {
  readonly actor_id: string
  readonly actor_type: KeyringActor['actor_type']
  readonly roles: readonly string[]
  readonly key_id: string
  readonly public_key: string
  readonly valid_until: Instant | null
}

/** Ids become file names and stand in log lines. */
const ACTOR_ID = /^[a-z0-9][a-z0-9._@-]{0,63}$/

/**
 * Makes somebody known, or gives a known actor a further key (then roles must be those held, or none named). Signed with the
 * root keys at hand. Refuses bad_input, and not_authorised without the root keys.
 */
export async function addActor(ports: Ports, wanted: ActorToAdd, draft = false): Promise<Result<ActorAdded>> {
  return ports.store.change(async tx => {
    const at = ports.clock.now()
    const keyring = await trustedKeyring(tx)
    const known = keyring.actors.find(actor => actor.id === wanted.id) ?? null
    const objection = objectionTo(wanted, known, at)
    if (objection !== null) return objection
    // Before a key file is made, so that a refusal leaves none behind.
    const rootKeys = draft ? done(true) : await rootKeysAtHand(ports, keyring)
    if (!rootKeys.ok) return rootKeys
    const key = await keyFor(ports, keyring, { ...wanted, actorId: wanted.id, purpose: 'actor' }, at)
    if (!key.ok) return key

    const actor = known ?? newActor(wanted, at)
    const { id, actor_type, roles } = actor
    const changed = await changeKeyring(tx, ports, {
      from: keyring,
      to: {
        actors: known === null ? [...keyring.actors, actor] : keyring.actors,
        keys: [...keyring.keys, key.value],
      },
      at,
      draft,
    })
    if (!changed.ok) return changed
    const { key_id, public_key, valid_until } = key.value
    return done({
      actor_id: id,
      actor_type,
      roles,
      key_id,
      public_key,
      valid_until,
      ...changed.value,
    })
  })
}

function objectionTo(
  wanted: ActorToAdd,
  known: KeyringActor | null,
  at: Instant,
): ReturnType<typeof refuse> | null {
  if (!ACTOR_ID.test(wanted.id) || wanted.id === ROOT_ACTOR) {
    const remedy = 'use lower-case letters, digits and `. _ @ -`, at most 64; `root` is taken'
    return refuse('bad_input', `\`${wanted.id}\` cannot be an actor's id`, remedy)
  }
  if (wanted.validUntil !== null && wanted.validUntil <= at) {
    return refuse(
      'bad_input',
      `a key until \`${wanted.validUntil}\` has expired already`,
      'name a later instant',
    )
  }
  const unknown = objectionToRoles(wanted.roles)
  if (unknown !== null) return unknown
  if (known !== null) return objectionToKnown(wanted, known)
  if (wanted.roles.length === 0) {
    return refuse(
      'bad_input',
      `\`${wanted.id}\` would have no role`,
      `pass \`--role\` with ${ROLES.join(', ')}`,
    )
  }
  if (wanted.roles.some(role => (role === 'scheduler') !== wanted.service)) {
    return refuse(
      'bad_input',
      'scheduler is the one role of services, and of services alone',
      'pass `--service --role scheduler`, or other roles for a person',
      { roles: wanted.roles },
    )
  }
  return null
}

/** Refuses bad_input for what is no role. */
export function objectionToRoles(roles: readonly string[]): ReturnType<typeof refuse> | null {
  const unknown = roles.find(role => !ROLES.some(name => name === role))
  return unknown === undefined
    ? null
    : refuse('bad_input', `there is no role \`${unknown}\``, `use ${ROLES.join(', ')}`)
}

function objectionToKnown(wanted: ActorToAdd, known: KeyringActor): ReturnType<typeof refuse> | null {
  const same = canonicalText(rolesOf(wanted)) === canonicalText(known.roles)
  if (wanted.roles.length === 0 || same) return null
  return refuse(
    'bad_input',
    `\`${wanted.id}\` is known with other roles`,
    'leave the roles out to add a further key, change roles with `quotey actor grant`, or choose another id',
    { roles_held: known.roles },
  )
}

const rolesOf = (wanted: ActorToAdd): readonly string[] => inOrder(wanted.roles)

/** Roles in the order of the control matrix, each once: their one form in the keyring. */
export const inOrder = (roles: readonly string[]): readonly Role[] =>
  ROLES.filter(role => roles.includes(role))

const newActor = (wanted: ActorToAdd, at: Instant): KeyringActor => ({
  id: wanted.id,
  actor_type: wanted.service ? 'system' : 'user',
  roles: rolesOf(wanted),
  added_at: at,
})
