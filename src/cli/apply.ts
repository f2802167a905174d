import type { Command } from 'commander'
import { type AppliedCandidate, applyCandidate } from '../loop/apply.ts'
import { APPLY_CHECKLIST } from '../loop/apply-checklist.ts'
import { checkpointElsewhere } from '../loop/checkpoint-post.ts'
import { actingOn } from './acting.ts'
import { type Invocation, performing } from './face.ts'

export function register(parent: Command): void {
  parent
    .command('apply')
    .argument('<candidate>', 'candidate id, or latest')
    .description('make an approved candidate the active policy, under your signature (CLO-CTRL-003)')
    .addHelpText(
      'after',
      `\nChecked in this order:\n${APPLY_CHECKLIST.map(line => `  - ${line}`).join('\n')}`,
    )
    .action(performing(apply, appliedText))
}

async function apply(call: Invocation) {
  const acting = await actingOn(call, 'policy_candidate')
  if (!acting.ok) return acting
  const { actorId, ports, id } = acting.value
  const applied = await applyCandidate(ports, { actorId, candidateId: id })
  if (applied.ok) await checkpointElsewhere(ports, actorId)
  return applied
}

const appliedText = ({ apply_record: row, activation }: AppliedCandidate): string =>
  [
    `applied    version ${row.applied_policy_version} in place of ${row.prior_policy_version}, by ${row.actor_id} at ${row.applied_at}`,
    `epoch      ${activation.epoch}`,
    `policy     ${activation.policy_digest}`,
    `record     ${row.id}`,
    `next       watch it: quotey policy-opt monitor ${row.candidate_id} --outcomes FILE`,
    `           take it back: quotey policy-opt rollback ${row.id} --reason TEXT`,
  ].join('\n')
