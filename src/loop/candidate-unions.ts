import type { CandidateUnion } from '../domain/attack.ts'
import {
  freshBlocks,
  type OtherCandidate,
  UNIONS_MAX,
  unionsOf,
  withChanges,
} from '../domain/candidate-union.ts'
import { judgeGuardrails } from '../domain/guardrails.ts'
import type { CheckedPolicy, RuleDiff } from '../domain/policy.ts'
import type { QuoteColumns } from '../domain/quote.ts'
import { done, type Result } from '../domain/refusal.ts'
import type { ReplayEngine, ReplayTask } from '../domain/replay.ts'
import { replayIntervals } from '../domain/replay-measures.ts'
import type { ReplayReport } from '../domain/replay-report.ts'
import type { Thresholds } from '../domain/thresholds.ts'
import type { CandidateEvidence } from './candidate-evidence.ts'
import type { Ports, Reading } from './ports.ts'
import { storedReplay } from './stored-replay.ts'

/**
 * Replays this candidate's change together with those of every other candidate in review on the same base, one and two at a
 * time, over the same quotes, and says which guardrails fail only together.
 */
export async function candidateUnions(
  ports: Ports,
  evidence: CandidateEvidence,
  report: ReplayReport,
  columns: QuoteColumns,
): Promise<Result<readonly CandidateUnion[]>> {
  const others = await ports.store.read(tx => inFlight(tx, evidence))
  if (others.length === 0) return done([])
  const engine = await ports.engine('columnar')
  const ground = {
    snapshotDigest: report.inputs.snapshot_digest,
    columns,
    base: evidence.base.policy,
    scope: evidence.scope,
    model: evidence.model,
  }
  const own = report.guardrails.blocks.map(block => block.code)
  try {
    return done(
      await replayUnions(
        engine,
        ground,
        evidence.thresholds,
        { proposed: evidence.proposed.policy, own },
        others,
      ),
    )
  } finally {
    await engine.close()
  }
}

/** The candidate at hand: its policy, and the guardrails it fails alone. */
interface StackedCandidate {
  readonly proposed: CheckedPolicy
  readonly own: readonly string[]
}

/** The same over quotes and candidates at hand. Two others are replayed without the candidate only where the three fail anew. */
export async function replayUnions(
  engine: ReplayEngine,
  ground: Omit<ReplayTask, 'candidates'>,
  thresholds: Thresholds,
  { proposed, own }: StackedCandidate,
  others: readonly OtherCandidate[],
): Promise<readonly CandidateUnion[]> {
  const blocksOf = async (policies: readonly CheckedPolicy[]): Promise<readonly (readonly string[])[]> => {
    if (policies.length === 0) return []
    const sums = await engine.evaluate({ ...ground, candidates: policies })
    return sums.map(each =>
      judgeGuardrails(replayIntervals(each, ground.model), thresholds.guardrails).blocks.map(
        block => block.code,
      ),
    )
  }
  const planned = unionsOf(proposed.document, others)
  const blocks = await blocksOf(planned.slice(0, UNIONS_MAX).map(union => union.policy))
  const replayed = planned.map((union, at) => ({ others: union.others, blocks: blocks[at] ?? null }))
  const failing = freshBlocks(own, replayed, () => [])
  const doubtful = replayed.filter(
    (union, at) => union.others.length > 1 && (failing[at]?.newBlocks?.length ?? 0) > 0,
  )
  if (doubtful.length === 0) return failing
  const apart = doubtful.map(union => withChanges(ground.base.document, union.others))
  const without = await blocksOf(apart.filter(policy => policy !== null))
  const alone = new Map(
    doubtful.filter((_, at) => apart[at] !== null).map((union, at) => [union.others, without[at] ?? []]),
  )
  return freshBlocks(own, replayed, union => alone.get(union) ?? [])
}

async function inFlight(tx: Reading, evidence: CandidateEvidence): Promise<readonly OtherCandidate[]> {
  const { id, base_policy_version } = evidence.candidate
  const rows = await tx.find('policy_candidate', { base_policy_version })
  const open = rows.filter(row => row.id !== id && ['review_ready', 'approved'].includes(row.status))
  return Promise.all(
    open.map(async (row): Promise<OtherCandidate> => {
      const replay = await storedReplay(tx, row)
      return {
        candidateId: row.id,
        ruleDiffs: JSON.parse(row.policy_diff_json) as RuleDiff[],
        blocks: replay.ok ? replay.value.report.guardrails.blocks.map(block => block.code) : [],
      }
    }),
  )
}
