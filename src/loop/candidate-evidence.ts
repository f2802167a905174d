import type { CurrentEvidence } from '../domain/attack.ts'
import type { HistoryVerdict } from '../domain/packet.ts'
import type { RuleDiff } from '../domain/policy.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import { type CohortScope, ENGINE_VERSION } from '../domain/replay.ts'
import type { ResponseModel } from '../domain/response.ts'
import type { Thresholds } from '../domain/thresholds.ts'
import type { Bps, CandidateId, Digest, Json } from '../domain/units.ts'
import { digestOf } from '../evidence/canonical.ts'
import { type ActivePolicy, currentThresholds, policyOfVersion } from './active.ts'
import { artifactByDigest } from './artifacts.ts'
import type { Reading } from './ports.ts'
import type { CandidateRow } from './tables.ts'

/** A candidate's provenance as far as its packet needs it. */
interface Provenance {
  readonly snapshot_digest: Digest
  readonly model_digest: Digest | null
  readonly fitness_digest: Digest | null
  readonly fitness_verdict?: HistoryVerdict | null
  readonly proven?: boolean
  readonly overturning_slope_share_bps?: Bps | null
}

/** A candidate and all that its figures must stand on, as the store holds it now. */
export interface CandidateEvidence {
  readonly candidate: CandidateRow
  /** Digest of what the candidate is, which never changes after its creation. */
  readonly candidateVersion: Digest
  readonly base: Omit<ActivePolicy, 'epoch'>
  readonly proposed: Omit<ActivePolicy, 'epoch'>
  readonly ruleDiffs: readonly RuleDiff[]
  readonly scope: CohortScope
  readonly model: ResponseModel | null
  readonly fitnessDigest: Digest | null
  readonly fitnessVerdict: HistoryVerdict
  readonly proven: boolean
  readonly overturningSlopeShareBps: Bps | null
  readonly thresholds: Thresholds
  readonly current: CurrentEvidence
}

/** The row of a candidate, or `not_found`. */
export async function candidateRow(tx: Reading, id: CandidateId): Promise<Result<CandidateRow>> {
  const row = await tx.last('policy_candidate', { id })
  return row === null
    ? refuse('not_found', `no candidate \`${id}\``, 'see `quotey policy-opt list`')
    : done(row)
}

/** Reads a candidate's evidence. Refuses audit_broken or not_found where its model is gone or altered. */
export async function candidateEvidence(
  tx: Reading,
  candidate: CandidateRow,
): Promise<Result<CandidateEvidence>> {
  const provenance = JSON.parse(candidate.provenance_json) as Provenance
  const model = await modelOf(tx, provenance.model_digest)
  if (!model.ok) return model
  const base = await policyOfVersion(tx, candidate.base_policy_version)
  const proposed = await policyOfVersion(tx, candidate.proposed_policy_version)
  const { digest: thresholdsDigest, thresholds } = await currentThresholds(tx)
  return done({
    candidate,
    candidateVersion: candidateVersion(candidate),
    base,
    proposed,
    ruleDiffs: JSON.parse(candidate.policy_diff_json) as RuleDiff[],
    scope: JSON.parse(candidate.cohort_scope_json) as CohortScope,
    model: model.value,
    fitnessDigest: provenance.fitness_digest,
    fitnessVerdict: provenance.fitness_verdict ?? 'unknown',
    proven: provenance.proven === true,
    overturningSlopeShareBps: provenance.overturning_slope_share_bps ?? null,
    thresholds,
    current: {
      engine_version: ENGINE_VERSION,
      base_policy_digest: base.digest,
      proposed_policy_digest: proposed.digest,
      snapshot_digest: provenance.snapshot_digest,
      model_digest: provenance.model_digest,
      thresholds_digest: thresholdsDigest,
    },
  })
}

/** Digest of the columns of a candidate that are written once. */
export const candidateVersion = (row: CandidateRow): Digest =>
  digestOf({
    id: row.id,
    base_policy_version: row.base_policy_version,
    proposed_policy_version: row.proposed_policy_version,
    policy_diff: JSON.parse(row.policy_diff_json) as Json,
    provenance: JSON.parse(row.provenance_json) as Json,
    cohort_scope: JSON.parse(row.cohort_scope_json) as Json,
    created_by: row.created_by_actor_id,
  })

async function modelOf(tx: Reading, digest: Digest | null): Promise<Result<ResponseModel | null>> {
  if (digest === null) return done(null)
  const body = await artifactByDigest(tx, digest)
  return body.ok ? done(body.value as unknown as ResponseModel) : body
}
