import type { Command } from 'commander'
import { refuse } from '../domain/refusal.ts'
import { type DecidedAction, decideOnPacket } from '../loop/action.ts'
import { DECISIONS, type ReviewDecision } from '../loop/decision-record.ts'
import { actingOn } from './acting.ts'
import { type Invocation, performing } from './face.ts'

export function register(parent: Command): void {
  parent
    .command('action')
    .argument('<packet>', 'packet id, or latest')
    .description('approve, reject or request changes, under your signature (CLO-CTRL-002)')
    .requiredOption('--decision <decision>', DECISIONS.join(', '))
    .option('--reason <text>', 'needed for reject and request_changes')
    .option('--dry-run', 'print what would be recorded')
    .action(performing(decide, actionText))
}

async function decide(call: Invocation) {
  const { decision, reason, dryRun } = call.options as {
    decision?: string
    reason?: string
    dryRun?: boolean
  }
  const meant = DECISIONS.find(known => known === decision) as ReviewDecision | undefined
  if (meant === undefined) {
    return refuse('bad_input', `\`${decision}\` is no decision`, `pass one of ${DECISIONS.join(', ')}`)
  }
  const acting = await actingOn(call, 'review_packet')
  if (!acting.ok) return acting
  const { actorId, ports, id } = acting.value
  return decideOnPacket(ports, {
    actorId,
    packetId: id,
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
