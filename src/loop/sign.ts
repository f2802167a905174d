import { type ControlOperation, controlOf } from '../domain/controls.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Digest, Instant, Json, JsonObject } from '../domain/units.ts'
import { canonicalText } from '../evidence/canonical.ts'
import { bytesToSign, type DsseEnvelope, sealEnvelope } from '../evidence/dsse.ts'
import { validKeyIds } from '../evidence/keyring.ts'
import {
  checkStatement,
  type ExpectedStatement,
  later,
  STATEMENT_TYPE,
  type Statement,
} from '../evidence/statement.ts'
import type { Ports, Reading } from './ports.ts'
import type { AuditRow } from './tables.ts'
import { keyringInForceAt, loggedUntil, logHead, trustedKeyring } from './trust.ts'

export interface ToSign {
  readonly operation: ControlOperation
  readonly actorId: string
  /** Digests of all that is decided on, by name. */
  readonly subjects: Readonly<Record<string, Digest>>
  readonly activeEpoch: number
  readonly at: Instant
  readonly extra?: JsonObject
}

export interface SignedStatement {
  readonly envelope: DsseEnvelope
  /** Base64, as in the envelope. */
  readonly signature: string
  readonly keyId: string
}

/**
 * Signs a statement with a key of the actor that is valid at `at` and at hand. Refuses key_expired where no key is valid,
 * not_authorised where no valid private key is here or it does not open.
 */
export async function signStatement(
  ports: Ports,
  tx: Reading,
  toSign: ToSign,
): Promise<Result<SignedStatement>> {
  const keyring = await trustedKeyring(tx)
  const { actorId, at } = toSign
  const valid = validKeyIds(keyring, actorId, at, await loggedUntil(tx))
  if (valid.length === 0) {
    return refuse(
      'key_expired',
      `\`${actorId}\` has no valid key to sign with`,
      `let the holder of a root key run \`quotey actor add --id ${actorId}\` for a new key`,
    )
  }
  const atHand = await ports.signer.keysOf(actorId)
  // A newer key whose private half lies elsewhere must not hide an older one that is here.
  const keyId = valid.find(id => atHand.includes(id)) ?? (valid[0] as string)
  const statement: Statement = {
    schema: 'clo_statement.v1',
    installation_id: keyring.installation_id,
    control: controlOf(toSign.operation).id,
    operation: toSign.operation,
    actor: actorId,
    key_id: keyId,
    subjects: toSign.subjects,
    active_epoch: toSign.activeEpoch,
    log: await logHead(tx),
    at,
    extra: toSign.extra ?? {},
  }
  const text = canonicalText(statement)
  const signed = await ports.signer.sign(actorId, keyId, bytesToSign(STATEMENT_TYPE, text))
  if (!signed.ok) return signed
  const envelope = sealEnvelope(STATEMENT_TYPE, text, [{ keyid: keyId, sig: signed.value }])
  return done({ envelope, signature: signed.value, keyId })
}

/**
 * Checks a signed statement; `at` is the latest instant it may bear. `entry` is the entry of the log that recorded it, which
 * decides what keyring it is judged by: a key revoked later still counts, one revoked before does not, whatever instant the
 * statement claims. null: it is not recorded yet. Returns the statement, or refuses signature_invalid with the reason among
 * the facts.
 */
export async function verifyStatement(
  tx: Reading,
  envelope: Json,
  expected: ExpectedStatement,
  at: Instant,
  entry: AuditRow | null = null,
): Promise<Result<Statement>> {
  const keyring = entry === null ? await trustedKeyring(tx) : await keyringInForceAt(tx, entry.entry_index)
  // A clock that was set back since must not hide what was recorded before: of a recorded one, its entry bounds the instant.
  const latest = later(at, entry?.occurred_at)
  const verdict = checkStatement(envelope, { ...expected, ...(await placed(tx, entry)) }, keyring, latest)
  if (verdict.kind === 'valid') return done(verdict.statement)
  return refuse(
    'signature_invalid',
    `the signature of \`${expected.actorId}\` under ${expected.operation} does not hold`,
    'run `quotey audit verify`, and have it signed again by its author',
    { why: verdict.why, operation: expected.operation, actor_id: expected.actorId },
  )
}

/** What the log had reached before an entry, or now. */
async function placed(tx: Reading, entry: AuditRow | null): Promise<Pick<ExpectedStatement, 'loggedAfter'>> {
  const where = entry === null ? {} : { entry_index: entry.entry_index - 1 }
  const before = await tx.last('policy_lifecycle_audit', where)
  return before === null ? {} : { loggedAfter: before.occurred_at }
}
