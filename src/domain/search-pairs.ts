import { type Appraisal, betterOf, isSound, type KnownSettings } from './appraisal.ts'
import { firstProven } from './proof.ts'
import { lineOf, type Tunable, valuesAround } from './tunables.ts'

/** How thoroughly to search where settings are appraised by the thousand. */
export interface Thoroughness {
  /**
   * Whether two tunables, by their places, can matter to one quote. Pairs that never meet are tried over their whole ranges,
   * because their settings cost next to nothing.
   */
  meet(left: number, right: number): boolean
  /** Values that a whole range is cut into at most. */
  readonly lineValues: number
}

/** Differences that a history can tell shrink with the root of its quotes; from the best of these the climb goes on value by value. */
export const lineValuesFor = (quotes: number): number =>
  Math.min(LINE_VALUES_MAX, Math.max(LINE_VALUES_MIN, Math.round(Math.sqrt(quotes) / 25)))
const LINE_VALUES_MIN = 9
const LINE_VALUES_MAX = 15

const REACH_STEPS = 2

/**
 * The best setting that differs from a given one in two tunables and proves both changes, or the given one. Pairs that never
 * meet are tried over their whole ranges, others near by.
 */
export async function tryPairs(
  tunables: readonly Tunable[],
  from: Appraisal,
  { meet, lineValues }: Thoroughness,
  known: KnownSettings,
): Promise<Appraisal> {
  let best = from
  const { setting } = from
  for (const left of tunables.keys()) {
    for (let right = left + 1; right < tunables.length; right += 1) {
      const valuesOf = (at: number): readonly number[] => {
        const tunable = tunables[at] as Tunable
        return meet(left, right)
          ? valuesAround(tunable, setting[at] as number, REACH_STEPS, false)
          : lineOf(tunable, lineValues)
      }
      const grid = valuesOf(left).flatMap(one =>
        valuesOf(right).map(other => setting.with(left, one).with(right, other)),
      )
      const better = (await known.of(grid)).filter(
        next => isSound(next) && betterOf(best, next) === next && next !== best,
      )
      best = (await firstProven(better, [left, right], tunables, known)) ?? best
    }
  }
  return best
}
