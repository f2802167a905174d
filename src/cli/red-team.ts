import type { Command } from 'commander'
import type { RedTeamRun } from '../loop/attack-corpus.ts'
import { type Invocation, performing } from './face.ts'
import { progressBar } from './progress.ts'

export function register(parent: Command): void {
  parent
    .command('red-team')
    .description('try every attack of the shipped corpus, and its harmless twin, against this build')
    .action(performing(redTeam, redTeamText))
}

async function redTeam(call: Invocation) {
  const { attackCorpusFiles } = await import('../adapters/attack-corpus-files.ts')
  const cases = await attackCorpusFiles()
  if (!cases.ok) return cases
  const { composeEvidence } = await import('../compose.ts')
  const { runRedTeam } = await import('../loop/attack-corpus.ts')
  return runRedTeam(composeEvidence(call.config, progressBar()), cases.value)
}

const redTeamText = ({ cases, attacks }: RedTeamRun): string =>
  [
    `${cases} attacks are blocked, and their harmless twins pass`,
    ...attacks.map(({ attack, blocked, of }) => `  ${attack.padEnd(26)}${blocked} of ${of}`),
  ].join('\n')
