import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { CheckedPolicy, PolicyDocument, Rule } from '../../src/domain/policy.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import type { ReplaySums, ReplayTask } from '../../src/domain/replay.ts'
import { arbitraryPolicy, arbitraryPolicyPair } from './generate-policy.ts'
import { arbitraryColumns, arbitraryModel, arbitraryScope } from './generate-quotes.ts'

export const checked = (document: PolicyDocument): CheckedPolicy => {
  const result = checkPolicy(document)
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

/** A rule said twice, and rules against it: other numbers under the same condition, a condition that never or always holds. */
const SAID_AGAIN: Readonly<Record<string, (rule: Rule) => Rule>> = {
  duplicate: rule => ({ ...rule, id: `${rule.id}-again` }),
  against: rule => ({
    ...rule,
    id: `${rule.id}-against`,
    ...(rule.params === undefined
      ? { when: `!(${rule.when})` }
      : { params: mapped(rule.params, value => -value) }),
  }),
  never: rule => ({ ...rule, id: `${rule.id}-never`, when: `(${rule.when}) && !(${rule.when})` }),
  always: rule => ({ ...rule, id: `${rule.id}-always`, when: `!(${rule.when}) || (${rule.when})` }),
}

const mapped = (
  params: Readonly<Record<string, number>>,
  by: (value: number) => number,
): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, by(value)]))

const arbitraryAgain = (): fc.Arbitrary<(document: PolicyDocument) => PolicyDocument> =>
  fc
    .oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      {
        weight: 1,
        arbitrary: fc.array(fc.tuple(fc.nat(), fc.constantFrom(...Object.keys(SAID_AGAIN))), {
          minLength: 1,
          maxLength: 2,
        }),
      },
    )
    .map(again => document => {
      const more = again.flatMap(([at, how]) => {
        const rule = document.rules[at % Math.max(1, document.rules.length)]
        return rule === undefined ? [] : [(SAID_AGAIN[how] as (rule: Rule) => Rule)(rule)]
      })
      const rules = new Map([...document.rules, ...more].map(rule => [rule.id, rule]))
      return { ...document, rules: [...rules.values()] }
    })

/** A base with a change of it, a policy of its own and the base itself as candidates, over any quotes, scope and model. */
export const arbitraryTask = (): fc.Arbitrary<ReplayTask> =>
  fc
    .record({
      pair: arbitraryPolicyPair(),
      other: arbitraryPolicy(),
      inBase: arbitraryAgain(),
      inCandidate: arbitraryAgain(),
      columns: arbitraryColumns(),
      scope: arbitraryScope(),
      model: fc.option(arbitraryModel(), { nil: null, freq: 5 }),
    })
    .map(({ pair, other, inBase, inCandidate, columns, scope, model }) => ({
      snapshotDigest: 'sha256:00',
      columns,
      base: checked(inBase(pair.base)),
      candidates: [inCandidate(pair.candidate), other, pair.base].map(checked),
      scope,
      model,
    }))

/** The same sums with movers named, so that they can be compared over row orders. */
export const named = (sums: readonly ReplaySums[], { columns }: ReplayTask) =>
  sums.map(each => ({
    ...each,
    losing_rows: each.losing_rows.map(row => columns.quoteIds[row]),
    gaining_rows: each.gaining_rows.map(row => columns.quoteIds[row]),
  }))
