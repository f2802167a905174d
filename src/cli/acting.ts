import { done, type Result } from '../domain/refusal.ts'
import type { Ports } from '../loop/ports.ts'
import { actorOf, type Invocation } from './face.ts'
import { idNamed, type Named } from './latest.ts'

/** Who acts, on what, and with which ports: what most commands begin with. */
export interface Acting {
  readonly actorId: string
  readonly ports: Ports
  readonly id: string
}

/** The start of a command that somebody does to the `kind` its first argument names. Refuses without an actor, an installation, or a `latest`. */
export async function actingOn(call: Invocation, kind: Named): Promise<Result<Acting>> {
  const actor = actorOf(call)
  if (!actor.ok) return actor
  const ports = await call.ports()
  if (!ports.ok) return ports
  const named = await idNamed(ports.value, kind, call.arguments[0] as string)
  return named.ok ? done({ actorId: actor.value, ports: ports.value, id: named.value }) : named
}
