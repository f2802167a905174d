import type { Role } from '../../domain/controls.ts'
import { done, type Result } from '../../domain/refusal.ts'
import { addActor } from '../../loop/actor.ts'
import type { Ports } from '../../loop/ports.ts'

/** Who plays the loop: nobody may decide on their own candidate, and the one who applies is not the only one who approved. */
export const PEOPLE = { proposer: 'ana', reviewer: 'sam', owner: 'ruth' } as const

const ROLE_OF: Readonly<Record<string, Role>> = {
  [PEOPLE.proposer]: 'revenue_ops',
  [PEOPLE.reviewer]: 'safety_owner',
  [PEOPLE.owner]: 'runtime_owner',
}

/** Makes the three people known to a fresh installation, each with a key of their own. */
export async function addPeople(ports: Ports): Promise<Result<number>> {
  for (const [id, role] of Object.entries(ROLE_OF)) {
    const added = await addActor(ports, {
      id,
      roles: [role],
      service: false,
      publicKey: null,
      validUntil: null,
    })
    if (!added.ok) return added
  }
  return done(Object.keys(ROLE_OF).length)
}
