import type { JsonObject } from '../../src/domain/units.ts'
import type { Reading } from '../../src/loop/ports.ts'
import type { AuditRow } from '../../src/loop/tables.ts'
import type { Answer } from './errand.ts'

/** Something a process was told is done: the log must show it from then on, whatever is killed afterwards. */
export interface Promised {
  readonly kind: Answer['errand']['kind']
  /** What the log must hold of it: a record, a key, or words that were given to it alone. */
  readonly mark: string
}

/** A process sends an answer once the change is committed, so whatever arrived before it was killed was promised. */
export const promisesIn = (answers: readonly Answer[]): readonly Promised[] =>
  answers.flatMap(({ errand, ended, said }) =>
    ended === 'done' && said !== '' ? [{ kind: errand.kind, mark: said }] : [],
  )

/** The mark an event of the log bears, by the kind of errand that leads to it; null for other events. */
function markOf(row: AuditRow): Promised | null {
  const payload = JSON.parse(row.event_payload_json) as JsonObject
  switch (row.event_type) {
    case 'applied':
      return { kind: 'apply', mark: String(payload.apply_record_id) }
    case 'rolled_back':
      return { kind: 'rollback', mark: String(payload.rollback_record_id) }
    case 'pause_engaged':
      return { kind: 'pause', mark: String(payload.reason) }
    case 'pause_released':
      return { kind: 'release', mark: row.id }
    case 'approved':
    case 'rejected':
      return { kind: 'decide', mark: row.idempotency_key }
    default:
      return null
  }
}

/** Promises of all rounds so far that the log does not hold (any more). */
export async function lostPromises(tx: Reading, promised: readonly Promised[]): Promise<readonly string[]> {
  const nameOf = ({ kind, mark }: Promised): string => `${kind} ${mark}`
  const rows = await tx.find('policy_lifecycle_audit')
  const kept = new Set(rows.flatMap(row => markOf(row) ?? []).map(nameOf))
  return promised
    .map(nameOf)
    .filter(name => !kept.has(name))
    .map(name => `${name} was promised and is lost`)
}
