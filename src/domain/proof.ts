import {
  type Appraisal,
  betterOf,
  bound,
  isSound,
  type KnownSettings,
  keyOf,
  type Proposal,
} from './appraisal.ts'
import { currentSetting, type Tunable } from './tunables.ts'

/**
 * Takes back, one at a time and the weakest first, every change that does not add a robust lower bound above zero to the rest;
 * what remains must still be sound. null where nothing remains.
 */
export async function prove(
  tunables: readonly Tunable[],
  from: Appraisal | null,
  known: KnownSettings,
): Promise<Appraisal | null> {
  const base = currentSetting(tunables)
  let standing = from
  while (standing !== null) {
    const { setting } = standing
    const changed = setting.flatMap((value, at) => (value === base[at] ? [] : [at]))
    const added = await known.addedBy(setting, changed, base)
    const weakest = added.reduce((least, next) => (bound(next) < bound(least) ? next : least))
    if (bound(weakest) > 0n) return standing
    known.unproven.add(keyOf(setting))
    if (changed.length === 1) return null
    const at = changed[added.indexOf(weakest)] as number
    const [rest] = await known.of([setting.with(at, base[at] as number)])
    standing = rest !== undefined && isSound(rest) ? rest : null
  }
  return null
}

/** Two further proposals a person would want to see, if they exist, differ and prove themselves as well. */
export async function alternatives(
  tunables: readonly Tunable[],
  best: Appraisal | null,
  known: KnownSettings,
): Promise<readonly Proposal[]> {
  const wishes: readonly [Proposal['kind'], (appraisal: Appraisal) => number][] = [
    ['fewest_approvals', appraisal => appraisal.approvalLoadDeltaBps ?? Number.POSITIVE_INFINITY],
    ['least_disturbance', appraisal => appraisal.impacted],
  ]
  const taken = new Set(best === null ? [] : [keyOf(best.setting)])
  const found: Proposal[] = []
  for (const [kind, measure] of wishes) {
    const pool = known
      .all()
      .filter(isSound)
      .filter(appraisal => best === null || 4n * bound(appraisal) >= bound(best))
    if (pool.length === 0) continue
    const wished = pool.reduce((least, next) =>
      measure(next) === measure(least)
        ? betterOf(least, next)
        : measure(next) < measure(least)
          ? next
          : least,
    )
    const better = best === null || measure(wished) < measure(best)
    const proven = better && !taken.has(keyOf(wished.setting)) ? await prove(tunables, wished, known) : null
    if (proven === null || taken.has(keyOf(proven.setting))) continue
    taken.add(keyOf(proven.setting))
    found.push({ kind, appraisal: proven })
  }
  return found
}
