import type { PolicyDocument, RuleDiff } from '../domain/policy.ts'
import { confidenceScore, isProven, type ProposalFigures, type ProposalSource } from '../domain/proposal.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import { type CohortScope, WHOLE_SNAPSHOT } from '../domain/replay.ts'
import type { Digest, Instant, Json, JsonObject } from '../domain/units.ts'
import { canonicalText, digestOf } from '../evidence/canonical.ts'
import { currentActivation } from './active.ts'
import { authorize } from './authorize.ts'
import type { Ports, Reading, Writing } from './ports.ts'
import type { ProposalEvidence } from './proposal-evidence.ts'
import { record } from './record.ts'
import type { CandidateRow, PolicyVersionRow } from './tables.ts'

/** A change ready to become a candidate. */
export interface ChangeToPropose {
  readonly source: ProposalSource
  readonly ruleDiffs: readonly RuleDiff[]
  readonly document: PolicyDocument
  readonly figures: ProposalFigures
  readonly revertsApplyRecordId: string | null
}

/**
 * Makes a draft candidate of a change, or returns the open candidate that the same change on the same evidence already is.
 * The right to propose and the base version are checked again inside the transaction: fitting and searching take their time.
 */
export const createCandidate = (
  ports: Ports,
  evidence: ProposalEvidence,
  change: ChangeToPropose,
): Promise<Result<CandidateRow>> =>
  ports.store.change(async tx => {
    const at = ports.clock.now()
    const authority = await authorize(tx, at, evidence.authority.actorId, 'propose')
    if (!authority.ok) return authority
    const active = await currentActivation(tx)
    if (active.epoch !== evidence.base.epoch) {
      return refuse(
        'base_version_moved',
        `policy version ${active.policy_version} became active while this proposal was made`,
        'propose again, on the version that is active now',
        { base_policy_version: evidence.base.version, active_policy_version: active.policy_version },
      )
    }
    const provenance = provenanceOf(evidence, change)
    const known = await openCandidate(tx, evidence, change, provenance)
    if (known.open !== null) return done(known.open)
    const rows = await rowsOf(tx, ports, evidence, change, { provenance, key: known.freeKey, at })
    await record(tx, ports, {
      eventType: 'candidate_created',
      actor: { type: authority.value.actorType, id: authority.value.actorId },
      payload: payloadOf(rows.candidate, evidence, change),
      idempotencyKey: known.freeKey,
      occurredAt: at,
      links: { candidate_id: rows.candidate.id },
      inserts: [
        ...evidence.artifacts,
        { table: 'policy_candidate', row: rows.candidate },
        { table: 'policy_version', row: rows.version },
      ],
    })
    return done(rows.candidate)
  })

/** What the candidate stands on, by digest. */
function provenanceOf(evidence: ProposalEvidence, change: ChangeToPropose): JsonObject {
  return {
    source: change.source,
    snapshot_id: evidence.snapshot.snapshot_id,
    snapshot_digest: evidence.snapshot.digest,
    model_digest: evidence.model?.digest ?? null,
    no_model_reason: evidence.unfittable,
    fitness_digest: evidence.fitness.digest,
    fitness_verdict: evidence.fitness.audit.verdict,
    thresholds_digest: evidence.thresholds.digest,
    base_policy_digest: evidence.base.digest,
    proposed_policy_digest: digestOf(change.document as unknown as Json),
    proven: isProven(change.figures),
    robust_lower_bound_cents_per_quote: change.figures.robust_lower_bound_cents_per_quote,
    overturning_slope_share_bps: change.figures.overturning_slope_share_bps,
    ...(change.revertsApplyRecordId === null ? {} : { reverts_apply_record_id: change.revertsApplyRecordId }),
    rationale: change.ruleDiffs.map(diff => diff.rationale),
  }
}

/**
 * The candidate that this change already is, while it is open, or a key for a new one. A rejected or rolled back candidate is
 * final, so its key is used up and the next one counts on.
 */
async function openCandidate(
  tx: Reading,
  evidence: ProposalEvidence,
  change: ChangeToPropose,
  provenance: JsonObject,
): Promise<{ readonly open: CandidateRow | null; readonly freeKey: Digest }> {
  for (let earlier = 0; ; earlier += 1) {
    const freeKey = digestOf({
      base_policy_version: evidence.base.version,
      rule_diffs: change.ruleDiffs as unknown as Json,
      provenance,
      earlier,
    })
    const known = await tx.last('policy_candidate', { idempotency_key: freeKey })
    if (known === null) return { open: null, freeKey }
    if (known.status !== 'rejected' && known.status !== 'rolled_back') return { open: known, freeKey }
  }
}

async function rowsOf(
  tx: Writing,
  ports: Ports,
  evidence: ProposalEvidence,
  change: ChangeToPropose,
  { provenance, key, at }: { readonly provenance: JsonObject; readonly key: Digest; readonly at: Instant },
): Promise<{ readonly candidate: CandidateRow; readonly version: PolicyVersionRow }> {
  const version = await tx.nextNumber('policy_version')
  const candidate: CandidateRow = {
    id: ports.randomness.id('cand'),
    base_policy_version: evidence.base.version,
    proposed_policy_version: version,
    status: 'draft',
    policy_diff_json: canonicalText(change.ruleDiffs as unknown as Json),
    provenance_json: canonicalText(provenance),
    confidence_score: confidenceScore(change.figures),
    cohort_scope_json: canonicalText(WHOLE_SNAPSHOT satisfies CohortScope as unknown as Json),
    latest_replay_checksum: null,
    idempotency_key: key,
    created_by_actor_id: evidence.authority.actorId,
    created_at: at,
    updated_at: at,
    review_ready_at: null,
    approved_at: null,
    applied_at: null,
    monitoring_started_at: null,
    rolled_back_at: null,
  }
  const document = change.document as unknown as Json
  return {
    candidate,
    version: {
      version,
      policy_digest: digestOf(document),
      document_json: canonicalText(document),
      candidate_id: candidate.id,
      created_at: at,
    },
  }
}

const payloadOf = (row: CandidateRow, evidence: ProposalEvidence, change: ChangeToPropose): JsonObject => ({
  candidate_id: row.id,
  source: change.source,
  base_policy_version: row.base_policy_version,
  proposed_policy_version: row.proposed_policy_version,
  snapshot_id: evidence.snapshot.snapshot_id,
  snapshot_digest: evidence.snapshot.digest,
  fitness_verdict: evidence.fitness.audit.verdict,
  proven: isProven(change.figures),
  changes: change.ruleDiffs.length,
})
