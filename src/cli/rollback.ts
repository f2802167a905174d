import type { Command } from 'commander'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'
import { checkpointElsewhere } from '../loop/checkpoint-post.ts'
import { type RolledBack, rollbackApply } from '../loop/rollback.ts'
import { actorOf, type Invocation, performing } from './face.ts'
import { idNamed } from './latest.ts'

export function register(parent: Command): void {
  parent
    .command('rollback')
    .argument('<apply>', 'id of the active apply record')
    .description('restore the policy that was active before, under your signature (CLO-CTRL-004)')
    .option('--reason <text>', 'why (required)', '')
    .option('--triggered-at <instant>', 'when the alert or incident was raised (default: now)')
    .option('--incident <id>', 'the incident it answers, whose trigger counts (an id, or latest)')
    .action(performing(rollback, rolledBackText))
}

async function rollback(call: Invocation) {
  const actor = actorOf(call)
  if (!actor.ok) return actor
  const { reason, triggeredAt, incident } = call.options as Readonly<Record<string, string | undefined>>
  const instant = instantOf(triggeredAt)
  if (!instant.ok) return instant
  const ports = await call.ports()
  if (!ports.ok) return ports
  const named = await idNamed(ports.value, 'policy_apply_record', call.arguments[0] as string)
  if (!named.ok) return named
  const answered = incident === undefined ? done(null) : await idNamed(ports.value, 'incident', incident)
  if (!answered.ok) return answered
  const rolledBack = await rollbackApply(ports.value, {
    actorId: actor.value,
    applyRecordId: named.value,
    reason: reason ?? '',
    triggeredAt: instant.value,
    incidentId: answered.value,
  })
  if (rolledBack.ok) await checkpointElsewhere(ports.value, actor.value)
  return rolledBack
}

function instantOf(text: string | undefined): Result<Instant | null> {
  if (text === undefined) return done(null)
  const milliseconds = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(milliseconds)
    ? refuse('bad_input', `\`${text}\` is no instant`, 'write it as 2026-11-22T14:00:00Z')
    : done(new Date(milliseconds).toISOString())
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
