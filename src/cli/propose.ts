import type { Command } from 'commander'
import { readTextFile } from '../adapters/files.ts'
import { readDiffText } from '../domain/diff-text.ts'
import type { CandidateDiff } from '../domain/policy.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import { type ProposeOutput, propose } from '../loop/propose.ts'
import { actorOf, type Invocation, performing } from './face.ts'
import { proposeText } from './propose-text.ts'

export function register(parent: Command): void {
  parent
    .command('propose')
    .description('look for a better policy, or make a candidate of a change you bring')
    .option('--snapshot <snapshot>', 'id, digest or a prefix of one (default: the newest)')
    .option('--from <diff>', 'a file with your own change, JSON or YAML')
    .option('--revert <apply>', 'take the change of an earlier apply back')
    .action(performing(run, proposeText))
}

async function run(call: Invocation): Promise<Result<ProposeOutput>> {
  const {
    snapshot = null,
    from = null,
    revert = null,
  } = call.options as Readonly<Partial<Record<'snapshot' | 'from' | 'revert', string>>>
  if (from !== null && revert !== null) {
    return refuse('bad_input', 'both `--from` and `--revert` are given', 'pass one of them')
  }
  const actor = actorOf(call)
  if (!actor.ok) return actor
  const fromDiff = from === null ? done(null) : await diffIn(from)
  if (!fromDiff.ok) return fromDiff
  const ports = await call.ports()
  if (!ports.ok) return ports
  return propose(ports.value, {
    actorId: actor.value,
    snapshot,
    fromDiff: fromDiff.value,
    revertApply: revert,
  })
}

async function diffIn(path: string): Promise<Result<CandidateDiff>> {
  const text = await readTextFile(path)
  return text.ok ? readDiffText(text.value) : text
}
