import type { Command } from 'commander'
import { type AppliedCandidate, applyCandidate } from '../loop/apply.ts'
import { APPLY_CHECKLIST } from '../loop/apply-checklist.ts'
import { checkpointElsewhere } from '../loop/checkpoint-post.ts'
import { actorOf, type Invocation, performing } from './face.ts'
import { idNamed } from './latest.ts'

export function register(parent: Command): void {
  parent
    .command('apply')
    .argument('<candidate>', 'candidate id')
    .description('make an approved candidate the active policy, under your signature (CLO-CTRL-003)')
    .addHelpText(
      'after',
      `\nChecked in this order:\n${APPLY_CHECKLIST.map(line => `  - ${line}`).join('\n')}`,
    )
    .action(performing(apply, appliedText))
}

async function apply(call: Invocation) {
  const actor = actorOf(call)
  if (!actor.ok) return actor
  const ports = await call.ports()
  if (!ports.ok) return ports
  const named = await idNamed(ports.value, 'policy_candidate', call.arguments[0] as string)
  if (!named.ok) return named
  const applied = await applyCandidate(ports.value, { actorId: actor.value, candidateId: named.value })
  if (applied.ok) await checkpointElsewhere(ports.value, actor.value)
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
