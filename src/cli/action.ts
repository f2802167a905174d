import type { Command } from 'commander'
import { refuse } from '../domain/refusal.ts'
import { type DecidedAction, decideOnPacket } from '../loop/action.ts'
import { DECISIONS, type ReviewDecision } from '../loop/decision-record.ts'
import { actorOf, type Invocation, performing } from './face.ts'
import { idNamed } from './latest.ts'

export function register(parent: Command): void {
  parent
    .command('action')
    .argument('<packet>', 'packet id')
    .description('approve, reject or request changes, under your signature (CLO-CTRL-002)')
    .requiredOption('--decision <decision>', DECISIONS.join(', '))
    .option('--reason <text>', 'needed for reject and request_changes')
    .option('--dry-run', 'print what would be recorded')
    .action(performing(decide, actionText))
}

async function decide(call: Invocation) {
  const actor = actorOf(call)
  if (!actor.ok) return actor
  const { decision, reason, dryRun } = call.options as {
    decision?: string
    reason?: string
    dryRun?: boolean
  }
  const meant = DECISIONS.find(known => known === decision) as ReviewDecision | undefined
  if (meant === undefined) {
    return refuse('bad_input', `\`${decision}\` is no decision`, `pass one of ${DECISIONS.join(', ')}`)
  }
  const ports = await call.ports()
  if (!ports.ok) return ports
  const named = await idNamed(ports.value, 'review_packet', call.arguments[0] as string)
  if (!named.ok) return named
  return decideOnPacket(ports.value, {
    actorId: actor.value,
    packetId: named.value,
    decision: meant,
    reason: reason ?? null,
    channel: 'cli',
    dryRun: dryRun === true,
  })
}

const NEXT: Readonly<Record<DecidedAction['target_status'], (candidate: string) => string>> = {
  approved: candidate => `a runtime owner can apply it: quotey policy-opt apply ${candidate}`,
  rejected: () => 'the candidate is closed; propose a new one',
  changes_requested: () => 'propose the changed diff: quotey policy-opt propose --from DIFF',
}

const actionText = ({ action, target_status }: DecidedAction): string =>
  [
    `${target_status} by ${action.actor_id}`,
    `packet     ${action.packet_id}`,
    `candidate  ${action.candidate_id}, version ${action.proposed_policy_version}`,
    ...(action.reason === null ? [] : [`reason     ${action.reason}`]),
    `next       ${NEXT[target_status](action.candidate_id)}`,
  ].join('\n')
