import { runRedTeam } from './attack-corpus.ts'
import type { Ports } from './ports.ts'
import type { ValidationCheck } from './validate.ts'

/** The build in use meets every attack of the corpus as it must; the rehearsal tries one on the active policy itself. */
export async function corpusHolds(
  ports: Pick<Ports, 'attackCorpus' | 'engine' | 'progress'>,
): Promise<ValidationCheck> {
  const line = (ok: boolean, proof: string): ValidationCheck => ({
    name: 'red_team_corpus_is_blocked_and_its_harmless_twins_pass',
    kind: 'control',
    ok,
    proof,
  })
  const corpus = await ports.attackCorpus()
  if (!corpus.ok) return line(false, corpus.refusal.message)
  const run = await runRedTeam(ports, corpus.value)
  if (run.ok) return line(true, `${run.value.cases} attacks are blocked, and their harmless twins pass`)
  return line(false, `${run.refusal.message}: ${JSON.stringify(run.refusal.facts.failed)}`)
}
