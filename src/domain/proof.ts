import {
  type Appraisal,
  betterOf,
  bound,
  isSound,
  type KnownSettings,
  keyOf,
  type Proposal,
  type Proven,
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
): Promise<Proven | null> {
  const base = currentSetting(tunables)
  let standing = from
  while (standing !== null) {
    const { setting }: Appraisal = standing
    const changed = setting.flatMap((value, at) => (value === base[at] ? [] : [at]))
    const changes = await known.addedBy(setting, changed, base)
    const weakest = changes.reduce((least, next) => (bound(next.added) < bound(least.added) ? next : least))
    if (bound(weakest.added) > 0) return { appraisal: standing, changes }
    known.unproven.add(keyOf(setting))
    if (changed.length === 1) return null
    const [rest] = await known.of([setting.with(weakest.at, base[weakest.at] as number)])
    standing = rest !== undefined && isSound(rest) ? rest : null
  }
  return null
}

/** Settings that may fail their proof before what they change is left alone. */
const PROOFS_MAX = 3

/** The best of some settings whose changes at some places prove themselves given the others; few are tried. */
export async function firstProven(
  better: readonly Appraisal[],
  places: readonly number[],
  tunables: readonly Tunable[],
  known: KnownSettings,
): Promise<Appraisal | null> {
  const base = currentSetting(tunables)
  const ranked = [...better].sort((left, right) => (betterOf(left, right) === left ? -1 : 1))
  for (const next of ranked.slice(0, PROOFS_MAX)) {
    const changed = places.filter(at => next.setting[at] !== base[at])
    const changes = await known.addedBy(next.setting, changed, base)
    if (changes.every(({ added }) => bound(added) > 0)) return next
    known.unproven.add(keyOf(next.setting))
  }
  return null
}

/**
 * What a person would want to see beside the setting with the highest robust lower bound, as far as it exists, differs and
 * proves itself as well: the most expected margin, fewest approvals, fewest quotes disturbed, the best win rate, and the most
 * margin with as many approvals as before.
 */
export async function alternatives(
  tunables: readonly Tunable[],
  proven: Proven | null,
  known: KnownSettings,
): Promise<readonly Proposal[]> {
  const wishes: readonly [Proposal['kind'], (appraisal: Appraisal) => number][] = [
    ['most_margin', appraisal => -(appraisal.pointMicroCents ?? bound(appraisal))],
    ['fewest_approvals', appraisal => appraisal.approvalLoadDeltaBps ?? Number.POSITIVE_INFINITY],
    ['least_disturbance', appraisal => appraisal.impacted],
    ['best_win_rate', appraisal => -(appraisal.winRateDeltaBps ?? Number.NEGATIVE_INFINITY)],
    ['steady_approvals', appraisal => Math.abs(appraisal.approvalLoadDeltaBps ?? Number.POSITIVE_INFINITY)],
  ]
  const best = proven?.appraisal ?? null
  const taken = new Set(best === null ? [] : [keyOf(best.setting)])
  const found: Proposal[] = []
  for (const [kind, measure] of wishes) {
    const wished = mostWished(known, best, measure)
    if (wished === null || taken.has(keyOf(wished.setting))) continue
    const alternative = await prove(tunables, wished, known)
    if (alternative === null || taken.has(keyOf(alternative.appraisal.setting))) continue
    if (best !== null && measure(alternative.appraisal) >= measure(best)) continue
    taken.add(keyOf(alternative.appraisal.setting))
    found.push({ kind, ...alternative })
  }
  return found
}

/** The least by a measure among sound settings that keep a quarter of the best's bound, if it is less than the best's own. */
function mostWished(
  known: KnownSettings,
  best: Appraisal | null,
  measure: (appraisal: Appraisal) => number,
): Appraisal | null {
  const pool = known
    .all()
    .filter(isSound)
    .filter(appraisal => best === null || 4 * bound(appraisal) >= bound(best))
  if (pool.length === 0) return null
  const wished = pool.reduce((least, next) => {
    if (measure(next) === measure(least)) return betterOf(least, next)
    return measure(next) < measure(least) ? next : least
  })
  return best === null || measure(wished) < measure(best) ? wished : null
}
