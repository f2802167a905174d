import type { Instant, Json } from '../domain/units.ts'
import type { LogHead } from './audit-entry.ts'
import { canonicalText } from './canonical.ts'
import { openEnvelope } from './dsse.ts'
import { type Keyring, keyValidAt, publicKeyIn } from './keyring.ts'

export const CHECKPOINT_TYPE = 'application/vnd.quotey.checkpoint+json'

/** How far the log had come at an instant, schema `clo_checkpoint.v1`; kept elsewhere, it finds a store that was set back. */
export type Checkpoint = {
  readonly schema: 'clo_checkpoint.v1'
  readonly installation_id: string
  readonly log: LogHead
  readonly actor: string
  readonly key_id: string
  readonly at: Instant
}

export type CheckpointVerdict =
  | { readonly kind: 'valid'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'invalid'; readonly why: string }

/**
 * Checks a checkpoint's signature by a key of this keyring. A store set back to before its signer was known cannot check it:
 * that is reported as such, since a checkpoint nobody can check proves nothing.
 */
export function checkCheckpoint(envelope: Json, keyring: Keyring): CheckpointVerdict {
  const opened = openEnvelope(envelope, CHECKPOINT_TYPE, keyId => publicKeyIn(keyring, keyId))
  if (opened === null) return { kind: 'invalid', why: 'no key of this installation signed it' }
  const checkpoint = JSON.parse(opened.text) as Checkpoint
  if (canonicalText(checkpoint) !== opened.text || checkpoint.schema !== 'clo_checkpoint.v1') {
    return { kind: 'invalid', why: 'it is no canonical clo_checkpoint.v1' }
  }
  if (checkpoint.installation_id !== keyring.installation_id) {
    return { kind: 'invalid', why: 'it is of another installation' }
  }
  if (opened.keyIds.length !== 1 || opened.keyIds[0] !== checkpoint.key_id) {
    return { kind: 'invalid', why: 'it names another key' }
  }
  const objection = keyValidAt(keyring, checkpoint.key_id, checkpoint.actor, checkpoint.at)
  return objection === null ? { kind: 'valid', checkpoint } : { kind: 'invalid', why: objection }
}
