import { Chance } from './interleavings/chance.ts'
import { type Ground, groundOf, STORES } from './interleavings/ground.ts'
import { emptyTally, playMatch, type Tally } from './interleavings/match.ts'
import type { ProofOptions } from './main.ts'

/** Interleavings on one database before a fresh one is taken. */
const ROUNDS_PER_DATABASE = 100

/** What must have happened for the proof to mean anything. */
const MUST_OCCUR = [
  'apply done',
  'apply base_version_moved',
  'apply safety_pause_active',
  'rollback done',
  'pause done',
  'release done',
  'decide done',
  'decide safety_pause_active',
] as const

/**
 * Random interleavings of apply, rollback, pause, release and decide by three processes on one database, some killed at random
 * moments. After each, the state must be what the log implies: no apply or approval between pause and release, one winner per
 * base version, epochs without gap, nothing lost that was promised; every 25 the whole audit is verified. Options: `--rounds`
 * (2000), `--seed` (1), `--store` (`sqlite`, or `postgres` for a server of its own).
 */
export async function prove(options: ProofOptions): Promise<boolean> {
  const rounds = Number(options.rounds ?? 2000)
  const seed = Number(options.seed ?? 1)
  const store = STORES.find(name => name === (options.store ?? 'sqlite'))
  if (store === undefined) throw new Error(`no store \`${options.store}\`; there are: ${STORES.join(', ')}`)
  await using ground = await groundOf(store)
  const tally = await interleave(rounds, seed, ground, done => console.log(`  ${done} of ${rounds}`))
  console.log(accountOf(tally, seed))
  const missing = MUST_OCCUR.filter(word => (tally.ended[word] ?? 0) === 0)
  if (missing.length > 0) console.log(`never happened: ${missing.join(', ')}`)
  return tally.violations.length === 0 && missing.length === 0 && tally.interleavings === rounds
}

/** Plays so many interleavings on that ground and returns what was seen. */
export async function interleave(
  rounds: number,
  seed: number,
  ground: Ground,
  progress: (done: number) => void = () => undefined,
): Promise<Tally> {
  const tally = emptyTally()
  const chance = new Chance(seed)
  for (let played = 0; played < rounds; ) {
    const now = Math.min(ROUNDS_PER_DATABASE, rounds - played)
    await playMatch(await ground.prepare(), now, chance, tally)
    played += now
    progress(played)
  }
  return tally
}

function accountOf(tally: Tally, seed: number): string {
  const counted = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([word, count]) => `${word} ${count}`)
      .join(' · ')
  return [
    `seed ${seed}: ${tally.interleavings} interleavings, ${tally.errands} errands by 3 processes`,
    `${tally.killed} processes killed, ${tally.unanswered} errands left unanswered by that`,
    `${tally.promises} things that a process was told are done, each looked for after every later round`,
    `${tally.contested} rounds with two applies on one base, won by one of them in ${tally.contestsWon}`,
    `ended: ${counted(tally.ended)}`,
    `events: ${counted(tally.events)}`,
    `violations: ${tally.violations.length} (limit 0)`,
    ...tally.violations.slice(0, 20).map(what => `  ${what}`),
  ].join('\n')
}
