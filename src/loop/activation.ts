import type { Digest, JsonObject, PolicyVersion } from '../domain/units.ts'
import type { Reading } from './ports.ts'
import type { ActivationRow, ApplyRow, AuditRow } from './tables.ts'

/** What an apply or a rollback made active, and the audit entry that says so; JSON names. */
export interface Activated {
  readonly activation: {
    readonly epoch: number
    readonly policy_version: PolicyVersion
    readonly policy_digest: Digest
  }
  readonly audit_event: {
    readonly event_type: string
    readonly idempotency_key: string
    readonly payload: JsonObject
  }
}

/** The activation and the audit entry that belong to a record. */
export async function activatedBy(
  tx: Reading,
  by: { readonly apply_record_id: string } | { readonly rollback_record_id: string },
  eventType: 'applied' | 'rolled_back',
): Promise<Activated> {
  const { epoch, policy_version, policy_digest } = (await tx.last('policy_activation', by)) as ActivationRow
  const event = (await tx.last('policy_lifecycle_audit', { ...by, event_type: eventType })) as AuditRow
  return {
    activation: { epoch, policy_version, policy_digest },
    audit_event: {
      event_type: event.event_type,
      idempotency_key: event.idempotency_key,
      payload: JSON.parse(event.event_payload_json) as JsonObject,
    },
  }
}

/** The apply that made the active version; null while that is the version of `init`. Version numbers are never reused. */
export const activeApply = (tx: Reading, active: ActivationRow): Promise<ApplyRow | null> =>
  tx.last('policy_apply_record', { applied_policy_version: active.policy_version })
