import type { PolicyDocument, Rule, RuleDiff, TuneRange } from './policy.ts'

/** At most so many tunables are searched at once: the frozen model has Student's quantiles for these levels. */
export const TUNABLES_MAX = 40

/** A parameter the optimizer may move. */
export interface Tunable {
  readonly ruleId: string
  readonly parameter: string
  readonly range: TuneRange
  readonly current: number
}

/** One value for each tunable, in their order. */
export type Setting = readonly number[]

/** Declared ranges in document order. A protected rule is not the optimizer's to move, whatever it declares. */
export function tunablesOf(document: PolicyDocument): readonly Tunable[] {
  return document.rules.flatMap(rule =>
    rule.protected === true
      ? []
      : Object.entries(rule.tune ?? {}).map(([parameter, range]) => ({
          ruleId: rule.id,
          parameter,
          range,
          current: rule.params?.[parameter] ?? range.min,
        })),
  )
}

export const currentSetting = (tunables: readonly Tunable[]): Setting =>
  tunables.map(({ current }) => current)

/** The document with the values of a setting; everything else stays as it was written. */
export function withSetting(
  document: PolicyDocument,
  tunables: readonly Tunable[],
  setting: Setting,
): PolicyDocument {
  const values = new Map(
    tunables.map((tunable, at) => [`${tunable.ruleId} ${tunable.parameter}`, setting[at] as number]),
  )
  const tuned = (rule: Rule): Rule =>
    rule.params === undefined
      ? rule
      : {
          ...rule,
          params: Object.fromEntries(
            Object.entries(rule.params).map(([name, value]) => [
              name,
              values.get(`${rule.id} ${name}`) ?? value,
            ]),
          ),
        }
  return { ...document, rules: document.rules.map(tuned) }
}

/** The changes of a setting against the current values, in the order of the tunables. */
export function diffsOf(
  tunables: readonly Tunable[],
  setting: Setting,
  rationale: (tunable: Tunable, to: number) => string,
): readonly RuleDiff[] {
  return tunables.flatMap((tunable, at): readonly RuleDiff[] => {
    const to = setting[at] as number
    return to === tunable.current
      ? []
      : [
          {
            rule_id: tunable.ruleId,
            operation: 'update',
            field: tunable.parameter,
            from: tunable.current,
            to,
            rationale: rationale(tunable, to),
          },
        ]
  })
}

/** Every value of a range, ascending. */
export const valuesOf = ({ range }: Tunable): readonly number[] =>
  Array.from(
    { length: 1 + Math.floor((range.max - range.min) / range.step) },
    (_, at) => range.min + at * range.step,
  )

/** A whole range: every value, or where there are more than `most`, such that lie evenly; without the current one. */
export function lineOf(tunable: Tunable, most: number): readonly number[] {
  const values = valuesOf(tunable)
  const apart = Math.ceil(values.length / most)
  return values.filter((value, at) => at % apart === 0 && value !== tunable.current)
}

/**
 * Values worth trying around one: 1, 2, 4, 8 … steps to either side of `centre`, up to `reach` steps, and with `ends` the ends
 * of the range. Ascending, on steps from the minimum, without `centre` itself.
 */
export function valuesAround(
  { range }: Tunable,
  centre: number,
  reach: number,
  ends: boolean,
): readonly number[] {
  const last = range.min + Math.floor((range.max - range.min) / range.step) * range.step
  const values = new Set<number>(ends ? [range.min, last] : [])
  for (let steps = 1; steps <= reach; steps *= 2) {
    for (const value of [centre - steps * range.step, centre + steps * range.step]) {
      if (value >= range.min && value <= last) values.add(value)
    }
  }
  values.delete(centre)
  return [...values].sort((left, right) => left - right)
}
