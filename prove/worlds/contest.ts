import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import { type Appraisal, type Appraise, bound, isSound } from '../../src/domain/appraisal.ts'
import { simulateQuotes } from '../../src/domain/market.ts'
import { RandomStream } from '../../src/domain/market-random.ts'
import type { CheckedPolicy } from '../../src/domain/policy.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import { fitResponse } from '../../src/domain/response-fit.ts'
import { searchPolicies } from '../../src/domain/search.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { currentSetting, type Setting, type Tunable, valuesOf } from '../../src/domain/tunables.ts'
import { appraiserOf, settingsOf, thoroughnessOf } from '../../src/loop/optimise.ts'
import { columnsOfQuotes } from '../../test/support/quote-columns.ts'
import { drawWorld } from './family.ts'

/** Bounds, in millionths of a cent a quote, that the search and its rival reached in one world; 0 where nothing was proven. */
export interface Contest {
  readonly searched: number
  readonly reached: number
  readonly rivalTried: number
  readonly rivalReached: number
}

/** How much work a rival may do: every setting, or so many times as many settings as the search tried. */
export type Rival = { readonly kind: 'exhaustive' } | { readonly kind: 'random'; readonly factor: number }

/**
 * Searches one simulated world and lets a rival look for the same: the highest robust lower bound of a sound setting whose
 * every change proves itself given the others. `grid` narrows the ranges to three parameters of seven values. null where no
 * model can be fitted.
 */
export async function contestIn(seed: number, number: number, rival: Rival): Promise<Contest | null> {
  const drawn = await drawWorld(seed, number, 'first')
  const truth = { ...drawn.truth, quotes: 3000 }
  const columns = columnsOfQuotes(simulateQuotes(truth, drawn.policy))
  const { thin_segment_quotes, sensitivity_offset_share } = DEFAULT_THRESHOLDS.evidence
  const fit = fitResponse(columns, {
    thinSegmentQuotes: thin_segment_quotes,
    sensitivityOffsetShare: sensitivity_offset_share,
  })
  if (fit.kind === 'unfittable') return null
  const base = rival.kind === 'exhaustive' ? onSmallGrid(drawn.policy) : drawn.policy
  const engine = columnarEngine()
  const ground = {
    snapshotDigest: 'sha256:simulated',
    columns,
    base,
    model: fit.model,
    thresholds: DEFAULT_THRESHOLDS,
  } as const
  const settings = settingsOf(engine, ground)
  const appraise = appraiserOf(engine, ground, settings)
  const { proposals, searched, tunables } = await searchPolicies(base.document, appraise, {
    thorough: settings === null ? null : thoroughnessOf(settings, ground),
  })
  const rivals =
    rival.kind === 'exhaustive'
      ? everySetting(tunables)
      : randomSettings(tunables, rival.factor * searched, new RandomStream(seed, 104, number))
  const rivalReached = await bestProven(rivals, currentSetting(tunables), appraise)
  await engine.close()
  return {
    searched,
    reached: Math.max(0, ...proposals.map(({ appraisal }) => bound(appraisal))),
    rivalTried: rivals.length,
    rivalReached,
  }
}

const GRID_PARAMETERS = 3
const GRID_STEPS = 3

/** The same policy with ranges on its first parameters alone, three wide steps to either side. */
function onSmallGrid(policy: CheckedPolicy): CheckedPolicy {
  let left = GRID_PARAMETERS
  const rules = policy.document.rules.map(({ tune, ...rule }) => {
    const [parameter, range] = Object.entries(tune ?? {})[0] ?? []
    if (parameter === undefined || range === undefined || left === 0) return rule
    left -= 1
    const current = rule.params?.[parameter] ?? range.min
    const step = 2 * range.step
    const narrowed = { min: current - GRID_STEPS * step, max: current + GRID_STEPS * step, step }
    return { ...rule, tune: { [parameter]: { ...narrowed, min: Math.max(0, narrowed.min) } } }
  })
  const checked = checkPolicy({ ...policy.document, rules })
  if (!checked.ok) throw new Error(checked.refusal.message)
  return checked.value
}

const everySetting = (tunables: readonly Tunable[]): readonly Setting[] =>
  tunables.reduce<readonly Setting[]>(
    (settings, tunable) => settings.flatMap(setting => valuesOf(tunable).map(value => [...setting, value])),
    [[]],
  )

/** Settings that move one to all parameters to any of their values. */
function randomSettings(
  tunables: readonly Tunable[],
  count: number,
  stream: RandomStream,
): readonly Setting[] {
  const base = currentSetting(tunables)
  const drawn = Array.from({ length: count }, () => {
    const moved = (1 + Math.floor(stream.uniform() * tunables.length)) / tunables.length
    return tunables.map((tunable, at) => {
      if (stream.uniform() > moved) return base[at] as number
      const values = valuesOf(tunable)
      return values[Math.floor(stream.uniform() * values.length)] as number
    })
  })
  return [...new Map(drawn.map(setting => [setting.join(), setting])).values()]
}

/** The highest bound among sound settings whose every change adds a bound above zero to the others. */
async function bestProven(settings: readonly Setting[], base: Setting, appraise: Appraise): Promise<number> {
  const sound = (await appraise(settings, null)).filter(isSound)
  for (const { setting, ...appraisal } of sound.sort((left, right) => bound(right) - bound(left))) {
    const changed = setting.flatMap((value, at) => (value === base[at] ? [] : [at]))
    const added: Appraisal[] = []
    for (const at of changed) {
      added.push(...(await appraise([setting], setting.with(at, base[at] as number))))
      if (bound(added.at(-1) as Appraisal) <= 0) break
    }
    if (added.every(part => bound(part) > 0)) return bound({ setting, ...appraisal })
  }
  return 0
}
