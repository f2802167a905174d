import type { Command } from 'commander'
import { readTextFile } from '../adapters/files.ts'
import { ROLES } from '../domain/controls.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { type ActorAdded, type ActorListed, addActor, listActors } from '../loop/actor.ts'
import { type KeysRevoked, revokeActor } from '../loop/actor-revoke.ts'
import { type Invocation, performing } from './face.ts'

export function register(parent: Command): void {
  const actor = parent.command('actor').description('who may act: people and services, their roles and keys')
  actor
    .command('add')
    .description('make somebody known, or give a known actor a further key; needs the root key')
    .requiredOption('--id <id>', 'lower-case letters, digits and . _ @ -')
    .option('--role <role...>', `what this person may do: ${ROLES.join(', ')}`, [])
    .option('--service', 'a service instead of a person; its one role is scheduler')
    .option('--public-key <file>', 'take this Ed25519 public key instead of making a key pair here')
    .option('--valid-until <instant>', 'the key signs nothing from this UTC instant on')
    .action(performing(add, textOfAdded))
  actor.command('list').description('everybody known, with their keys').action(performing(list, textOfList))
  actor
    .command('revoke')
    .description('end the use of a key, or of all keys of an actor; needs the root key')
    .requiredOption('--id <id>', 'whose')
    .option('--key <id>', 'one key instead of all')
    .requiredOption('--reason <text>', 'why')
    .action(performing(revoke, textOfRevoked))
}

interface AddOptions {
  readonly id: string
  readonly role: readonly string[]
  readonly service?: boolean
  readonly publicKey?: string
  readonly validUntil?: string
}

async function add(call: Invocation): Promise<Result<ActorAdded>> {
  const { id, role, service, publicKey, validUntil } = call.options as unknown as AddOptions
  const until = validUntil === undefined ? done(null) : readInstant(validUntil)
  if (!until.ok) return until
  const key = publicKey === undefined ? done(null) : await readTextFile(publicKey)
  if (!key.ok) return key
  const ports = await call.ports()
  if (!ports.ok) return ports
  return addActor(ports.value, {
    id,
    roles: role,
    service: service === true,
    publicKey: key.value,
    validUntil: until.value,
  })
}

async function list(call: Invocation): Promise<Result<{ actors: readonly ActorListed[] }>> {
  const ports = await call.ports()
  return ports.ok ? listActors(ports.value) : ports
}

interface RevokeOptions {
  readonly id: string
  readonly key?: string
  readonly reason: string
}

async function revoke(call: Invocation): Promise<Result<KeysRevoked>> {
  const { id, key, reason } = call.options as unknown as RevokeOptions
  const ports = await call.ports()
  return ports.ok ? revokeActor(ports.value, { id, keyId: key ?? null, reason }) : ports
}

function readInstant(written: string): Result<Instant> {
  const milliseconds = Date.parse(written)
  return Number.isNaN(milliseconds)
    ? refuse('bad_input', `\`${written}\` is no instant`, 'write it like `2027-01-31T00:00:00Z`')
    : done(new Date(milliseconds).toISOString())
}

const textOfAdded = (added: ActorAdded): string =>
  [
    `${added.actor_id} (${added.actor_type === 'system' ? 'service' : 'person'}): ${added.roles.join(', ')}`,
    `key ${added.key_id}, ${added.valid_until === null ? 'until it is revoked' : `until ${added.valid_until}`}`,
    `keyring version ${added.keyring_version}`,
  ].join('\n')

const textOfRevoked = (revoked: KeysRevoked): string =>
  `${revoked.actor_id}: revoked ${revoked.revoked_key_ids.join(', ')} as of ${revoked.revoked_at}`

const textOfList = ({ actors }: { actors: readonly ActorListed[] }): string =>
  actors.length === 0
    ? 'nobody is known yet; run `quotey actor add --id ID --role ROLE`'
    : actors.flatMap(actor => [line(actor), ...actor.keys.map(keyLine)]).join('\n')

const line = (actor: ActorListed): string =>
  `${actor.actor_id} (${actor.actor_type === 'system' ? 'service' : 'person'}): ${actor.roles.join(', ')}`

const keyLine = (key: ActorListed['keys'][number]): string => {
  const state = key.objection ?? (key.valid_until === null ? 'valid' : `valid until ${key.valid_until}`)
  return `  key ${key.key_id}  ${state}${key.private_key_at_hand ? ', private key here' : ''}`
}
