import type { Command } from 'commander'
import { readTextFile } from '../adapters/files.ts'
import { ROLES } from '../domain/controls.ts'
import { done, type Result } from '../domain/refusal.ts'
import { type ActorAdded, addActor } from '../loop/actor.ts'
import { type ActorListed, listActors } from '../loop/actor-list.ts'
import { type KeysRevoked, revokeActor } from '../loop/actor-revoke.ts'
import { changeRoles, type RolesChanged } from '../loop/actor-roles.ts'
import { type KeyRotated, rotateActor } from '../loop/actor-rotate.ts'
import { authorityReport } from '../loop/authority-report.ts'
import { registerRoot } from './actor-root.ts'
import {
  textOfAdded,
  textOfAuthority,
  textOfList,
  textOfRevoked,
  textOfRoles,
  textOfRotated,
} from './actor-text.ts'
import { type Invocation, performing } from './face.ts'
import { readInstant } from './instant.ts'
import { asksForDraft, DRAFT_OPTION, keepDraft } from './keyring-draft.ts'

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
    .option(...DRAFT_OPTION)
    .action(performing(add, textOfAdded))
  actor.command('list').description('everybody known, with their keys').action(performing(list, textOfList))
  actor
    .command('revoke')
    .description('end the use of a key, or of all keys of an actor; needs the root key')
    .requiredOption('--id <id>', 'whose')
    .option('--key <id>', 'one key instead of all')
    .requiredOption('--reason <text>', 'why')
    .option(...DRAFT_OPTION)
    .action(performing(revoke, textOfRevoked))
  actor
    .command('rotate')
    .description('give an actor a new key and revoke all others in one step; needs the root key')
    .requiredOption('--id <id>', 'whose')
    .requiredOption('--reason <text>', 'why')
    .option('--public-key <file>', 'take this Ed25519 public key instead of making a key pair here')
    .option('--valid-until <instant>', 'the key signs nothing from this UTC instant on')
    .option(...DRAFT_OPTION)
    .action(performing(rotate, textOfRotated))
  for (const verb of ['grant', 'withdraw'] as const) {
    actor
      .command(verb)
      .description(`${verb} roles of a person; what was signed before keeps its standing; needs the root key`)
      .requiredOption('--id <id>', 'whose')
      .requiredOption('--role <role...>', ROLES.join(', '))
      .option(...DRAFT_OPTION)
      .action(performing(call => roles(call, verb), textOfRoles))
  }
  actor
    .command('authority')
    .description(
      'for each gate of the control matrix: who can pass it now, who alone, and whether anybody can',
    )
    .action(performing(authority, textOfAuthority))
  registerRoot(actor)
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
  const wanted = {
    id,
    roles: role,
    service: service === true,
    publicKey: key.value,
    validUntil: until.value,
  }
  return keepDraft(call, await addActor(ports.value, wanted, asksForDraft(call)))
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
  if (!ports.ok) return ports
  const request = { id, keyId: key ?? null, reason }
  return keepDraft(call, await revokeActor(ports.value, request, asksForDraft(call)))
}

interface RotateOptions {
  readonly id: string
  readonly reason: string
  readonly publicKey?: string
  readonly validUntil?: string
}

async function rotate(call: Invocation): Promise<Result<KeyRotated>> {
  const { id, reason, publicKey, validUntil } = call.options as unknown as RotateOptions
  const until = validUntil === undefined ? done(null) : readInstant(validUntil)
  if (!until.ok) return until
  const key = publicKey === undefined ? done(null) : await readTextFile(publicKey)
  if (!key.ok) return key
  const ports = await call.ports()
  if (!ports.ok) return ports
  const rotation = { id, reason, publicKey: key.value, validUntil: until.value }
  return keepDraft(call, await rotateActor(ports.value, rotation, asksForDraft(call)))
}

async function roles(call: Invocation, verb: 'grant' | 'withdraw'): Promise<Result<RolesChanged>> {
  const { id, role } = call.options as unknown as { id: string; role: readonly string[] }
  const ports = await call.ports()
  if (!ports.ok) return ports
  const wanted = { id, grant: [], withdraw: [], [verb]: role }
  return keepDraft(call, await changeRoles(ports.value, wanted, asksForDraft(call)))
}

async function authority(call: Invocation): ReturnType<typeof authorityReport> {
  const ports = await call.ports()
  return ports.ok ? authorityReport(ports.value) : ports
}
