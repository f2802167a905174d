import { ATTACK_NAMES, type AttackName, type AttackResult } from '../domain/attack.ts'
import { attackCandidate } from '../domain/attacks.ts'
import type { CorpusCase } from '../domain/corpus-case.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { ReplayEngine } from '../domain/replay.ts'
import { attackCaseOf } from './attack-scene.ts'
import type { Ports } from './ports.ts'

/** What one case of the red-team corpus came to. */
export interface CorpusResult {
  readonly name: string
  readonly attack: AttackName
  /** Whether the attack was blocked as the case says, and its harmless twin passed every attack. */
  readonly ok: boolean
  readonly attempt: AttackResult
  readonly attempt_blocking: readonly AttackName[]
  readonly twin_blocking: readonly AttackName[]
}

/** Tries every case on an engine, attack and harmless twin. Pure over its input: needs no installation and stores nothing. */
export async function tryCorpus(
  engine: ReplayEngine,
  cases: readonly CorpusCase[],
  progress: (done: number, total: number) => void = () => undefined,
): Promise<readonly CorpusResult[]> {
  const results: CorpusResult[] = []
  for (const [at, each] of cases.entries()) {
    progress(at, cases.length)
    const attempt = attackCandidate(await attackCaseOf(engine, each.scene))
    const twin = attackCandidate(await attackCaseOf(engine, each.twin))
    const own = attempt.attacks.find(result => result.attack === each.attack) as AttackResult
    results.push({
      name: each.name,
      attack: each.attack,
      ok: blockedAsExpected(each, own) && twin.passed,
      attempt: own,
      attempt_blocking: attempt.blocking,
      twin_blocking: twin.blocking,
    })
  }
  return results
}

/** Whether a result is the block that a case expects: measure, smallest set and order of contributors. */
export const blockedAsExpected = ({ expected }: CorpusCase, result: AttackResult): boolean =>
  result.outcome === 'blocked' &&
  result.measured === expected.measured &&
  sameNames(result.smallest_set, expected.smallest_set) &&
  sameNames(
    expected.contributors,
    result.contributors.map(({ key }) => key).slice(0, expected.contributors.length),
  )

const sameNames = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((name, at) => name === right[at])

/** The corpus as one answer, JSON names: what a build blocks, and what it no longer does. */
export interface RedTeamRun {
  readonly ok: boolean
  readonly cases: number
  readonly attacks: readonly { readonly attack: AttackName; readonly blocked: number; readonly of: number }[]
  /** Cases whose attack came through, was blocked for another reason than expected, or whose twin was blocked. */
  readonly failed: readonly CorpusResult[]
}

/** Tries the whole corpus on the columnar engine. Refuses audit_broken where a case fails: such a build guards nothing. */
export async function runRedTeam(
  ports: Pick<Ports, 'engine' | 'progress'>,
  cases: readonly CorpusCase[],
): Promise<Result<RedTeamRun>> {
  const engine = await ports.engine('columnar')
  const results = await tryCorpus(engine, cases, (tried, total) =>
    ports.progress('attacking', tried, total),
  ).finally(() => engine.close())
  const failed = results.filter(result => !result.ok)
  const attacks = ATTACK_NAMES.map(attack => {
    const own = results.filter(result => result.attack === attack)
    return { attack, blocked: own.filter(result => result.ok).length, of: own.length }
  })
  if (failed.length === 0) return done({ ok: true, cases: results.length, attacks, failed })
  return refuse(
    'audit_broken',
    `${failed.length} of ${results.length} attacks of the corpus are not met as they must be`,
    'apply nothing with this build; install an unaltered one and run `quotey policy-opt red-team` again',
    { failed: failed.map(({ name, attack, attempt }) => `${name} (${attack}): ${attempt.outcome}`) },
  )
}
