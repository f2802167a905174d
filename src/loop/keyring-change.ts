import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant, JsonObject } from '../domain/units.ts'
import { canonicalText } from '../evidence/canonical.ts'
import { bytesToSign, sealEnvelope } from '../evidence/dsse.ts'
import { KEYRING_TYPE, type Keyring } from '../evidence/keyring.ts'
import type { Ports, Writing } from './ports.ts'
import { type Insert, record } from './record.ts'
import { logHead } from './trust.ts'

/** The keeper of the keyring: holds root keys, no roles, and signs nothing else. */
export const ROOT_ACTOR = 'root'

/** One step of the keyring: the version that holds, what the next one says, and the rows that repeat it for SQL. */
export interface KeyringChange {
  readonly from: Keyring
  readonly to: Pick<Keyring, 'actors' | 'keys' | 'revocations'>
  readonly inserts: readonly Insert[]
  readonly payload: JsonObject
  readonly at: Instant
}

/** Signs, stores and audits the next version; returns its number. Refuses not_authorised below the threshold of root keys. */
export async function changeKeyring(
  tx: Writing,
  ports: Ports,
  change: KeyringChange,
): Promise<Result<number>> {
  const { from, to, at } = change
  const rootKeyIds = await rootKeysAtHand(ports, from)
  if (!rootKeyIds.ok) return rootKeyIds
  const version = await tx.nextNumber('keyring_version')
  const { actors, keys, revocations } = to
  const next: Keyring = { ...from, actors, keys, revocations, version, log: await logHead(tx) }
  const signed = await signKeyring(ports, next, rootKeyIds.value, at)
  if (!signed.ok) return signed
  await record(tx, ports, {
    eventType: 'keyring_changed',
    actor: { type: 'user', id: ROOT_ACTOR },
    payload: { keyring_version: version, ...change.payload },
    idempotencyKey: `keyring:${version}`,
    occurredAt: at,
    inserts: [...change.inserts, signed.value],
  })
  return done(version)
}

/** Ids of the root keys at hand, or a refusal when they are too few to change the keyring. */
export async function rootKeysAtHand(ports: Ports, keyring: Keyring): Promise<Result<readonly string[]>> {
  const present = await ports.signer.keysOf(ROOT_ACTOR)
  const atHand = keyring.root_key_ids.filter(keyId => present.includes(keyId))
  if (atHand.length >= keyring.root_threshold) return done(atHand)
  return refuse(
    'not_authorised',
    'too few root keys are at hand to change the keyring',
    'put the root key file into the folder of private keys, or name its folder with QUOTEY_KEYS',
    {
      root_keys_at_hand: atHand.length,
      root_keys_needed: keyring.root_threshold,
      root_key_ids: keyring.root_key_ids,
    },
  )
}

/** The row of a keyring version under the signatures of these root keys. */
export async function signKeyring(
  ports: Ports,
  keyring: Keyring,
  rootKeyIds: readonly string[],
  at: Instant,
): Promise<Result<Insert>> {
  const text = canonicalText(keyring)
  const signatures: { keyid: string; sig: string }[] = []
  for (const keyId of rootKeyIds) {
    const signed = await ports.signer.sign(ROOT_ACTOR, keyId, bytesToSign(KEYRING_TYPE, text))
    if (!signed.ok) return signed
    signatures.push({ keyid: keyId, sig: signed.value })
  }
  const row = {
    version: keyring.version,
    keyring_json: text,
    envelope_json: canonicalText(sealEnvelope(KEYRING_TYPE, text, signatures)),
    created_at: at,
  }
  return done({ table: 'keyring', row })
}
