import fc from 'fast-check'
import type { CheckedPolicy, PolicyDocument, Rule } from '../../src/domain/policy.ts'
import { type Setting, type Tunable, tunablesOf, valuesOf } from '../../src/domain/tunables.ts'
import { arbitraryPolicy } from './generate-policy.ts'
import { checked } from './generate-task.ts'

/** A policy with ranges on some of its parameters, and settings of them. */
export interface GeneratedSettings {
  readonly base: CheckedPolicy
  readonly tunables: readonly Tunable[]
  readonly settings: readonly Setting[]
}

interface Range {
  readonly below: number
  readonly above: number
  readonly step: number
}

/** Bounds within which a generated parameter stays, whatever its rule: those of a cap. */
const BOUND = 10_000

function tuned(rule: Rule, range: Range | null): Rule {
  const [parameter, value] = Object.entries(rule.params ?? {}).at(-1) ?? []
  if (range === null || parameter === undefined || value === undefined) return rule
  const low = (by: number): number => value - by * range.step
  const below = low(range.below) >= -BOUND ? range.below : 0
  const above = value + range.above * range.step <= BOUND || parameter === 'limit' ? range.above : 0
  const tune = { [parameter]: { min: low(below), max: value + above * range.step, step: range.step } }
  const { protected: _, ...free } = rule
  return { ...free, tune }
}

/** Settings come in any order and some twice, so that none is right by what was asked before. */
export const arbitrarySettings = (rules = 6, count = 5): fc.Arbitrary<GeneratedSettings> =>
  fc
    .record({
      document: arbitraryPolicy(rules),
      ranges: fc.array(
        fc.option(
          fc.record({
            below: fc.nat(3),
            above: fc.nat(3),
            step: fc.constantFrom(1, 12, 100, 500),
          }),
          { nil: null, freq: 4 },
        ),
        { minLength: rules, maxLength: rules },
      ),
      picks: fc.array(fc.array(fc.nat(6), { minLength: rules, maxLength: rules }), {
        minLength: 1,
        maxLength: count,
      }),
    })
    .map(({ document, ranges, picks }) => {
      const rules = document.rules.map((rule, at) => tuned(rule, ranges[at] ?? null))
      const base = checked({ ...document, rules } satisfies PolicyDocument)
      const tunables = tunablesOf(base.document)
      const settings = picks.map(pick =>
        tunables.map((tunable, at) => {
          const values = valuesOf(tunable)
          return values[(pick[at % pick.length] as number) % values.length] as number
        }),
      )
      return { base, tunables, settings }
    })
