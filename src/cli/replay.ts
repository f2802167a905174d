import type { Command } from 'commander'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { ReplayEngine } from '../domain/replay.ts'
import type { ReplayReport } from '../domain/replay-report.ts'
import { actorOf, type Invocation, performing } from './face.ts'
import { idNamed } from './latest.ts'
import { replayText, verifiedText } from './replay-text.ts'

export function register(parent: Command): void {
  parent
    .command('replay')
    .argument('<candidate>', 'id of a candidate, or latest')
    .description('run both policies over every quote of the history and report the difference')
    .option(
      '--engine <engine>',
      'columnar, sql, clickhouse or oracle; the report is the same (default: columnar)',
    )
    .option('--snapshot <snapshot>', 'another history than the candidate was found on; nothing is recorded')
    .option('--verify', 'derive the recorded replay again, by the oracle unless told otherwise, and compare')
    .action(
      performing(run, (report, call) => (isVerifying(call) ? verifiedText(report) : replayText(report))),
    )
}

const isVerifying = (call: Invocation): boolean =>
  (call.options as { readonly verify?: boolean }).verify === true

async function run(call: Invocation): Promise<Result<ReplayReport>> {
  const engine = engineNamed((call.options as { readonly engine?: string }).engine)
  if (!engine.ok) return engine
  const choice = engine.value === null ? {} : { engine: engine.value }
  const { snapshot } = call.options as { readonly snapshot?: string }
  if (snapshot !== undefined && isVerifying(call)) {
    return refuse(
      'bad_input',
      'a replay is verified on the snapshot it was recorded on',
      'leave `--snapshot` or `--verify` away',
    )
  }
  const ports = await call.ports()
  if (!ports.ok) return ports
  const named = await idNamed(ports.value, 'policy_candidate', call.arguments[0] as string)
  if (!named.ok) return named
  if (isVerifying(call)) {
    const { verifyReplay } = await import('../loop/replay-verify.ts')
    return verifyReplay(ports.value, { candidateId: named.value, ...choice })
  }
  if (snapshot !== undefined) {
    const { replayElsewhere } = await import('../loop/replay-elsewhere.ts')
    return replayElsewhere(ports.value, { candidateId: named.value, snapshot, ...choice })
  }
  const actor = actorOf(call)
  if (!actor.ok) return actor
  const { replayCandidate } = await import('../loop/replay.ts')
  return replayCandidate(ports.value, { actorId: actor.value, candidateId: named.value, ...choice })
}

const ENGINES: readonly ReplayEngine['name'][] = ['columnar', 'sql', 'clickhouse', 'oracle']

function engineNamed(name: string | undefined): Result<ReplayEngine['name'] | null> {
  if (name === undefined) return done(null)
  const engine = ENGINES.find(each => each === name)
  if (engine !== undefined) return done(engine)
  return refuse('bad_input', `there is no engine \`${name}\``, `use one of \`${ENGINES.join('`, `')}\``)
}
