import {
  type Appraisal,
  type Appraise,
  betterOf,
  bound,
  isSound,
  KnownSettings,
  type NotProposed,
  type Proposal,
  type Proven,
} from './appraisal.ts'
import { countNotProposed, frontierOf } from './frontier.ts'
import type { MicroCents } from './judgement.ts'
import type { PolicyDocument } from './policy.ts'
import { alternatives, firstProven, prove } from './proof.ts'
import { type Thoroughness, tryPairs } from './search-pairs.ts'
import { currentSetting, lineOf, TUNABLES_MAX, type Tunable, tunablesOf, valuesAround } from './tunables.ts'

export interface SearchOutcome {
  readonly tunables: readonly Tunable[]
  readonly searched: number
  /** Proposals, as far as they differ: see `listed`. */
  readonly proposals: readonly Proposal[]
  /** Every setting that may be proposed as a whole, none of them worse in everything than another; most margin first. */
  readonly frontier: readonly Appraisal[]
  readonly notProposed: readonly NotProposed[]
}

/** How a search goes about it. */
export interface SearchManner {
  readonly progress?: (appraised: number) => void
  /** Given where settings are appraised by the thousand: then whole ranges and pairs of tunables are tried. */
  readonly thorough?: Thoroughness | null
}

const SWEEPS_MAX = 3
const REACH_STEPS = 16
/** Rounds of trying pairs and climbing on from what they find. */
const ROUNDS_MAX = 2
const PROPOSALS_MAX = 5

/**
 * Looks for the setting of the declared tunables with the highest robust lower bound: every tunable alone, then coordinate
 * ascent, coarse and then fine, the tunable with the greatest gain of its own first, then pairs of tunables around the best,
 * where one alone is held back by a limit that both share; a thorough search climbs a second time, the least gain first, as
 * another way may lead higher. Deterministic. Then every change must prove itself given the others, and those that do not are
 * taken back until what remains stands. All on all quotes, because holding some out costs a third of the power and buys no
 * safety (DESIGN section 7).
 */
export async function searchPolicies(
  document: PolicyDocument,
  appraise: Appraise,
  { progress = () => undefined, thorough = null }: SearchManner = {},
): Promise<SearchOutcome> {
  const declared = tunablesOf(document)
  const tunables = declared.slice(0, TUNABLES_MAX)
  if (tunables.length === 0) {
    return { tunables, searched: 0, proposals: [], frontier: [], notProposed: [noTunables] }
  }
  const known = new KnownSettings(appraise, progress)
  const climb = { tunables, known, lineValues: thorough?.lineValues ?? 0 }
  const order = await byOwnGain(climb)
  let proven: Proven | null = null
  for (const each of thorough === null ? [order] : [order, order.toReversed()]) {
    const next = await prove(tunables, await climbPairs(climb, each, thorough), known)
    if (next !== null && (proven === null || betterOf(proven.appraisal, next.appraisal) === next.appraisal)) {
      proven = next
    }
  }
  proven ??= await bestAlone(tunables, known)
  const proposals = listed(proven, await alternatives(tunables, proven, known))
  return {
    tunables,
    searched: known.all().length,
    proposals,
    frontier: frontierOf(known),
    notProposed: [...countNotProposed(known, proposals), ...beyondReach(declared.length)],
  }
}

/** At most five, the most margin first and then the surest; of one setting that is both, the most margin is said. */
function listed(surest: Proven | null, others: readonly Proposal[]): readonly Proposal[] {
  const richer = others.filter(({ kind }) => kind === 'most_margin')
  const rest = others.filter(({ kind }) => kind !== 'most_margin')
  const kind = richer.length > 0 ? 'surest_margin' : 'most_margin'
  return [...richer, ...(surest === null ? [] : [{ kind, ...surest } as const]), ...rest].slice(
    0,
    PROPOSALS_MAX,
  )
}

const noTunables: NotProposed = { reason: 'no_tunables', count: 0 }

const beyondReach = (declared: number): readonly NotProposed[] =>
  declared > TUNABLES_MAX ? [{ reason: 'too_many_tunables', count: declared - TUNABLES_MAX }] : []

/** What a climb works on. `lineValues`: so many values of a range are tried from end to end. */
interface Climb {
  readonly tunables: readonly Tunable[]
  readonly known: KnownSettings
  readonly lineValues: number
}

/** Climbs by single tunables and, where the search is thorough, by pairs around what that reached; null: nothing sound. */
async function climbPairs(
  climb: Climb,
  order: readonly number[],
  thorough: Thoroughness | null,
): Promise<Appraisal | null> {
  let best = await ascend(climb, order, null)
  for (let round = 0; thorough !== null && best !== null && round < ROUNDS_MAX; round += 1) {
    const paired: Appraisal = await tryPairs(climb.tunables, best, thorough, climb.known)
    if (paired === best) break
    best = await ascend(climb, order, paired)
  }
  return best
}

/** Values of a tunable to try first: near and far around the current one, and from end to end. */
function farValues(tunable: Tunable, lineValues: number): readonly number[] {
  const around = valuesAround(tunable, tunable.current, REACH_STEPS, true)
  return lineValues === 0 ? around : [...new Set([...around, ...lineOf(tunable, lineValues)])]
}

/** Tries every tunable alone; their positions, the greatest gain first, those without a sound value last. */
async function byOwnGain({ tunables, known, lineValues }: Climb): Promise<readonly number[]> {
  const base = currentSetting(tunables)
  const settings = tunables.map((tunable, at) =>
    farValues(tunable, lineValues).map(value => base.with(at, value)),
  )
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

/** Coordinate ascent, from the base or from a better setting; null where no sound setting was met. */
async function ascend(
  climb: Climb,
  order: readonly number[],
  from: Appraisal | null,
): Promise<Appraisal | null> {
  let best = from
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep += 1) {
    const before: Appraisal | null = best
    for (const at of order) best = await improve(climb, at, best)
    if (best === before) break
  }
  return best
}

/**
 * A better value of one tunable, the others held: values far and near, then ever closer around the best. A value other than
 * the current one must prove itself given the others at once, or the ascent would build on what is taken back later.
 */
async function improve(
  { tunables, known, lineValues }: Climb,
  at: number,
  from: Appraisal | null,
): Promise<Appraisal | null> {
  const tunable = tunables[at] as Tunable
  const start = from?.setting ?? currentSetting(tunables)
  let best = from
  const tryValues = async (values: readonly number[]): Promise<void> => {
    const tried = await known.of(values.map(value => start.with(at, value)))
    const better = tried.filter(next => isSound(next) && (best === null || betterOf(best, next) === next))
    best = (await firstProven(better, [at], tunables, known)) ?? best
  }
  const far = [tunable.current, ...farValues(tunable, lineValues)]
  await tryValues(far.filter(value => value !== start[at]))
  for (let reach = REACH_STEPS / 4; reach >= 1 && best !== null; reach /= 4) {
    await tryValues(valuesAround(tunable, best.setting[at] as number, reach, false))
  }
  return best
}
