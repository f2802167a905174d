import { type ControlOperation, controlOf } from '../domain/controls.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Digest, Instant, Json, JsonObject } from '../domain/units.ts'
import { canonicalText } from '../evidence/canonical.ts'
import { bytesToSign, type DsseEnvelope, sealEnvelope } from '../evidence/dsse.ts'
import { validKeyIds } from '../evidence/keyring.ts'
import {
  checkStatement,
  type ExpectedStatement,
  STATEMENT_TYPE,
  type Statement,
} from '../evidence/statement.ts'
import type { Ports, Reading } from './ports.ts'
import { logHead, trustedKeyring } from './trust.ts'

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
  const valid = validKeyIds(keyring, actorId, at)
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
 * Checks a signed statement as of now; `at` is the latest instant it may bear. Returns it, or refuses signature_invalid with the
 * reason among the facts.
 */
export async function verifyStatement(
  tx: Reading,
  envelope: Json,
  expected: ExpectedStatement,
  at: Instant,
): Promise<Result<Statement>> {
  const verdict = checkStatement(envelope, expected, await trustedKeyring(tx), at)
  if (verdict.kind === 'valid') return done(verdict.statement)
  return refuse(
    'signature_invalid',
    `the signature of \`${expected.actorId}\` under ${expected.operation} does not hold`,
    'run `quotey audit verify`, and have it signed again by its author',
    { why: verdict.why, operation: expected.operation, actor_id: expected.actorId },
  )
}
