import type { PolicyDocument } from '../domain/policy.ts'
import { checkPolicy } from '../domain/policy-check.ts'
import { done, type Result } from '../domain/refusal.ts'
import { DEFAULT_THRESHOLDS } from '../domain/thresholds.ts'
import type { Digest, Instant, JsonObject } from '../domain/units.ts'
import { canonicalText, digestOfText } from '../evidence/canonical.ts'
import type { Keyring } from '../evidence/keyring.ts'
import { ROOT_ACTOR } from '../evidence/keyring-lineage.ts'
import { installationIdOf } from '../evidence/public-key.ts'
import { keyringRow, signKeyring } from './keyring-change.ts'
import type { Ports, Writing } from './ports.ts'
import { record } from './record.ts'
import { keyringEntryKey, logHead } from './trust.ts'

export interface Founded {
  readonly installation_id: string
  readonly root_key_id: string
  readonly policy_version: number
  readonly policy_digest: Digest
  readonly epoch: number
  readonly thresholds_version: number
  readonly rules: number
}

const FOUNDER = { type: 'user', id: ROOT_ACTOR } as const

/**
 * Fills an empty store: root key and first keyring, policy version 1 active under epoch 1, thresholds version 1. Refuses a
 * policy that does not pass its check. The caller throws the store away when this refuses.
 */
export async function foundInstallation(ports: Ports, document: PolicyDocument): Promise<Result<Founded>> {
  const checked = checkPolicy(document)
  if (!checked.ok) return checked
  return ports.store.change(async tx => {
    const at = ports.clock.now()
    const trust = await foundTrust(tx, ports, at)
    if (!trust.ok) return trust
    const policy = await foundPolicy(tx, ports, document, at)
    const thresholdsVersion = await foundThresholds(tx, ports, at)
    return done({
      installation_id: trust.value.installation_id,
      root_key_id: trust.value.root_key_ids[0] as string,
      policy_version: policy.version,
      policy_digest: policy.digest,
      epoch: policy.epoch,
      thresholds_version: thresholdsVersion,
      rules: document.rules.length,
    })
  })
}

/**
 * Makes a root key and with it an installation's name and keyring, without anybody in it but the keeper of the root key. In a fork
 * it starts a second installation whose signatures mean nothing in the first, nor the first's in it.
 */
export async function foundTrust(tx: Writing, ports: Ports, at: Instant): Promise<Result<Keyring>> {
  const created = await ports.signer.create(ROOT_ACTOR)
  if (!created.ok) return created
  const { keyId, publicKey } = created.value
  const installationId = installationIdOf(publicKey)
  const key = {
    key_id: keyId,
    actor_id: ROOT_ACTOR,
    public_key: publicKey,
    purpose: 'root',
    valid_from: at,
    valid_until: null,
  } as const
  const keyring: Keyring = {
    schema: 'clo_keyring.v1',
    installation_id: installationId,
    version: await tx.nextNumber('keyring_version'),
    root_threshold: 1,
    expires_at: null,
    root_key_ids: [keyId],
    actors: [],
    keys: [key],
    revocations: [],
    log: await logHead(tx),
  }
  const signed = await signKeyring(ports, keyring, keyring)
  if (!signed.ok) return signed
  const keeperKnown = (await tx.last('actor', { id: ROOT_ACTOR })) !== null
  const keeper = { id: ROOT_ACTOR, actor_type: 'user', roles_json: '[]', added_at: at } as const
  await record(tx, ports, {
    eventType: 'keyring_changed',
    actor: FOUNDER,
    payload: { keyring_version: keyring.version, installation_id: installationId, root_key_ids: [keyId] },
    idempotencyKey: keyringEntryKey(keyring.version),
    occurredAt: at,
    inserts: [
      { table: 'installation', row: { installation_id: installationId, created_at: at } },
      ...(keeperKnown ? [] : [{ table: 'actor', row: keeper } as const]),
      { table: 'actor_key', row: key },
      { table: 'keyring', row: keyringRow(keyring, signed.value, at) },
    ],
  })
  return done(keyring)
}

async function foundPolicy(tx: Writing, ports: Ports, document: PolicyDocument, at: Instant) {
  const text = canonicalText(document as unknown as JsonObject)
  const digest = digestOfText(text)
  const version = await tx.nextNumber('policy_version')
  const epoch = await tx.nextNumber('epoch')
  await record(tx, ports, {
    eventType: 'policy_initialised',
    actor: FOUNDER,
    payload: { policy_version: version, policy_digest: digest, epoch },
    idempotencyKey: `policy:${version}`,
    occurredAt: at,
    inserts: [
      {
        table: 'policy_version',
        row: { version, policy_digest: digest, document_json: text, candidate_id: null, created_at: at },
      },
      {
        table: 'policy_activation',
        row: {
          epoch,
          policy_version: version,
          policy_digest: digest,
          cause: 'init',
          apply_record_id: null,
          rollback_record_id: null,
          activated_at: at,
        },
      },
    ],
  })
  return { version, epoch, digest }
}

async function foundThresholds(tx: Writing, ports: Ports, at: Instant): Promise<number> {
  const text = canonicalText(DEFAULT_THRESHOLDS as unknown as JsonObject)
  const digest = digestOfText(text)
  const version = await tx.nextNumber('thresholds_version')
  await record(tx, ports, {
    eventType: 'thresholds_changed',
    actor: FOUNDER,
    payload: { thresholds_version: version, thresholds_digest: digest },
    idempotencyKey: `thresholds:${version}`,
    occurredAt: at,
    inserts: [
      {
        table: 'thresholds_version',
        row: { version, digest, document_json: text, envelopes_json: '[]', created_at: at },
      },
    ],
  })
  return version
}
