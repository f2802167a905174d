import type { Attack, AttackCase, CurrentEvidence } from './attack.ts'
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

/** With another candidate in flight the union fails a guardrail that each passes alone. */
export const stackedCandidates: Attack = ({ unions }) => {
  const failing = unions.filter(union => union.newBlocks !== null && union.newBlocks.length > 0)
  const unreplayed = unions.filter(union => union.newBlocks === null)
  const shared = { limit: 0, contributors: [] }
  if (failing.length > 0) {
    const first = failing[0]
    return {
      ...shared,
      outcome: 'blocked',
      measured: failing.length,
      reason: `together with \`${first?.withCandidateId}\` it fails ${first?.newBlocks?.join(', ')}`,
      smallest_set: failing.map(union => union.withCandidateId),
    }
  }
  if (unreplayed.length > 0) {
    return {
      ...shared,
      outcome: 'unknown',
      measured: null,
      reason: `the union with \`${unreplayed[0]?.withCandidateId}\` could not be replayed`,
      smallest_set: unreplayed.map(union => union.withCandidateId),
    }
  }
  return {
    ...shared,
    outcome: 'passed',
    measured: 0,
    reason:
      unions.length === 0 ? 'no other candidate is in flight' : 'no union with another candidate fails anew',
    smallest_set: [],
  }
}
