import type { ProposedCandidate } from '../domain/proposal.ts'
import type { ProposeOutput } from '../loop/propose.ts'

/** `policy-opt propose` for people: each candidate in five lines and its changes, or why there is none. */
export function proposeText(output: ProposeOutput): string {
  return [
    `snapshot   ${output.snapshot_id}, history ${output.fitness.verdict}`,
    `searched   ${output.searched} settings on policy version ${output.base_policy_version}`,
    ...output.candidates.flatMap(candidateLines),
    ...notProposedLines(output),
    '',
    nextLine(output),
  ].join('\n')
}

const CHOSEN_FOR = {
  most_margin: 'most margin',
  surest_margin: 'surest margin',
  fewest_approvals: 'fewest approvals',
  least_disturbance: 'least disturbance',
  best_win_rate: 'best win rate',
  steady_approvals: 'as many approvals as before',
} as const

const candidateLines = (candidate: ProposedCandidate): readonly string[] => [
  '',
  `candidate  ${candidate.candidate_id} (${[
    `version ${candidate.proposed_policy_version}`,
    candidate.status,
    ...(candidate.chosen_for === null ? [] : [CHOSEN_FOR[candidate.chosen_for]]),
    `confidence ${candidate.confidence_score}`,
  ].join(', ')})`,
  ...candidate.summary.map(line => `  ${line}`),
  ...candidate.rule_diffs
    .filter(diff => diff.rationale !== '')
    .map(diff => `  why ${diff.rule_id}: ${diff.rationale}`),
]

function notProposedLines({ not_proposed, candidates }: ProposeOutput): readonly string[] {
  if (not_proposed.length === 0) return []
  const width = Math.max(...not_proposed.map(({ count }) => String(count).length))
  return [
    '',
    candidates.length === 0 ? 'nothing is proposed:' : 'not proposed:',
    ...not_proposed.map(
      ({ reason, count, remedy }) => `  ${String(count).padStart(width)}  ${reason} (${remedy})`,
    ),
  ]
}

const nextLine = ({ candidates }: ProposeOutput): string =>
  candidates[0] === undefined
    ? 'next: quotey history audit, to see what this history can support'
    : `next: quotey policy-opt replay ${candidates[0].candidate_id}`
