import type { Command } from 'commander'
import type { Result } from '../domain/refusal.ts'
import { type MonitoringResult, monitorCandidate } from '../loop/monitor.ts'
import { actorOf, type Invocation, performing } from './face.ts'
import { idNamed } from './latest.ts'
import { monitorText } from './monitor-text.ts'

export function register(parent: Command): void {
  parent
    .command('monitor')
    .description('take in outcomes of an applied candidate and set them against its promise')
    .argument('<candidate>', 'an applied candidate')
    .requiredOption('--outcomes <file>', 'CSV or Parquet of quotes decided under the applied version')
    .option('--map <map>', 'mapping file or preset, where the columns are not canonical')
    .action(performing(monitor, monitorText))
}

async function monitor(call: Invocation): Promise<Result<MonitoringResult>> {
  const actor = actorOf(call)
  if (!actor.ok) return actor
  const ports = await call.ports()
  if (!ports.ok) return ports
  const named = await idNamed(ports.value, 'policy_candidate', call.arguments[0] as string)
  if (!named.ok) return named
  const { outcomes, map } = call.options as unknown as { readonly outcomes: string; readonly map?: string }
  return monitorCandidate(ports.value, {
    actorId: actor.value,
    candidateId: named.value,
    outcomesPath: outcomes,
    map: map ?? null,
  })
}
