import type { CheckedPolicy } from '../domain/policy.ts'
import type { QuoteColumns } from '../domain/quote.ts'
import { done, type Result } from '../domain/refusal.ts'
import type { CohortScope, ReplayEngine, ReplaySums, ReplayTask } from '../domain/replay.ts'
import { replayFindings } from '../domain/replay-findings.ts'
import type { ReplayReport } from '../domain/replay-report.ts'
import type { ResponseModel } from '../domain/response.ts'
import type { Thresholds } from '../domain/thresholds.ts'
import type { CandidateId, Digest, PolicyVersion } from '../domain/units.ts'
import { replayChecksum } from '../evidence/replay-checksum.ts'
import { isDeterministic, runOn } from './determinism.ts'
import type { Ports } from './ports.ts'

/** A policy as it goes into a replay; without a version where it was never stored. */
export interface PolicyInReplay {
  readonly policy: CheckedPolicy
  readonly version: PolicyVersion | null
  readonly digest: Digest
}

/** Everything a replay depends on, each with the digest that names it. */
export interface ChangeToEvaluate {
  readonly candidateId: CandidateId | null
  readonly base: PolicyInReplay
  readonly candidate: PolicyInReplay
  readonly snapshotDigest: Digest
  /** The snapshot's quotes, where they are at hand already. */
  readonly columns?: QuoteColumns
  readonly scope: CohortScope
  readonly model: { readonly digest: Digest; readonly model: ResponseModel } | null
  readonly thresholds: { readonly digest: Digest; readonly thresholds: Thresholds }
  /** Which engine does the first run; it changes no byte of the report. Default: columnar. */
  readonly engine?: ReplayEngine['name']
  /** Leaves the quotes in their file, because they may not fit into memory. `sql` and `clickhouse` do so always, the oracle never. */
  readonly inPlace?: boolean
}

/**
 * Replays a change and reports on it, without storing anything. Runs it twice, the second time on another engine or partition
 * over scattered rows, to earn `deterministic_pass`. Refuses what loading the snapshot refuses.
 */
export async function evaluateChange(ports: Ports, change: ChangeToEvaluate): Promise<Result<ReplayReport>> {
  const engine = change.engine ?? 'columnar'
  const inPlace = change.inPlace === true || engine === 'sql' || engine === 'clickhouse'
  if (change.columns === undefined && inPlace && engine !== 'oracle') {
    return (await import('./evaluate-stored.ts')).evaluateStored(ports, change, engine)
  }
  const loaded = change.columns === undefined ? await ports.snapshots.load(change.snapshotDigest) : null
  if (loaded !== null && !loaded.ok) return loaded
  const columns = loaded === null ? (change.columns as QuoteColumns) : loaded.value
  const task = { ...taskOf(change), columns }
  const [sums] = (await runOn(ports, engine, task, 'replaying')) as [ReplaySums]
  return done(reportOf(change, columns, sums, await isDeterministic(ports, task, engine, sums)))
}

/** The task of a replay but its quotes. */
export const taskOf = (change: ChangeToEvaluate): Omit<ReplayTask, 'columns'> => ({
  snapshotDigest: change.snapshotDigest,
  base: change.base.policy,
  candidates: [change.candidate.policy],
  scope: change.scope,
  model: change.model?.model ?? null,
})

/** The report on a change; `columns` must hold the rows that `sums` name. */
export function reportOf(
  change: ChangeToEvaluate,
  columns: QuoteColumns,
  sums: ReplaySums,
  deterministicPass: boolean,
): ReplayReport {
  const findings = replayFindings({
    candidateId: change.candidateId,
    inputs: inputsOf(change),
    columns,
    base: change.base.policy,
    candidate: change.candidate.policy,
    model: change.model?.model ?? null,
    thresholds: change.thresholds.thresholds,
    sums,
    deterministicPass,
  })
  return { ...findings, replay_checksum: replayChecksum(findings) }
}

const inputsOf = (change: ChangeToEvaluate): ReplayReport['inputs'] => ({
  base_policy_version: change.base.version,
  base_policy_digest: change.base.digest,
  proposed_policy_version: change.candidate.version,
  proposed_policy_digest: change.candidate.digest,
  snapshot_digest: change.snapshotDigest,
  model_digest: change.model?.digest ?? null,
  thresholds_digest: change.thresholds.digest,
  cohort_scope: change.scope,
})
