import type { Digest, Instant, Json, JsonObject } from '../domain/units.ts'
import type { LogHead } from './audit-entry.ts'
import { canonicalText } from './canonical.ts'
import { openEnvelope } from './dsse.ts'
import { type Keyring, keyValidAt, publicKeyIn } from './keyring.ts'

export const STATEMENT_TYPE = 'application/vnd.quotey.statement+json'

/** What a person signs, schema `clo_statement.v1`: who does what to which evidence, where, and from which state on. */
export type Statement = {
  readonly schema: 'clo_statement.v1'
  readonly installation_id: string
  /** Id of the control in the matrix. */
  readonly control: string
  readonly operation: string
  readonly actor: string
  readonly key_id: string
  /** Digests of what it is about, by name. */
  readonly subjects: Readonly<Record<string, Digest>>
  readonly active_epoch: number
  /** The log as the signer found it, so that every signature also fixes all that was recorded before it. */
  readonly log: LogHead
  readonly at: Instant
  readonly extra: JsonObject
}

/** What the reader of a signed statement expects to find in it. */
export interface ExpectedStatement {
  readonly operation: string
  readonly actorId: string
  readonly subjects: Readonly<Record<string, Digest>>
  readonly activeEpoch?: number
  /** The exact instant of the record that relies on it, where there is one. */
  readonly signedAt?: Instant
  /** The instant of the log entry before its record: a key that had expired by then signed too late, whatever it claims. */
  readonly loggedAfter?: Instant
}

export type StatementVerdict =
  | { readonly kind: 'valid'; readonly statement: Statement }
  | { readonly kind: 'invalid'; readonly why: string }

/**
 * Checks a signed statement against the keyring in force where it stands in the log, in this order: envelope and type, key known, signature, canonical text, key
 * and actor as stated, installation, operation, subjects, epoch, instant, key valid at that instant. `at` is the latest
 * instant it may bear.
 */
export function checkStatement(
  envelope: Json,
  expected: ExpectedStatement,
  keyring: Keyring,
  at: Instant,
): StatementVerdict {
  const invalid = (why: string): StatementVerdict => ({ kind: 'invalid', why })
  const opened = openEnvelope(envelope, STATEMENT_TYPE, keyId => publicKeyIn(keyring, keyId))
  if (opened === null) return invalid('no signature of a known key verifies over it')
  const statement = readStatement(opened.text)
  if (statement === null) return invalid('the signed text is no canonical clo_statement.v1')
  const [keyId] = opened.keyIds
  if (opened.keyIds.length !== 1 || statement.key_id !== keyId) return invalid('it names another key')
  if (statement.installation_id !== keyring.installation_id) return invalid('it is of another installation')
  if (statement.actor !== expected.actorId) return invalid(`it is by \`${statement.actor}\``)
  if (statement.operation !== expected.operation) return invalid(`it is for \`${statement.operation}\``)
  if (canonicalText(statement.subjects) !== canonicalText(expected.subjects)) {
    return invalid('it is about other subjects')
  }
  if (expected.activeEpoch !== undefined && statement.active_epoch !== expected.activeEpoch) {
    return invalid(`it was signed under epoch ${statement.active_epoch}`)
  }
  if (expected.signedAt !== undefined && statement.at !== expected.signedAt) {
    return invalid(`it was signed at ${statement.at}`)
  }
  if (statement.at > at) return invalid(`it bears the later instant ${statement.at}`)
  const { key_id, actor } = statement
  const objection =
    keyValidAt(keyring, key_id, actor, statement.at) ??
    keyValidAt(keyring, key_id, actor, later(statement.at, expected.loggedAfter))
  return objection === null ? { kind: 'valid', statement } : invalid(objection)
}

/** The later of two instants. */
export const later = (at: Instant, other: Instant = at): Instant => (at > other ? at : other)

function readStatement(text: string): Statement | null {
  try {
    const value = JSON.parse(text) as Json
    if (canonicalText(value) !== text) return null
    return (value as JsonObject).schema === 'clo_statement.v1' ? (value as Statement) : null
  } catch {
    return null
  }
}
