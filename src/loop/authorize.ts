import { type ControlOperation, controlOf, type Role } from '../domain/controls.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { hasExpired, type KeyringActor, validKeyIds } from '../evidence/keyring.ts'
import { later } from '../evidence/statement.ts'
import type { Reading } from './ports.ts'
import type { ActorType, AuditRow } from './tables.ts'
import { keyringInForceAt, loggedUntil, trustedKeyring } from './trust.ts'

/** Leave to do one operation now. */
export interface Authority {
  readonly actorId: string
  readonly actorType: ActorType
  /** The role it rests on: the first of the control's roles that the actor holds. */
  readonly role: Role
  /** Every role the actor holds, for operations that need several people. */
  readonly roles: readonly Role[]
}

/**
 * The one authorizer for every door; everything not in the control matrix is denied. Roles and keys are those of the
 * signed keyring as it is now. Refuses not_authorised (unknown actor), then key_expired (the keyring itself, or every key of
 * the actor, is past its time or revoked), then not_authorised (no such role).
 */
export async function authorize(
  tx: Reading,
  now: Instant,
  actorId: string,
  operation: ControlOperation,
): Promise<Result<Authority>> {
  const control = controlOf(operation)
  const keyring = await trustedKeyring(tx)
  const actor = keyring.actors.find(known => known.id === actorId)
  if (actor === undefined) {
    return refuse(
      'not_authorised',
      `nobody is known as \`${actorId}\``,
      'name a known actor with `--as`, or let the holder of a root key run `quotey actor add`',
      { actor_id: actorId, control: control.id },
    )
  }
  const reached = later(now, await loggedUntil(tx))
  if (hasExpired(keyring, reached)) {
    return refuse(
      'key_expired',
      `version ${keyring.version} of the keyring expired at ${keyring.expires_at}`,
      'let the holders of the root keys run `quotey actor root renew --expires INSTANT`',
      { actor_id: actorId, control: control.id, keyring_version: keyring.version },
    )
  }
  if (validKeyIds(keyring, actorId, now, reached).length === 0) {
    return refuse(
      'key_expired',
      `\`${actorId}\` has no key that is valid now`,
      `let the holder of a root key run \`quotey actor add --id ${actorId}\` for a new key`,
      { actor_id: actorId, control: control.id },
    )
  }
  const roles = effectiveRoles(actor)
  const role = control.roles.find(allowed => roles.includes(allowed))
  if (role === undefined) {
    return refuse(
      'not_authorised',
      `\`${actorId}\` may not ${control.name}`,
      `ask someone who is ${control.roles.join(' or ')}`,
      { actor_id: actorId, control: control.id, roles_held: roles, roles_allowed: control.roles },
    )
  }
  return done({ actorId, actorType: actor.actor_type, role, roles })
}

/** Roles an actor held where an entry of the log stands, by the keyring in force there and not by what was claimed. */
export async function rolesHeldAt(tx: Reading, entry: AuditRow, actorId: string): Promise<readonly Role[]> {
  const { actors } = await keyringInForceAt(tx, entry.entry_index)
  const actor = actors.find(known => known.id === actorId)
  return actor === undefined ? [] : effectiveRoles(actor)
}

/** A service is a scheduler and nothing else, a person is anything else: whatever the keyring says beyond that is void. */
export const effectiveRoles = (actor: KeyringActor): readonly Role[] =>
  (actor.roles as readonly Role[]).filter(role => (role === 'scheduler') === (actor.actor_type === 'system'))
