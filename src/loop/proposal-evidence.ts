import { auditFitness } from '../domain/fitness.ts'
import type { FitnessAudit } from '../domain/fitness-finding.ts'
import type { QuoteColumns } from '../domain/quote.ts'
import { done, type Result } from '../domain/refusal.ts'
import type { FittedResponseModel } from '../domain/response.ts'
import { fitResponse, type UnfittableReason } from '../domain/response-fit.ts'
import type { Thresholds } from '../domain/thresholds.ts'
import type { Digest, Instant, JsonObject } from '../domain/units.ts'
import { type ActivePolicy, activePolicy, currentThresholds } from './active.ts'
import { putArtifact } from './artifacts.ts'
import { type Authority, authorize } from './authorize.ts'
import type { ReplayGround } from './optimise.ts'
import type { Ports } from './ports.ts'
import type { Insert } from './record.ts'
import { findSnapshot } from './snapshot-lookup.ts'
import type { SnapshotRow } from './tables.ts'

/** All that a proposal stands on, gathered before anything is written. */
export interface ProposalEvidence {
  readonly authority: Authority
  readonly base: ActivePolicy
  readonly thresholds: { readonly digest: Digest; readonly thresholds: Thresholds }
  readonly snapshot: SnapshotRow
  readonly columns: QuoteColumns
  readonly fitness: { readonly digest: Digest; readonly audit: FitnessAudit }
  readonly model: { readonly digest: Digest; readonly model: FittedResponseModel } | null
  /** Why there is no model; null where there is one. From an unfit history nothing is learnt, so that nothing passes on it. */
  readonly unfittable: UnfittableReason | 'unfit_history' | null
  /** The model and the audit, to be stored with the first candidate that stands on them. */
  readonly artifacts: readonly Insert[]
}

/**
 * Reads the active policy, the thresholds and a snapshot (null: the newest), audits its fitness and fits the response model.
 * Refuses not_authorised and key_expired before any work, and what reading a snapshot refuses.
 */
export async function gatherEvidence(
  ports: Ports,
  request: { readonly actorId: string; readonly snapshot: string | null },
): Promise<Result<ProposalEvidence>> {
  const at = ports.clock.now()
  const read = await ports.store.read(async tx => {
    const authority = await authorize(tx, at, request.actorId, 'propose')
    if (!authority.ok) return authority
    const snapshot = await findSnapshot(tx, request.snapshot)
    if (!snapshot.ok) return snapshot
    const [base, thresholds] = [await activePolicy(tx), await currentThresholds(tx)]
    return done({ authority: authority.value, snapshot: snapshot.value, base, thresholds })
  })
  if (!read.ok) return read
  const loaded = await ports.snapshots.load(read.value.snapshot.digest)
  if (!loaded.ok) return loaded
  return done({
    ...read.value,
    columns: loaded.value,
    ...judged(ports, at, read.value.thresholds.thresholds, loaded.value),
  })
}

function judged(
  ports: Ports,
  at: Instant,
  { evidence }: Thresholds,
  columns: QuoteColumns,
): Pick<ProposalEvidence, 'fitness' | 'model' | 'unfittable' | 'artifacts'> {
  ports.progress('judging the history', 0, 2)
  const audit = auditFitness(columns, {
    thinSegmentQuotes: evidence.thin_segment_quotes,
    protectedAttributes: evidence.protected_attributes,
  })
  const fitness = putArtifact(audit.schema, audit as unknown as JsonObject, at)
  ports.progress('judging the history', 1, 2)
  const fit =
    audit.verdict === 'unfit'
      ? ({ kind: 'unfittable', reason: 'unfit_history' } as const)
      : fitResponse(columns, {
          thinSegmentQuotes: evidence.thin_segment_quotes,
          sensitivityOffsetShare: evidence.sensitivity_offset_share,
          protectedAttributes: evidence.protected_attributes,
        })
  ports.progress('judging the history', 2, 2)
  const judgedFitness = { digest: fitness.digest, audit }
  if (fit.kind === 'unfittable') {
    return { fitness: judgedFitness, model: null, unfittable: fit.reason, artifacts: [fitness.insert] }
  }
  const model = putArtifact(fit.model.schema, fit.model as unknown as JsonObject, at)
  return {
    fitness: judgedFitness,
    model: { digest: model.digest, model: fit.model },
    unfittable: null,
    artifacts: [fitness.insert, model.insert],
  }
}

/** What the changes of a proposal are replayed on. */
export const groundOf = (evidence: ProposalEvidence): ReplayGround => ({
  snapshotDigest: evidence.snapshot.digest,
  columns: evidence.columns,
  base: evidence.base.policy,
  model: evidence.model?.model ?? null,
  thresholds: evidence.thresholds.thresholds,
})
