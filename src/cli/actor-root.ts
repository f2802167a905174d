import type { Command } from 'commander'
import { readTextFile } from '../adapters/files.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Json } from '../domain/units.ts'
import { type DraftSigned, signDraft, submitDraft } from '../loop/keyring-draft.ts'
import { changeRoot, type RootChange, type RootChanged, type RootShown, showRoot } from '../loop/root.ts'
import { type Invocation, performing } from './face.ts'
import { readInstant } from './instant.ts'
import {
  asksForDraft,
  DRAFT_OPTION,
  differenceText,
  keepDraft,
  keyringLine,
  writeDraft,
} from './keyring-draft.ts'

/** The commands on what guards the keyring, under `quotey actor root`. */
export function registerRoot(actor: Command): void {
  const root = actor
    .command('root')
    .description('who guards the keyring: root keys, whose, and how many must sign')
  root
    .command('show')
    .description('root keys, their holders and the threshold')
    .action(performing(show, textOfShown))
  root
    .command('add')
    .description('give a known person a root key')
    .requiredOption('--holder <id>', 'the person who keeps the private half')
    .option('--public-key <file>', 'take this Ed25519 public key instead of making a key pair here')
    .option(...DRAFT_OPTION)
    .action(performing(add, textOfChanged))
  root
    .command('remove')
    .description('take a root key away for good')
    .requiredOption('--key <id>', 'which')
    .requiredOption('--reason <text>', 'why')
    .option(...DRAFT_OPTION)
    .action(performing(remove, textOfChanged))
  root
    .command('rotate')
    .description('replace a root key by a new one of the same holder')
    .requiredOption('--key <id>', 'which')
    .requiredOption('--reason <text>', 'why')
    .option('--public-key <file>', 'take this Ed25519 public key instead of making a key pair here')
    .option(...DRAFT_OPTION)
    .action(performing(rotate, textOfChanged))
  root
    .command('threshold')
    .argument('<persons>', 'how many different persons must sign each further change of the keyring')
    .description('set how many persons it takes; two keys of one person count once')
    .option(...DRAFT_OPTION)
    .action(performing(threshold, textOfChanged))
  root
    .command('renew')
    .description('set until when the keyring holds; past that nobody may do anything until it is renewed')
    .requiredOption('--expires <instant>', 'a UTC instant, or `never`')
    .option(...DRAFT_OPTION)
    .action(performing(renew, textOfChanged))
  root
    .command('sign')
    .argument('<file>', 'a draft made with `--draft`')
    .description('see what a draft changes and add the signatures of the root keys at hand')
    .requiredOption('--out <file>', 'write the draft with them there')
    .action(performing(sign, textOfDraft))
  root
    .command('submit')
    .argument('<file>', 'a draft that enough persons signed')
    .description('put a draft in force')
    .action(performing(submit, textOfDraft))
}

async function show(call: Invocation): Promise<Result<RootShown>> {
  const ports = await call.ports()
  return ports.ok ? showRoot(ports.value) : ports
}

async function change(call: Invocation, wanted: RootChange): Promise<Result<RootChanged>> {
  const ports = await call.ports()
  if (!ports.ok) return ports
  return keepDraft(call, await changeRoot(ports.value, wanted, asksForDraft(call)))
}

async function add(call: Invocation): Promise<Result<RootChanged>> {
  const { holder, publicKey } = call.options as unknown as { holder: string; publicKey?: string }
  const key = publicKey === undefined ? done(null) : await readTextFile(publicKey)
  return key.ok ? change(call, { kind: 'add', holder, publicKey: key.value }) : key
}

async function remove(call: Invocation): Promise<Result<RootChanged>> {
  const { key, reason } = call.options as unknown as { key: string; reason: string }
  return change(call, { kind: 'remove', keyId: key, reason })
}

async function rotate(call: Invocation): Promise<Result<RootChanged>> {
  const { key, reason, publicKey } = call.options as unknown as {
    key: string
    reason: string
    publicKey?: string
  }
  const text = publicKey === undefined ? done(null) : await readTextFile(publicKey)
  return text.ok ? change(call, { kind: 'rotate', keyId: key, publicKey: text.value, reason }) : text
}

const threshold = (call: Invocation): Promise<Result<RootChanged>> =>
  change(call, { kind: 'threshold', persons: Number(call.arguments[0]) })

async function renew(call: Invocation): Promise<Result<RootChanged>> {
  const { expires } = call.options as unknown as { expires: string }
  const until = expires === 'never' ? done(null) : readInstant(expires)
  return until.ok ? change(call, { kind: 'expiry', expiresAt: until.value }) : until
}

async function sign(call: Invocation): Promise<Result<DraftSigned>> {
  const draft = await readDraftFile(call.arguments[0] as string)
  if (!draft.ok) return draft
  const ports = await call.ports()
  if (!ports.ok) return ports
  const signed = await signDraft(ports.value, draft.value)
  if (!signed.ok) return signed
  const { out } = call.options as unknown as { out: string }
  const written = await writeDraft(out, signed.value.draft)
  return written.ok ? signed : written
}

async function submit(call: Invocation): Promise<Result<DraftSigned>> {
  const draft = await readDraftFile(call.arguments[0] as string)
  if (!draft.ok) return draft
  const ports = await call.ports()
  return ports.ok ? submitDraft(ports.value, draft.value) : ports
}

async function readDraftFile(path: string): Promise<Result<Json>> {
  const text = await readTextFile(path)
  if (!text.ok) return text
  try {
    return done(JSON.parse(text.value) as Json)
  } catch {
    return refuse('bad_input', `\`${path}\` is not JSON`, 'hand in a file made with `--draft FILE`')
  }
}

const textOfShown = (shown: RootShown): string =>
  [
    `keyring version ${shown.keyring_version}, ${shown.expires_at === null ? 'does not expire' : `until ${shown.expires_at}`}`,
    `changes take ${shown.root_threshold} of ${shown.persons.length} persons: ${shown.persons.join(', ')}`,
    ...shown.root_keys.map(
      key => `  key ${key.key_id} of ${key.holder}${key.private_key_at_hand ? ', private key here' : ''}`,
    ),
  ].join('\n')

const textOfChanged = (changed: RootChanged): string =>
  [
    `changes take ${changed.root_threshold} of ${changed.persons.length} persons: ${changed.persons.join(', ')}`,
    `root keys ${changed.root_key_ids.join(', ')}`,
    keyringLine(changed),
  ].join('\n')

const textOfDraft = (signed: DraftSigned): string =>
  [
    `keyring version ${signed.keyring_version}`,
    ...signed.changes.map(difference => `  ${differenceText(difference)}`),
    `signed by ${signed.signed_by.join(', ') || 'nobody'}; it takes ${signed.persons_needed}`,
  ].join('\n')
