import { CONTROLS, type Control, type Role } from '../domain/controls.ts'
import { validKeyIds } from '../evidence/keyring.ts'
import { type DoctorLine, line } from './doctor.ts'
import type { Ports } from './ports.ts'
import { trustedKeyring } from './trust.ts'

const SOON_MS = 30 * 86_400_000

/** Whether everybody has a key that is valid now, and for thirty days more. */
export const keyLines = (ports: Ports): Promise<readonly DoctorLine[]> =>
  ports.store.read(async tx => {
    const now = ports.clock.now()
    const soon = new Date(Date.parse(now) + SOON_MS).toISOString()
    const keyring = await trustedKeyring(tx)
    const roles = keyring.actors.filter(actor => actor.roles.length > 0)
    const without = roles.filter(actor => validKeyIds(keyring, actor.id, now).length === 0)
    const expiring = roles.filter(
      actor => !without.includes(actor) && validKeyIds(keyring, actor.id, soon).length === 0,
    )
    const faults = [
      ...without.map(actor => `${actor.id} has no valid key`),
      ...expiring.map(actor => `the key of ${actor.id} expires within 30 days`),
    ]
    return [
      line(
        'keys',
        faults.length === 0,
        faults.length === 0
          ? `${roles.length} people and services, each with a valid key`
          : faults.join('; '),
        'let the holder of a root key run `quotey actor add --id ID` for a new key',
      ),
    ]
  })

interface Holder {
  readonly id: string
  readonly roles: readonly string[]
}

/** Gates that nobody could pass with the people and keys there are now, separation of duty included. */
export const authorityLine = (ports: Ports): Promise<DoctorLine> =>
  ports.store.read(async tx => {
    const now = ports.clock.now()
    const keyring = await trustedKeyring(tx)
    const able = keyring.actors.filter(actor => validKeyIds(keyring, actor.id, now).length > 0)
    const closed = CONTROLS.filter(control => !isPassable(control, able))
    const chain = hasChain(able) ? [] : ['propose, decide and apply take at least two different people']
    const faults = [...closed.map(({ name, id }) => `nobody can ${name} (${id})`), ...chain]
    return line(
      'authority',
      faults.length === 0,
      faults.length === 0 ? `every gate of the control matrix can be passed` : faults.join('; '),
      'give somebody the role with `quotey actor add --id ID --role ROLE`; `together` gates take two people',
    )
  })

function isPassable(control: Control, able: readonly Holder[]): boolean {
  const holders = (role: Role): readonly Holder[] => able.filter(actor => actor.roles.includes(role))
  if (!control.together) return control.roles.some(role => holders(role).length > 0)
  const [one, other] = control.roles as readonly [Role, Role]
  return holders(one).some(first => holders(other).some(second => second.id !== first.id))
}

/** Whether somebody can apply what somebody else approved and did not propose. */
const hasChain = (able: readonly Holder[]): boolean =>
  able.some(
    applier =>
      applier.roles.includes('runtime_owner') &&
      able.some(
        approver =>
          approver.id !== applier.id &&
          approver.roles.some(role => role !== 'scheduler') &&
          able.some(
            proposer =>
              proposer.id !== approver.id &&
              proposer.roles.some(role => role === 'revenue_ops' || role === 'runtime_owner'),
          ),
      ),
  )
