import { verify } from 'node:crypto'
import type { Instant } from '../domain/units.ts'
import type { LogHead } from './audit-entry.ts'
import { digestOfHash, hashOfDigest } from './canonical.ts'
import { type Keyring, type KeyringKey, keyValidAt } from './keyring.ts'
import { publicKeyObject } from './public-key.ts'
import {
  NOTE_TYPES,
  type NoteSignature,
  type NoteType,
  noteKeyId,
  readNote,
  sealNote,
} from './signed-note.ts'

/** How far the log had come at an instant, read from a checkpoint whose signatures hold. */
export type Checkpoint = {
  readonly origin: string
  readonly log: LogHead
  readonly actor: string
  readonly key_id: string
  /** To the second. */
  readonly at: Instant
}

export type CheckpointVerdict =
  | { readonly kind: 'valid'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'invalid'; readonly why: string }

/** The log's name in every checkpoint; as the installation is named after its root key, no two logs share one. */
export const originOf = (installationId: string): string => `quotey/${installationId}`

/** The two texts under a checkpoint, both signed by one key, told apart by the first line and by the type of the signature. */
export interface CheckpointTexts {
  /** The note's text (c2sp.org/tlog-checkpoint): origin, size, root in base64. */
  readonly own: string
  /** The same as of a second (c2sp.org/tlog-cosignature): that this was the newest checkpoint then. */
  readonly timed: string
}

export function checkpointTexts(origin: string, { size, root_hash }: LogHead, at: Instant): CheckpointTexts {
  const own = `${origin}\n${size}\n${(hashOfDigest(root_hash) as Buffer).toString('base64')}\n`
  return { own, timed: cosignedText(own, posixSeconds(at)) }
}

/** The checkpoint as it is kept. `signatures` are base64, of the key whose public half is handed in. */
export function sealCheckpoint(
  { origin, log, actor, at }: Checkpoint,
  publicKey: string,
  signatures: CheckpointTexts,
): string {
  const time = Buffer.alloc(TIME_LENGTH)
  time.writeBigUInt64BE(BigInt(posixSeconds(at)))
  const line = (name: string, type: NoteType, ...parts: readonly Uint8Array[]): NoteSignature => ({
    name,
    keyId: noteKeyId(name, type, publicKey),
    signature: Buffer.concat(parts),
  })
  return sealNote({
    text: checkpointTexts(origin, log, at).own,
    signatures: [
      line(origin, NOTE_TYPES.ed25519, Buffer.from(signatures.own, 'base64')),
      line(witnessName(origin, actor), NOTE_TYPES.cosignature, time, Buffer.from(signatures.timed, 'base64')),
    ],
  })
}

/** Under which name an actor states the time; the log itself signs as its origin. */
const witnessName = (origin: string, actorId: string): string => `${origin}/${actorId}`

const cosignedText = (text: string, seconds: number): string => `cosignature/v1\ntime ${seconds}\n${text}`
const posixSeconds = (at: Instant): number => Math.floor(Date.parse(at) / 1000)
const TIME_LENGTH = 8

/**
 * Checks a checkpoint against the versions of a keyring: form, origin, the log's signature and the time by one and the same key,
 * and that this key was valid under the version in force at that size, and not revoked by that time. A store set back to before
 * its signer was known cannot check it: that is reported as such, since a checkpoint nobody can check proves nothing.
 */
export function checkCheckpoint(note: string, versions: readonly Keyring[]): CheckpointVerdict {
  const invalid = (why: string): CheckpointVerdict => ({ kind: 'invalid', why })
  const newest = versions.at(-1)
  if (newest === undefined) return invalid('no keyring can be trusted')
  const read = readNote(note)
  const head = read === null ? null : headIn(read.text)
  if (read === null || head === null)
    return invalid('it is no checkpoint in the form of c2sp.org/tlog-checkpoint')
  const { origin, log } = head
  if (origin !== originOf(newest.installation_id)) return invalid(`it is of another log, \`${origin}\``)
  for (const key of newest.keys) {
    const own = lineBy(read.signatures, origin, NOTE_TYPES.ed25519, key)
    if (own === null) continue
    if (!holds(key, read.text, own)) return invalid(`the signature of key \`${key.key_id}\` does not hold`)
    const seconds = statedTime(read.text, read.signatures, origin, key)
    if (seconds === null) return invalid(`key \`${key.key_id}\` does not state the time`)
    const at = new Date(seconds * 1000).toISOString()
    const why = objectionToSigner(versions, key, log.size, at)
    return why === null
      ? { kind: 'valid', checkpoint: { origin, log, actor: key.actor_id, key_id: key.key_id, at } }
      : invalid(why)
  }
  return invalid('no key of this installation signed it')
}

/** Whether a text has the form of a checkpoint at all, whoever signed it. */
export function isCheckpoint(note: string): boolean {
  const read = readNote(note)
  return read !== null && headIn(read.text) !== null
}

function headIn(text: string): { readonly origin: string; readonly log: LogHead } | null {
  const [origin, size, root, ...rest] = text.split('\n')
  if (rest.length !== 1 || origin === undefined || size === undefined || root === undefined) return null
  if (!/^(0|[1-9]\d{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) return null
  const bytes = Buffer.from(root, 'base64')
  if (bytes.length !== ROOT_LENGTH || bytes.toString('base64') !== root) return null
  return { origin, log: { size: Number(size), root_hash: digestOfHash(bytes) } }
}

const ROOT_LENGTH = 32

/** The line that a key signed under a name, by name and id as the note says; null where there is none. */
function lineBy(
  signatures: readonly NoteSignature[],
  name: string,
  type: NoteType,
  key: KeyringKey,
): Uint8Array | null {
  const id = noteKeyId(name, type, key.public_key)
  const line = signatures.find(entry => entry.name === name && Buffer.compare(entry.keyId, id) === 0)
  return line?.signature ?? null
}

const holds = (key: KeyringKey, text: string, signature: Uint8Array): boolean =>
  verify(null, Buffer.from(text, 'utf8'), publicKeyObject(key.public_key), signature)

function statedTime(
  text: string,
  signatures: readonly NoteSignature[],
  origin: string,
  key: KeyringKey,
): number | null {
  const line = lineBy(signatures, witnessName(origin, key.actor_id), NOTE_TYPES.cosignature, key)
  if (line === null || line.length <= TIME_LENGTH) return null
  const seconds = Number(Buffer.from(line).readBigUInt64BE())
  // As far as an instant in ISO 8601 with four digits of the year goes.
  if (seconds > SECONDS_MAX) return null
  return holds(key, cosignedText(text, seconds), line.subarray(TIME_LENGTH)) ? seconds : null
}

const SECONDS_MAX = 253_402_300_799

/** `at` names a whole second: what became valid within it counts, what was revoked within it does not count against. */
function objectionToSigner(
  versions: readonly Keyring[],
  key: KeyringKey,
  size: number,
  at: Instant,
): string | null {
  const newest = versions.at(-1) as Keyring
  const inForce = versions.filter(version => version.log.size < size).at(-1) ?? (versions[0] as Keyring)
  const objection = keyValidAt(inForce, key.key_id, key.actor_id, at.replace(/\.000Z$/, '.999Z'))
  if (objection !== null) return objection
  const revocation = newest.revocations.find(entry => entry.key_id === key.key_id)
  return revocation === undefined || at < revocation.revoked_at
    ? null
    : `key \`${key.key_id}\` was revoked at ${revocation.revoked_at}: ${revocation.reason}`
}
