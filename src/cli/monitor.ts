import type { Command } from 'commander'
import type { Result } from '../domain/refusal.ts'
import { type MonitoringResult, monitorCandidate } from '../loop/monitor.ts'
import { actingOn } from './acting.ts'
import { type Invocation, performing } from './face.ts'
import { monitorText } from './monitor-text.ts'

export function register(parent: Command): void {
  parent
    .command('monitor')
    .description('take in outcomes of an applied candidate and set them against its promise')
    .argument('<candidate>', 'an applied candidate, or latest')
    .requiredOption('--outcomes <file>', 'CSV or Parquet of quotes decided under the applied version')
    .option('--map <map>', 'mapping file or preset, where the columns are not canonical')
    .action(performing(monitor, monitorText))
}

async function monitor(call: Invocation): Promise<Result<MonitoringResult>> {
  const acting = await actingOn(call, 'policy_candidate')
  if (!acting.ok) return acting
  const { actorId, ports, id } = acting.value
  const { outcomes, map } = call.options as unknown as { readonly outcomes: string; readonly map?: string }
  return monitorCandidate(ports, {
    actorId,
    candidateId: id,
    outcomesPath: outcomes,
    map: map ?? null,
  })
}
