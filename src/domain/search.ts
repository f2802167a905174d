import {
  type Appraisal,
  type Appraise,
  betterOf,
  bound,
  isSound,
  KnownSettings,
  keyOf,
  type NotProposed,
  type Proposal,
  type Proven,
} from './appraisal.ts'
import { countNotProposed, frontierOf } from './frontier.ts'
import type { MicroCents } from './judgement.ts'
import type { PolicyDocument } from './policy.ts'
import { alternatives, prove } from './proof.ts'
import { currentSetting, TUNABLES_MAX, type Tunable, tunablesOf, valuesAround } from './tunables.ts'

export interface SearchOutcome {
  readonly tunables: readonly Tunable[]
  readonly searched: number
  /** Proposals, the most margin first, then fewest approvals, then least disturbance, as far as they differ. */
  readonly proposals: readonly Proposal[]
  /** Every setting that may be proposed as a whole, none of them worse in everything than another; most margin first. */
  readonly frontier: readonly Appraisal[]
  readonly notProposed: readonly NotProposed[]
}

const SWEEPS_MAX = 3
const REACH_STEPS = 16
/** Values of one tunable that may fail their proof before the tunable is left alone. */
const PROOFS_MAX = 3

/**
 * Looks for the setting of the declared tunables with the highest robust lower bound: every tunable alone, then coordinate
 * ascent, coarse and then fine, the tunable with the greatest gain of its own first. Deterministic. Then every change must
 * prove itself given the others, and those that do not are taken back until what remains stands. All on all quotes, because
 * holding some out costs a third of the power and buys no safety (DESIGN section 7).
 */
export async function searchPolicies(
  document: PolicyDocument,
  appraise: Appraise,
  progress: (appraised: number) => void = () => undefined,
): Promise<SearchOutcome> {
  const declared = tunablesOf(document)
  const tunables = declared.slice(0, TUNABLES_MAX)
  if (tunables.length === 0) {
    return { tunables, searched: 0, proposals: [], frontier: [], notProposed: [noTunables] }
  }
  const known = new KnownSettings(appraise, progress)
  const order = await byOwnGain(tunables, known)
  const best = await ascend(tunables, order, known)
  const proven = (await prove(tunables, best, known)) ?? (await bestAlone(tunables, known))
  const proposals = [
    ...(proven === null ? [] : [{ kind: 'most_margin' as const, ...proven }]),
    ...(await alternatives(tunables, proven, known)),
  ]
  return {
    tunables,
    searched: known.all().length,
    proposals,
    frontier: frontierOf(known),
    notProposed: [...countNotProposed(known, proposals), ...beyondReach(declared.length)],
  }
}

const noTunables: NotProposed = { reason: 'no_tunables', count: 0 }

const beyondReach = (declared: number): readonly NotProposed[] =>
  declared > TUNABLES_MAX ? [{ reason: 'too_many_tunables', count: declared - TUNABLES_MAX }] : []

/** Tries every tunable alone; their positions, the greatest gain first, those without a sound value last. */
async function byOwnGain(tunables: readonly Tunable[], known: KnownSettings): Promise<readonly number[]> {
  const base = currentSetting(tunables)
  const settings = tunables.map((tunable, at) =>
    valuesAround(tunable, tunable.current, REACH_STEPS, true).map(value => base.with(at, value)),
  )
  await known.of(settings.flat())
  const gains: { readonly at: number; readonly gain: MicroCents }[] = []
  for (const [at, tried] of settings.entries()) {
    const sound = (await known.of(tried)).filter(isSound)
    const best = sound.length === 0 ? null : sound.reduce(betterOf)
    gains.push({ at, gain: best === null ? 0 : bound(best) })
  }
  return gains.sort((left, right) => right.gain - left.gain || left.at - right.at).map(({ at }) => at)
}

/** The best sound setting with a single change, which is its own proof. */
async function bestAlone(tunables: readonly Tunable[], known: KnownSettings): Promise<Proven | null> {
  const base = currentSetting(tunables)
  const alone = known
    .all()
    .filter(isSound)
    .filter(({ setting }) => setting.filter((value, at) => value !== base[at]).length === 1)
  return alone.length === 0 ? null : prove(tunables, alone.reduce(betterOf), known)
}

/** Coordinate ascent from the base; null where no sound setting was met. */
async function ascend(
  tunables: readonly Tunable[],
  order: readonly number[],
  known: KnownSettings,
): Promise<Appraisal | null> {
  let best: Appraisal | null = null
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep += 1) {
    const before: Appraisal | null = best
    for (const at of order) best = await improve(tunables, at, best, known)
    if (best === before) break
  }
  return best
}

/**
 * A better value of one tunable, the others held: values far and near, then ever closer around the best. A value other than
 * the current one must prove itself given the others at once, or the ascent would build on what is taken back later.
 */
async function improve(
  tunables: readonly Tunable[],
  at: number,
  from: Appraisal | null,
  known: KnownSettings,
): Promise<Appraisal | null> {
  const tunable = tunables[at] as Tunable
  const start = from?.setting ?? currentSetting(tunables)
  let best = from
  const tryValues = async (values: readonly number[]): Promise<void> => {
    const tried = await known.of(values.map(value => start.with(at, value)))
    const better = tried.filter(next => isSound(next) && (best === null || betterOf(best, next) === next))
    best = (await firstProven(better, at, tunable.current, known)) ?? best
  }
  const far = [tunable.current, ...valuesAround(tunable, tunable.current, REACH_STEPS, true)]
  await tryValues(far.filter(value => value !== start[at]))
  for (let reach = REACH_STEPS / 4; reach >= 1 && best !== null; reach /= 4) {
    await tryValues(valuesAround(tunable, best.setting[at] as number, reach, false))
  }
  return best
}

/** The best of some settings whose change at one place proves itself given the others; few are tried. */
async function firstProven(
  better: readonly Appraisal[],
  at: number,
  current: number,
  known: KnownSettings,
): Promise<Appraisal | null> {
  const ranked = [...better].sort((left, right) => (betterOf(left, right) === left ? -1 : 1))
  for (const next of ranked.slice(0, PROOFS_MAX)) {
    if (next.setting[at] === current) return next
    const [change] = await known.addedBy(next.setting, [at], next.setting.with(at, current))
    if (change !== undefined && bound(change.added) > 0) return next
    known.unproven.add(keyOf(next.setting))
  }
  return null
}
