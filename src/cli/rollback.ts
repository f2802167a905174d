import type { Command } from 'commander'
import { done } from '../domain/refusal.ts'
import { checkpointElsewhere } from '../loop/checkpoint-post.ts'
import { type RolledBack, rollbackApply } from '../loop/rollback.ts'
import { actingOn } from './acting.ts'
import { type Invocation, performing } from './face.ts'
import { readInstant } from './instant.ts'
import { idNamed } from './latest.ts'

export function register(parent: Command): void {
  parent
    .command('rollback')
    .argument('<apply>', 'id of the active apply record, or latest')
    .description('restore the policy that was active before, under your signature (CLO-CTRL-004)')
    .option('--reason <text>', 'why (required)', '')
    .option('--triggered-at <instant>', 'when the alert or incident was raised (default: now)')
    .option('--incident <id>', 'the incident it answers, whose trigger counts (an id, or latest)')
    .action(performing(rollback, rolledBackText))
}

async function rollback(call: Invocation) {
  const { reason, triggeredAt, incident } = call.options as Readonly<Record<string, string | undefined>>
  const instant = triggeredAt === undefined ? done(null) : readInstant(triggeredAt)
  if (!instant.ok) return instant
  const acting = await actingOn(call, 'policy_apply_record')
  if (!acting.ok) return acting
  const { actorId, ports, id } = acting.value
  const answered = incident === undefined ? done(null) : await idNamed(ports, 'incident', incident)
  if (!answered.ok) return answered
  const rolledBack = await rollbackApply(ports, {
    actorId,
    applyRecordId: id,
    reason: reason ?? '',
    triggeredAt: instant.value,
    incidentId: answered.value,
  })
  if (rolledBack.ok) await checkpointElsewhere(ports, actorId)
  return rolledBack
}

const rolledBackText = ({ rollback_record: row, activation }: RolledBack): string =>
  [
    `restored   version ${row.rollback_target_version}, by ${row.actor_id} at ${row.rolled_back_at}`,
    `triggered  ${row.rollback_triggered_at}`,
    `reason     ${row.rollback_reason}`,
    `epoch      ${activation.epoch}`,
    `policy     ${activation.policy_digest}`,
    `record     ${row.id}${row.rollback_depth > 1 ? ` (number ${row.rollback_depth} of a chain)` : ''}`,
  ].join('\n')
