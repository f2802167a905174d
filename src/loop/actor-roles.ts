import { done, type Result, refuse } from '../domain/refusal.ts'
import { inOrder, objectionToRoles } from './actor.ts'
import { changeKeyring, type KeyringOutcome } from './keyring-change.ts'
import type { Ports } from './ports.ts'
import { trustedKeyring } from './trust.ts'

export interface RolesWanted {
  readonly id: string
  readonly grant: readonly string[]
  readonly withdraw: readonly string[]
}

export interface RolesChanged extends KeyringOutcome {
  readonly actor_id: string
  /** Held from now on. */
  readonly roles: readonly string[]
}

/**
 * Grants and withdraws roles of a person, as a new version of the keyring: what was signed in a role before stays signed in it.
 * Refuses bad_input (no such role, a service, nothing to change), not_found, not_authorised without the root keys.
 */
export const changeRoles = (
  ports: Ports,
  { id, grant, withdraw }: RolesWanted,
  draft = false,
): Promise<Result<RolesChanged>> =>
  ports.store.change(async tx => {
    const at = ports.clock.now()
    const keyring = await trustedKeyring(tx)
    const actor = keyring.actors.find(known => known.id === id)
    if (actor === undefined) {
      return refuse('not_found', `nobody is known as \`${id}\``, 'see `quotey actor list`')
    }
    const unknown = objectionToRoles([...grant, ...withdraw])
    if (unknown !== null) return unknown
    const roles = inOrder([...actor.roles, ...grant].filter(role => !withdraw.includes(role)))
    if (actor.actor_type === 'system' || roles.includes('scheduler')) {
      return refuse(
        'bad_input',
        'scheduler is the one role of services, and of services alone',
        'add a service with `quotey actor add --service --role scheduler`, or revoke its key',
        { actor_id: id, roles_held: actor.roles },
      )
    }
    if (roles.join() === inOrder(actor.roles).join()) {
      const held = actor.roles.join(', ') || 'no role'
      return refuse('bad_input', `nothing would change: \`${id}\` holds ${held}`, 'see `quotey actor list`')
    }
    const actors = keyring.actors.map(known => (known.id === id ? { ...known, roles } : known))
    const changed = await changeKeyring(tx, ports, { from: keyring, to: { actors }, at, draft })
    return changed.ok ? done({ actor_id: id, roles, ...changed.value }) : changed
  })
