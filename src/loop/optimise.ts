import type { Appraisal, Appraise } from '../domain/appraisal.ts'
import { appraisalOf, type ReplayedSetting, screened } from '../domain/appraise.ts'
import { judgeGuardrails } from '../domain/guardrails.ts'
import type { CheckedPolicy } from '../domain/policy.ts'
import { checkPolicy } from '../domain/policy-check.ts'
import type { QuoteColumns } from '../domain/quote.ts'
import { type ReplayEngine, type ReplaySums, WHOLE_SNAPSHOT } from '../domain/replay.ts'
import { groupIntervals, replayIntervals, responseIntervals } from '../domain/replay-measures.ts'
import type { ReplayIntervals } from '../domain/replay-report.ts'
import type { ResponseModel } from '../domain/response.ts'
import { type SearchOutcome, searchPolicies } from '../domain/search.ts'
import { lineValuesFor, type Thoroughness } from '../domain/search-pairs.ts'
import type { SettingSums, SettingsReplay } from '../domain/settings.ts'
import type { Thresholds } from '../domain/thresholds.ts'
import { type Setting, TUNABLES_MAX, tunablesOf, withSetting } from '../domain/tunables.ts'
import type { Digest } from '../domain/units.ts'
import type { Progress } from './ports.ts'

/** Candidates in one pass over the quotes: enough to share the base's evaluation, few enough to show progress. */
const BATCH = 32

/** What the progress bar reckons with, by replays and by classes of rows; a search ends when it ends. */
const REPLAYS_EXPECTED = 300
const SETTINGS_EXPECTED = 10_000

/** What a change is replayed on. */
export interface ReplayGround {
  readonly snapshotDigest: Digest
  readonly columns: QuoteColumns
  readonly base: CheckedPolicy
  /** null where history supports none. */
  readonly model: ResponseModel | null
  readonly thresholds: Thresholds
}

/** Searches the declared ranges of the base policy on all quotes of the snapshot. Without a model nothing can be proven. */
export async function optimise(
  engine: ReplayEngine,
  ground: ReplayGround,
  progress: Progress,
): Promise<SearchOutcome> {
  const byClasses = settingsOf(engine, ground)
  const expected = byClasses === null ? REPLAYS_EXPECTED : SETTINGS_EXPECTED
  const outcome = await searchPolicies(ground.base.document, appraiserOf(engine, ground, byClasses), {
    progress: appraised => progress('searching policies', Math.min(appraised, expected - 1), expected),
    thorough: byClasses === null ? null : thoroughnessOf(byClasses, ground),
  })
  progress('searching policies', expected, expected)
  return outcome
}

/** Settings of the base's declared ranges by the thousand; null where the engine replays policy by policy. */
export const settingsOf = (
  engine: ReplayEngine,
  { columns, base, model }: ReplayGround,
): SettingsReplay | null =>
  engine.settings?.({
    columns,
    base,
    tunables: tunablesOf(base.document).slice(0, TUNABLES_MAX),
    model,
  }) ?? null

export const thoroughnessOf = (byClasses: SettingsReplay, { columns }: ReplayGround): Thoroughness => ({
  meet: (left, right) => byClasses.meet(left, right),
  lineValues: lineValuesFor(columns.rows),
})

/** Appraises settings of the base's declared ranges by replay over all quotes of the snapshot. */
export function appraiserOf(
  engine: ReplayEngine,
  ground: ReplayGround,
  byClasses: SettingsReplay | null = settingsOf(engine, ground),
): Appraise {
  const { thresholds, model } = ground
  const { document } = ground.base
  const tunables = tunablesOf(document).slice(0, TUNABLES_MAX)
  const policyOf = (setting: Setting): CheckedPolicy => {
    const checked = checkPolicy(withSetting(document, tunables, setting))
    if (!checked.ok) throw new Error(`a declared range leads to no policy: ${checked.refusal.message}`)
    return checked.value
  }
  const replayed = async (
    settings: readonly Setting[],
    against: CheckedPolicy,
    fits: ResponseModel | null,
  ): Promise<readonly ReplayedSetting[]> => {
    const found: ReplayedSetting[] = []
    for (let from = 0; from < settings.length; from += BATCH) {
      const batch = settings.slice(from, from + BATCH)
      const sums = await replay(engine, { ...ground, base: against, model: fits }, batch.map(policyOf))
      found.push(...sums.map((each, at) => replayedAs(batch[at] as Setting, each, fits, thresholds)))
    }
    return found
  }
  const fully = async (settings: readonly Setting[], against: CheckedPolicy): Promise<readonly Appraisal[]> =>
    (await replayed(settings, against, model)).map(each =>
      appraisalOf(each, model, tunables.length, thresholds),
    )
  if (byClasses !== null) {
    return async (settings, against) =>
      byClasses.sums(settings, against).map((sums, at) => {
        const setting = settings[at] as Setting
        const byGroups = groupIntervals(sums)
        const replayed = (of: SettingSums, fits: ResponseModel | null): ReplayedSetting =>
          judgedBy(setting, of, { ...byGroups, ...responseIntervals(of, fits) }, thresholds)
        // The same question first as below, so that what is found does not hang on the engine.
        const settled =
          against === null ? screened(replayed(ofFullFit(sums), fullFitAlone(model)), thresholds) : null
        return settled ?? appraisalOf(replayed(sums, model), model, tunables.length, thresholds)
      })
  }
  return async (settings, against) => {
    // A proof is asked for its bound, whatever stands against the whole, so nothing can be left out there.
    if (against !== null) return fully(settings, policyOf(against))
    const first = (await replayed(settings, ground.base, fullFitAlone(model))).map(each =>
      screened(each, thresholds),
    )
    const open = await fully(
      settings.filter((_, at) => first[at] === null),
      ground.base,
    )
    const rest = open[Symbol.iterator]()
    return first.map(settled => settled ?? (rest.next().value as Appraisal))
  }
}

const fullFitAlone = (model: ResponseModel | null): ResponseModel | null =>
  model === null ? null : { ...model, fits: model.fits.slice(0, 1), groups_used: [] }

const ofFullFit = (sums: SettingSums): SettingSums => ({
  ...sums,
  response: sums.response === null ? null : sums.response.slice(0, 1),
})

const replayedAs = (
  setting: Setting,
  sums: SettingSums,
  model: ResponseModel | null,
  thresholds: Thresholds,
): ReplayedSetting => judgedBy(setting, sums, replayIntervals(sums, model), thresholds)

function judgedBy(
  setting: Setting,
  sums: SettingSums,
  intervals: ReplayIntervals,
  thresholds: Thresholds,
): ReplayedSetting {
  const verdict = judgeGuardrails(intervals, thresholds.guardrails)
  return { setting, sums, intervals, guardrailCodes: verdict.blocks.map(block => block.code) }
}

/** Replays candidates against the base over the whole snapshot. */
export const replay = (
  engine: ReplayEngine,
  { snapshotDigest, columns, base, model }: ReplayGround,
  candidates: readonly CheckedPolicy[],
): Promise<readonly ReplaySums[]> =>
  engine.evaluate({ snapshotDigest, columns, base, candidates, scope: WHOLE_SNAPSHOT, model })
