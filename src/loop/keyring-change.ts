import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { canonicalText } from '../evidence/canonical.ts'
import { bytesToSign, type DsseEnvelope, sealEnvelope } from '../evidence/dsse.ts'
import type { Keyring } from '../evidence/keyring.ts'
import { additionsTo, keyringDifferences } from '../evidence/keyring-difference.ts'
import {
  countedHolders,
  holderOf,
  KEYRING_TYPE,
  objectionToContent,
  objectionToSignatures,
  objectionToVersion,
  ROOT_ACTOR,
  signersOf,
} from '../evidence/keyring-lineage.ts'
import type { Ports, Writing } from './ports.ts'
import { type Insert, record } from './record.ts'
import type { KeyringRow } from './tables.ts'
import { keyringEntryKey, logHead } from './trust.ts'

/** One step of the keyring: the version that holds, and what the next one says anew. */
export interface KeyringChange {
  readonly from: Keyring
  readonly to: Partial<Omit<Keyring, 'schema' | 'installation_id' | 'version' | 'log'>>
  readonly at: Instant
  /** Signs with the root keys at hand and puts nothing in force: other holders sign the draft elsewhere. */
  readonly draft: boolean
}

export interface KeyringOutcome {
  /** The version in force after this call, or the one the draft will be. */
  readonly keyring_version: number
  /** The next version under the signatures so far; null where it is in force. */
  readonly draft: DsseEnvelope | null
}

/**
 * Makes the next version of the keyring, signs it with every root key at hand, and puts it in force. Refuses bad_input for a
 * keyring that contradicts itself, not_authorised where the signatures fall short of the threshold of either version.
 */
export async function changeKeyring(
  tx: Writing,
  ports: Ports,
  { from, to, at, draft }: KeyringChange,
): Promise<Result<KeyringOutcome>> {
  const next: Keyring = { ...from, ...to, version: from.version + 1, log: await logHead(tx) }
  const objection = objectionToContent(next)
  if (objection !== null) return contradictory(objection)
  const envelope = await signKeyring(ports, next, from)
  if (!envelope.ok) return envelope
  if (draft) return done({ keyring_version: next.version, draft: envelope.value })
  return settleKeyring(tx, ports, { from, next, envelope: envelope.value, at })
}

/** Puts a signed version in force: checks it as every reader will, stores and audits it. Refuses as `changeKeyring` does. */
export async function settleKeyring(
  tx: Writing,
  ports: Ports,
  settled: {
    readonly from: Keyring
    readonly next: Keyring
    readonly envelope: DsseEnvelope
    readonly at: Instant
  },
): Promise<Result<KeyringOutcome>> {
  const { from, next, envelope, at } = settled
  const row = keyringRow(next, envelope, at)
  for (const roots of [from, next]) {
    if (objectionToSignatures(row, roots) !== null) return tooFewRootKeys(roots, signersOf(row, roots))
  }
  const objection = objectionToVersion(row, next, from)
  if (objection !== null) return contradictory(objection)
  const version = await tx.nextNumber('keyring_version')
  if (version !== next.version) throw new Error(`keyring version ${next.version} became number ${version}`)
  await record(tx, ports, {
    eventType: 'keyring_changed',
    actor: { type: 'user', id: ROOT_ACTOR },
    payload: {
      keyring_version: version,
      changes: keyringDifferences(from, next),
      signed_by: countedHolders(from, signersOf(row, from)),
    },
    idempotencyKey: keyringEntryKey(version),
    occurredAt: at,
    inserts: [...rowsOf(from, next), { table: 'keyring', row }],
  })
  return done({ keyring_version: version, draft: null })
}

/** Rows that repeat what a version adds, for SQL. Roles given later are read off the keyring alone. */
function rowsOf(from: Keyring, next: Keyring): readonly Insert[] {
  const { actors, keys, revocations } = additionsTo(from, next)
  return [
    ...actors.map(({ roles, ...actor }) => ({
      table: 'actor' as const,
      row: { ...actor, roles_json: canonicalText(roles) },
    })),
    ...keys.map(row => ({ table: 'actor_key' as const, row: { ...row } })),
    ...revocations.map(row => ({ table: 'actor_key_revocation' as const, row: { ...row } })),
  ]
}

/**
 * Refuses not_authorised while the root keys at hand that open are of fewer persons than the keyring asks for. A step asks before it
 * makes a key file, so that a refusal leaves none behind.
 */
export async function rootKeysAtHand(ports: Ports, keyring: Keyring): Promise<Result<true>> {
  // Signing what they signed already shows that they open, and says nothing new.
  const signed = await signKeyring(ports, keyring, keyring)
  if (!signed.ok) return signed
  const atHand = signed.value.signatures.map(({ keyid }) => keyid)
  return countedHolders(keyring, atHand).length >= keyring.root_threshold
    ? done(true)
    : tooFewRootKeys(keyring, atHand)
}

const tooFewRootKeys = (keyring: Keyring, atHand: readonly string[]): Result<never> =>
  refuse(
    'not_authorised',
    'too few root keys are at hand to change the keyring',
    'put the root key file into the folder of private keys or name its folder with QUOTEY_KEYS; where other persons must sign ' +
      'too, write a draft with `--draft FILE` and let them run `quotey actor root sign FILE`',
    {
      persons_signing: countedHolders(keyring, atHand),
      persons_needed: keyring.root_threshold,
      root_keys: keyring.root_key_ids.map(keyId => `${holderOf(keyring, keyId)} ${keyId}`),
    },
  )

const contradictory = (objection: string): Result<never> =>
  refuse('bad_input', `that keyring cannot hold: ${objection}`, 'see `quotey actor root show`')

/**
 * The envelope of a version under every root key at hand, of this version and of the one before, besides signatures given
 * already. A key that does not open is passed over as long as there is another; else its refusal is returned.
 */
export async function signKeyring(
  ports: Ports,
  keyring: Keyring,
  before: Keyring,
  given: DsseEnvelope['signatures'] = [],
): Promise<Result<DsseEnvelope>> {
  const text = canonicalText(keyring)
  const signatures = new Map(given.map(signature => [signature.keyid, signature]))
  let refused: Result<never> | null = null
  for (const keyid of new Set([...before.root_key_ids, ...keyring.root_key_ids])) {
    const holder = holderOf(keyring, keyid)
    if (!(await ports.signer.keysOf(holder)).includes(keyid)) continue
    const signed = await ports.signer.sign(holder, keyid, bytesToSign(KEYRING_TYPE, text))
    if (signed.ok) signatures.set(keyid, { keyid, sig: signed.value })
    else refused = signed
  }
  if (signatures.size === 0 && refused !== null) return refused
  return done(sealEnvelope(KEYRING_TYPE, text, [...signatures.values()]))
}

/** The row of a keyring version. */
export const keyringRow = (keyring: Keyring, envelope: DsseEnvelope, at: Instant): KeyringRow => ({
  version: keyring.version,
  keyring_json: canonicalText(keyring),
  envelope_json: canonicalText(envelope),
  created_at: at,
})
