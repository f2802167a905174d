import type { PolicyDocument, RuleDiff } from '../domain/policy.ts'
import { done, type Result } from '../domain/refusal.ts'
import type { Instant, JsonObject } from '../domain/units.ts'
import { policyOfVersion } from './active.ts'
import { candidateRow } from './candidate-evidence.ts'
import type { Ports } from './ports.ts'
import type { CandidateRow, CandidateStatus } from './tables.ts'

/** One line of `policy-opt list`, JSON names. */
export interface ListedCandidate {
  readonly candidate_id: string
  readonly status: CandidateStatus
  readonly base_policy_version: number
  readonly proposed_policy_version: number
  readonly source: string
  readonly proven: boolean
  readonly confidence_score: number
  readonly changes: number
  readonly created_by_actor_id: string
  readonly created_at: Instant
}

/** A candidate with what it stands on and all that happened to it, JSON names. */
export interface ShownCandidate extends Omit<ListedCandidate, 'changes'> {
  readonly rule_diffs: readonly RuleDiff[]
  readonly policy: PolicyDocument
  readonly provenance: JsonObject
  readonly cohort_scope: JsonObject
  readonly latest_replay_checksum: string | null
  readonly events: readonly {
    readonly event_type: string
    readonly actor_id: string
    readonly occurred_at: Instant
  }[]
}

/** Every candidate in order of creation. Needs no actor. */
export const listCandidates = (
  ports: Ports,
): Promise<Result<{ readonly candidates: readonly ListedCandidate[] }>> =>
  ports.store.read(async tx => {
    const rows = await tx.find('policy_candidate')
    return done({
      candidates: rows.map(row => ({
        ...outlineOf(row),
        changes: (JSON.parse(row.policy_diff_json) as readonly RuleDiff[]).length,
      })),
    })
  })

/** One candidate by its id. Refuses `not_found`. Needs no actor. */
export const candidateById = (ports: Ports, id: string): Promise<Result<ShownCandidate>> =>
  ports.store.read(async tx => {
    const found = await candidateRow(tx, id)
    if (!found.ok) return found
    const row = found.value
    const proposed = await policyOfVersion(tx, row.proposed_policy_version)
    const events = await tx.find('policy_lifecycle_audit', { candidate_id: row.id })
    return done({
      ...outlineOf(row),
      rule_diffs: JSON.parse(row.policy_diff_json) as readonly RuleDiff[],
      policy: proposed.document,
      provenance: JSON.parse(row.provenance_json) as JsonObject,
      cohort_scope: JSON.parse(row.cohort_scope_json) as JsonObject,
      latest_replay_checksum: row.latest_replay_checksum,
      events: events.map(({ event_type, actor_id, occurred_at }) => ({ event_type, actor_id, occurred_at })),
    })
  })

function outlineOf(row: CandidateRow): Omit<ListedCandidate, 'changes'> {
  const { source, proven } = JSON.parse(row.provenance_json) as { source: string; proven?: boolean }
  return {
    candidate_id: row.id,
    status: row.status,
    base_policy_version: row.base_policy_version,
    proposed_policy_version: row.proposed_policy_version,
    source,
    proven: proven === true,
    confidence_score: row.confidence_score,
    created_by_actor_id: row.created_by_actor_id,
    created_at: row.created_at,
  }
}
