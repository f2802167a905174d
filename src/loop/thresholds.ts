import { done, type Result } from '../domain/refusal.ts'
import type { Thresholds } from '../domain/thresholds.ts'
import { type ThresholdChange, thresholdChanges } from '../domain/thresholds-change.ts'
import type { Digest, Instant, Json, JsonObject } from '../domain/units.ts'
import { canonicalText, digestOfText } from '../evidence/canonical.ts'
import { later } from '../evidence/statement.ts'
import { currentActivation, currentThresholds } from './active.ts'
import { type Authority, authorize, rolesHeldAt } from './authorize.ts'
import { type ReleaseSignature, signedByBothRoles } from './pause.ts'
import type { Ports, Reading, Writing } from './ports.ts'
import { record } from './record.ts'
import { signStatement, verifyStatement } from './sign.ts'
import { loggedUntil } from './trust.ts'

export interface ChangeThresholds {
  readonly actorId: string
  readonly thresholds: Thresholds
}

/** `policy-opt control thresholds`, JSON names. */
export interface ThresholdsOutcome {
  /** The version in force after this call. */
  readonly thresholds_version: number
  readonly digest: Digest
  /** `pending`: signed by one, in force when a second person of the other role signs the same document. */
  readonly state: 'unchanged' | 'in_force' | 'pending'
  readonly changes: readonly ThresholdChange[]
  readonly signed_by: readonly string[]
}

/** One person's signature under a change, as kept in the log until it is in force. */
interface KeptSignature extends ReleaseSignature {
  readonly envelope: Json
}

/**
 * Puts a thresholds document in force: what only tightens by a safety owner alone, what loosens any limit by a safety owner and a
 * runtime owner, two people who sign the same document against the same version. Refuses not_authorised, key_expired.
 */
export const changeThresholds = (ports: Ports, input: ChangeThresholds): Promise<Result<ThresholdsOutcome>> =>
  ports.store.change(async tx => {
    const at = later(ports.clock.now(), await loggedUntil(tx))
    const current = await currentThresholds(tx)
    const changes = thresholdChanges(current.thresholds, input.thresholds)
    const loosens = changes.some(change => change.loosened)
    const operation = loosens ? 'thresholds_loosen' : 'thresholds_tighten'
    const authority = await authorize(tx, at, input.actorId, operation)
    if (!authority.ok) return authority
    const outcome = (
      state: ThresholdsOutcome['state'],
      version: number,
      digest: Digest,
      by: readonly string[],
    ) => done({ thresholds_version: version, digest, state, changes, signed_by: by })
    if (changes.length === 0) return outcome('unchanged', current.version, current.digest, [])

    const text = canonicalText(input.thresholds)
    const subjects = { from: current.digest, to: digestOfText(text) }
    const { epoch } = await currentActivation(tx)
    const signed = await signStatement(ports, tx, {
      operation,
      actorId: input.actorId,
      subjects,
      activeEpoch: epoch,
      at,
      extra: { roles: authority.value.roles },
    })
    if (!signed.ok) return signed
    const own: KeptSignature = {
      actorId: input.actorId,
      roles: authority.value.roles,
      remediation: '',
      envelope: signed.value.envelope,
    }
    const others = loosens ? await pendingSignatures(tx, subjects, input.actorId) : []
    const signatures = [...others, own]
    const names = signatures.map(signature => signature.actorId)
    if (loosens && !signedByBothRoles(signatures)) {
      await recordPending(tx, ports, authority.value, subjects, own, changes, at)
      return outcome('pending', current.version, current.digest, names)
    }
    const version = await tx.nextNumber('thresholds_version')
    await record(tx, ports, {
      eventType: 'thresholds_changed',
      actor: { type: authority.value.actorType, id: input.actorId },
      payload: { thresholds_version: version, thresholds_digest: subjects.to, changes, signed_by: names },
      idempotencyKey: `thresholds:${version}`,
      occurredAt: at,
      inserts: [
        {
          table: 'thresholds_version',
          row: {
            version,
            digest: subjects.to,
            document_json: text,
            envelopes_json: canonicalText(signatures.map(signature => signature.envelope)),
            created_at: at,
          },
        },
      ],
    })
    return outcome('in_force', version, subjects.to, names)
  })

type Subjects = { readonly from: Digest; readonly to: Digest }

/** Signatures of other people under the same change, as far as they still verify. */
async function pendingSignatures(
  tx: Reading,
  subjects: Subjects,
  actorId: string,
): Promise<readonly KeptSignature[]> {
  const kept: KeptSignature[] = []
  for (const event of await tx.find('policy_lifecycle_audit', { event_type: 'thresholds_change_signed' })) {
    const payload = JSON.parse(event.event_payload_json) as { subjects: Subjects; envelope: Json }
    const same = payload.subjects.from === subjects.from && payload.subjects.to === subjects.to
    if (!same || event.actor_id === actorId || kept.some(known => known.actorId === event.actor_id)) continue
    const expected = { operation: 'thresholds_loosen', actorId: event.actor_id, subjects }
    const verified = await verifyStatement(tx, payload.envelope, expected, event.occurred_at, event)
    if (!verified.ok) continue
    const roles = await rolesHeldAt(tx, event, event.actor_id)
    kept.push({ actorId: event.actor_id, roles, remediation: '', envelope: payload.envelope })
  }
  return kept
}

/** Keeps a first signature in the log; the same person signing again changes nothing. */
async function recordPending(
  tx: Writing,
  ports: Ports,
  authority: Authority,
  subjects: Subjects,
  own: KeptSignature,
  changes: readonly ThresholdChange[],
  at: Instant,
): Promise<void> {
  const key = `${subjects.from}:${subjects.to}:${own.actorId}`
  const eventType = 'thresholds_change_signed'
  const known = await tx.last('policy_lifecycle_audit', { event_type: eventType, idempotency_key: key })
  if (known !== null) return
  const payload: JsonObject = { subjects, envelope: own.envelope, changes }
  await record(tx, ports, {
    eventType,
    actor: { type: authority.actorType, id: authority.actorId },
    payload,
    idempotencyKey: key,
    occurredAt: at,
    inserts: [],
  })
}
