import type { Attack, AttackCase, CandidateUnion, CurrentEvidence } from './attack.ts'
import type { ReplayReport } from './replay-report.ts'

/** The report was made for another candidate or for other policies than those of this candidate. */
export const evidenceSwap: Attack = attacked => {
  const swapped = swappedBindings(attacked)
  return {
    outcome: swapped.length > 0 ? 'blocked' : 'passed',
    measured: swapped.length,
    limit: 0,
    reason:
      swapped.length > 0
        ? `the report stands on another ${swapped.join(', ')}`
        : 'the report is of this candidate and of its two policies',
    contributors: [],
    smallest_set: swapped,
  }
}

function swappedBindings({ report, candidateId, current }: AttackCase): readonly string[] {
  const swapped: string[] = []
  if (report.candidate_id !== candidateId) swapped.push('candidate')
  if (report.inputs.base_policy_digest !== current.base_policy_digest) swapped.push('base_policy')
  if (report.inputs.proposed_policy_digest !== current.proposed_policy_digest) swapped.push('proposed_policy')
  return swapped
}

/** The report stands on a snapshot, model, thresholds or engine that are no longer those in force. */
export const staleEvidence: Attack = ({ report, current }) => {
  const stale = staleInputs(report, current)
  return {
    outcome: stale.length > 0 ? 'blocked' : 'passed',
    measured: stale.length,
    limit: 0,
    reason:
      stale.length > 0 ? `changed since the replay: ${stale.join(', ')}` : 'every input is the one in force',
    contributors: [],
    smallest_set: stale,
  }
}

/** Names of the inputs of a report that differ from those in force, in the order of CurrentEvidence. */
export function staleInputs(report: ReplayReport, current: CurrentEvidence): readonly string[] {
  const stale: string[] = []
  if (report.engine_version !== current.engine_version) stale.push('engine_version')
  if (report.inputs.base_policy_digest !== current.base_policy_digest) stale.push('base_policy')
  if (report.inputs.proposed_policy_digest !== current.proposed_policy_digest) stale.push('proposed_policy')
  if (report.inputs.snapshot_digest !== current.snapshot_digest) stale.push('snapshot')
  if (report.inputs.model_digest !== current.model_digest) stale.push('model')
  if (report.inputs.thresholds_digest !== current.thresholds_digest) stale.push('thresholds')
  return stale
}

/** With one or two other candidates in flight the union fails a guardrail that each of its parts passes. */
export const stackedCandidates: Attack = ({ unions }) => {
  const failing = unions.filter(union => union.newBlocks !== null && union.newBlocks.length > 0)
  const unreplayed = unions.filter(union => union.newBlocks === null)
  const shared = { limit: 0, contributors: [] }
  const smallest = [...failing].sort(bySize)[0]
  if (smallest !== undefined) {
    return {
      ...shared,
      outcome: 'blocked',
      measured: failing.length,
      reason: `together with ${named(smallest)} it fails ${smallest.newBlocks?.join(', ')}`,
      smallest_set: smallest.withCandidateIds,
    }
  }
  if (unreplayed[0] !== undefined) {
    return {
      ...shared,
      outcome: 'unknown',
      measured: null,
      reason: `the union with ${named(unreplayed[0])} was not replayed`,
      smallest_set: unreplayed[0].withCandidateIds,
    }
  }
  return {
    ...shared,
    outcome: 'passed',
    measured: 0,
    reason:
      unions.length === 0 ? 'no other candidate is in flight' : 'no union with other candidates fails anew',
    smallest_set: [],
  }
}

const named = ({ withCandidateIds }: CandidateUnion): string =>
  withCandidateIds.map(id => `\`${id}\``).join(' and ')

/** Fewest candidates first, then as they come. */
const bySize = (left: CandidateUnion, right: CandidateUnion): number =>
  left.withCandidateIds.length - right.withCandidateIds.length
