import type { CandidateUnion } from '../domain/attack.ts'
import { judgeGuardrails } from '../domain/guardrails.ts'
import type { CheckedPolicy, RuleDiff } from '../domain/policy.ts'
import { checkPolicy } from '../domain/policy-check.ts'
import { applyDiffs } from '../domain/policy-diff.ts'
import type { QuoteColumns } from '../domain/quote.ts'
import { done, type Result } from '../domain/refusal.ts'
import { replayIntervals } from '../domain/replay-measures.ts'
import type { ReplayReport } from '../domain/replay-report.ts'
import type { CandidateEvidence } from './candidate-evidence.ts'
import type { Ports, Reading } from './ports.ts'
import { storedReplay } from './stored-replay.ts'
import type { CandidateRow } from './tables.ts'

/** Another candidate that could be applied beside this one. */
interface InFlight {
  readonly candidateId: string
  /** null where the two changes cannot be made together, which settles the matter. */
  readonly union: CheckedPolicy | null
  /** Guardrails that the other one fails alone. */
  readonly blocks: readonly string[]
}

/**
 * Replays this candidate's change together with that of every other candidate in review on the same base, all in one pass over the
 * same quotes, and says which guardrails fail only together.
 */
export async function candidateUnions(
  ports: Ports,
  evidence: CandidateEvidence,
  report: ReplayReport,
  columns: QuoteColumns,
): Promise<Result<readonly CandidateUnion[]>> {
  const others = await ports.store.read(tx => inFlight(tx, evidence))
  const joined = others.filter(other => other.union !== null)
  if (joined.length === 0) return done([])
  const engine = await ports.engine('columnar')
  try {
    const sums = await engine.evaluate({
      snapshotDigest: report.inputs.snapshot_digest,
      columns,
      base: evidence.base.policy,
      candidates: joined.map(other => other.union as CheckedPolicy),
      scope: evidence.scope,
      model: evidence.model,
    })
    const own = report.guardrails.blocks.map(block => block.code as string)
    const unions = joined.map((other, at): CandidateUnion => {
      const together = sums[at]
      if (together === undefined) return { withCandidateId: other.candidateId, newBlocks: null }
      const intervals = replayIntervals(together, evidence.model)
      const { blocks } = judgeGuardrails(intervals, evidence.thresholds.guardrails)
      const fresh = blocks.map(block => block.code as string)
      return {
        withCandidateId: other.candidateId,
        newBlocks: fresh.filter(code => !own.includes(code) && !other.blocks.includes(code)),
      }
    })
    return done(unions)
  } finally {
    await engine.close()
  }
}

async function inFlight(tx: Reading, evidence: CandidateEvidence): Promise<readonly InFlight[]> {
  const { id, base_policy_version } = evidence.candidate
  const rows = await tx.find('policy_candidate', { base_policy_version })
  const open = rows.filter(row => row.id !== id && ['review_ready', 'approved'].includes(row.status))
  return Promise.all(open.map(row => joinedWith(tx, evidence, row)))
}

async function joinedWith(tx: Reading, evidence: CandidateEvidence, row: CandidateRow): Promise<InFlight> {
  const theirs = JSON.parse(row.policy_diff_json) as RuleDiff[]
  const together = applyDiffs(evidence.proposed.document, theirs)
  const checked = together.ok ? checkPolicy(together.value) : together
  const replay = await storedReplay(tx, row)
  return {
    candidateId: row.id,
    union: checked.ok ? checked.value : null,
    blocks: replay.ok ? replay.value.report.guardrails.blocks.map(block => block.code) : [],
  }
}
