import type { JsonObject } from '../domain/units.ts'
import { rowWith } from './audit-content-check.ts'
import { type AuditFinding, finding, type StoredTables } from './audit-finding.ts'
import type { Places } from './audit-places.ts'

/**
 * What two people must have done: no decision on one's own candidate, no apply on one's own approval alone, no release of a pause
 * without a safety owner and a runtime owner. Each signature may hold and the rule still be broken, by somebody who writes to
 * the database with a key of their own.
 */
export const dutyFindings = (tables: StoredTables, places: Places): readonly AuditFinding[] => [
  ...(tables.policy_approval_decision ?? []).flatMap(row => decisionFindings(tables, row)),
  ...(tables.policy_apply_record ?? []).flatMap(row => applyFindings(tables, row, places)),
  ...(tables.safety_pause ?? [])
    .filter(row => row.kind === 'released')
    .flatMap(row => releaseFindings(tables, row, places)),
]

function decisionFindings(tables: StoredTables, row: JsonObject): readonly AuditFinding[] {
  const candidate = rowWith(tables, 'policy_candidate', 'id', row.candidate_id)
  const where = `policy_approval_decision ${String(row.id)}`
  return candidate?.created_by_actor_id === row.actor_id
    ? [finding('duty_not_separated', where, 'somebody else than who made the candidate', row.actor_id)]
    : []
}

function applyFindings(tables: StoredTables, row: JsonObject, places: Places): readonly AuditFinding[] {
  const where = `policy_apply_record ${String(row.id)}`
  const approval = rowWith(tables, 'policy_approval_decision', 'id', row.approval_decision_id)
  const wrong = (expected: string, found: unknown): readonly AuditFinding[] => [
    finding('duty_not_separated', where, expected, found),
  ]
  if (approval?.candidate_id !== row.candidate_id)
    return wrong('an approval of the same candidate', approval?.id)
  if (approval?.decision !== 'approved') return wrong('a decision that approves', approval?.decision)
  if (approval?.actor_id === row.actor_id) return wrong('an approval by somebody else', approval?.actor_id)
  const approved = places.ofRecord.get(`policy_approval_decision ${String(approval?.id)}`)?.entryIndex
  const applied = places.ofRecord.get(where)?.entryIndex
  const inOrder = approved === undefined || applied === undefined || approved < applied
  return inOrder ? [] : wrong(`an approval before entry ${applied}`, `entry ${approved}`)
}

function releaseFindings(tables: StoredTables, row: JsonObject, places: Places): readonly AuditFinding[] {
  const where = `safety_pause ${String(row.sequence)}`
  const before = (tables.safety_pause ?? []).filter(
    other => other.pause_id === row.pause_id && Number(other.sequence) < Number(row.sequence),
  )
  const engagedAt = Math.max(...before.filter(isEngaged).map(other => Number(other.sequence)), 0)
  const signers = before
    .filter(other => other.kind === 'release_signed' && Number(other.sequence) > engagedAt)
    .map(other => {
      const keyring = places.ofRecord.get(`safety_pause ${String(other.sequence)}`)?.keyring
      const actorId = String(other.actor_id)
      return { actorId, roles: keyring?.actors.find(actor => actor.id === actorId)?.roles ?? [] }
    })
  const dual = signers.some(
    one =>
      one.roles.includes('safety_owner') &&
      signers.some(other => other.actorId !== one.actorId && other.roles.includes('runtime_owner')),
  )
  const names = signers.map(({ actorId }) => actorId)
  return dual
    ? []
    : [finding('duty_not_separated', where, 'a safety owner and a runtime owner, two persons', names)]
}

const isEngaged = (row: JsonObject): boolean => row.kind === 'engaged'
