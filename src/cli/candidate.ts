import type { Command } from 'commander'
import { changeText } from '../domain/packet-summary.ts'
import {
  candidateById,
  type ListedCandidate,
  listCandidates,
  type ShownCandidate,
} from '../loop/candidate.ts'
import { type Invocation, performing } from './face.ts'
import { idNamed } from './latest.ts'

export function register(parent: Command): void {
  parent.command('list').description('every candidate and where it stands').action(performing(list, listText))
  parent
    .command('show')
    .argument('<candidate>', 'id of a candidate, or latest')
    .description('a candidate, what it stands on and what happened to it')
    .action(performing(show, shownText))
}

async function list(call: Invocation): ReturnType<typeof listCandidates> {
  const ports = await call.ports()
  return ports.ok ? listCandidates(ports.value) : ports
}

async function show(call: Invocation): ReturnType<typeof candidateById> {
  const ports = await call.ports()
  if (!ports.ok) return ports
  const named = await idNamed(ports.value, 'policy_candidate', call.arguments[0] as string)
  return named.ok ? candidateById(ports.value, named.value) : named
}

const listText = ({ candidates }: { readonly candidates: readonly ListedCandidate[] }): string =>
  candidates.length === 0
    ? 'no candidate yet\n\nnext: quotey policy-opt propose'
    : candidates
        .map(row =>
          [
            row.candidate_id,
            row.status.padEnd('changes_requested'.length),
            `version ${row.base_policy_version} -> ${row.proposed_policy_version}`,
            `${row.changes} ${row.changes === 1 ? 'change' : 'changes'}`,
            row.source.padEnd('optimizer'.length),
            row.proven ? 'proven  ' : 'unproven',
            `${row.created_at} by ${row.created_by_actor_id}`,
          ].join('  '),
        )
        .join('\n')

const shownText = (shown: ShownCandidate): string =>
  [
    `candidate   ${shown.candidate_id}, ${shown.status}`,
    `version     ${shown.base_policy_version} -> ${shown.proposed_policy_version}`,
    `source      ${shown.source}, ${shown.proven ? 'proven' : 'unproven'}, confidence ${shown.confidence_score}`,
    ...shown.rule_diffs.flatMap(diff => [
      `change      ${changeText(diff)}`,
      ...(diff.rationale === '' ? [] : [`            ${diff.rationale}`]),
    ]),
    `replay      ${shown.latest_replay_checksum ?? 'none yet'}`,
    ...Object.entries(shown.provenance)
      .filter(([name]) => name.endsWith('_digest'))
      .map(([name, digest]) => `${name.replace(/_digest$/, '').padEnd(16)}${String(digest ?? 'none')}`),
    '',
    ...shown.events.map(event => `${event.occurred_at}  ${event.event_type}  ${event.actor_id}`),
  ].join('\n')
