import type { ActorAdded } from '../loop/actor.ts'
import type { ActorListed } from '../loop/actor-list.ts'
import type { KeysRevoked } from '../loop/actor-revoke.ts'
import type { RolesChanged } from '../loop/actor-roles.ts'
import type { KeyRotated } from '../loop/actor-rotate.ts'
import type { AuthorityReport } from '../loop/authority-report.ts'
import { keyringLine } from './keyring-draft.ts'

/** `actor authority` for people: gates nobody can pass first, as they are what must be mended. */
export function textOfAuthority(report: AuthorityReport): string {
  const stuck = report.gates.filter(gate => !gate.passable)
  const width = Math.max(...report.gates.map(gate => gate.name.length))
  return [
    ...stuck.map(gate => `NOBODY can ${gate.name} (${gate.control}): ${gate.why}`),
    ...report.gates
      .filter(gate => gate.passable)
      .map(gate => {
        const hangs =
          gate.indispensable.length === 0 ? '' : `; not without ${gate.indispensable.join(' and ')}`
        return `${gate.control}  ${gate.name.padEnd(width)}  ${gate.who.join(', ')}  (alone: ${named(gate.alone)}${hangs})`
      }),
    `keyring       change keys and roles: ${report.root.threshold} of ${named(report.root.who)}  (alone: ${named(report.root.alone)})`,
    ...report.cannot_sign.map(({ actor_id, why }) => `cannot sign   ${actor_id}: ${why}`),
    ...report.ending.map(({ what, at }) => `ends soon     ${what}: ${at}`),
  ].join('\n')
}

const named = (ids: readonly string[]): string => ids.join(', ') || 'nobody'

export const textOfAdded = (added: ActorAdded): string =>
  [
    `${added.actor_id} (${added.actor_type === 'system' ? 'service' : 'person'}): ${added.roles.join(', ')}`,
    `key ${added.key_id}, ${added.valid_until === null ? 'until it is revoked' : `until ${added.valid_until}`}`,
    keyringLine(added),
  ].join('\n')

export const textOfRevoked = (revoked: KeysRevoked): string =>
  [
    `${revoked.actor_id}: revoked ${revoked.revoked_key_ids.join(', ')} as of ${revoked.revoked_at}`,
    keyringLine(revoked),
  ].join('\n')

export const textOfRotated = (rotated: KeyRotated): string =>
  [
    `${rotated.actor_id}: key ${rotated.key_id}, ${rotated.valid_until === null ? 'until it is revoked' : `until ${rotated.valid_until}`}`,
    `revoked ${rotated.revoked_key_ids.join(', ') || 'none'}`,
    keyringLine(rotated),
  ].join('\n')

export const textOfRoles = (changed: RolesChanged): string =>
  [`${changed.actor_id}: ${changed.roles.join(', ') || 'no role'}`, keyringLine(changed)].join('\n')

export const textOfList = ({ actors }: { actors: readonly ActorListed[] }): string =>
  actors.length === 0
    ? 'nobody is known yet; run `quotey actor add --id ID --role ROLE`'
    : actors.flatMap(actor => [line(actor), ...actor.keys.map(keyLine)]).join('\n')

const line = (actor: ActorListed): string =>
  `${actor.actor_id} (${actor.actor_type === 'system' ? 'service' : 'person'}): ${actor.roles.join(', ')}`

const keyLine = (key: ActorListed['keys'][number]): string => {
  const state = key.objection ?? (key.valid_until === null ? 'valid' : `valid until ${key.valid_until}`)
  return `  key ${key.key_id}  ${state}${key.private_key_at_hand ? ', private key here' : ''}`
}
