import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { CheckedPolicy, PolicyDocument } from '../../src/domain/policy.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import type { ReplaySums, ReplayTask } from '../../src/domain/replay.ts'
import { arbitraryPolicy, arbitraryPolicyPair } from './generate-policy.ts'
import { arbitraryColumns, arbitraryModel, arbitraryScope } from './generate-quotes.ts'

export const checked = (document: PolicyDocument): CheckedPolicy => {
  const result = checkPolicy(document)
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

/** A base with a change of it, a policy of its own and the base itself as candidates, over any quotes, scope and model. */
export const arbitraryTask = (): fc.Arbitrary<ReplayTask> =>
  fc
    .record({
      pair: arbitraryPolicyPair(),
      other: arbitraryPolicy(),
      columns: arbitraryColumns(),
      scope: arbitraryScope(),
      model: fc.option(arbitraryModel(), { nil: null, freq: 5 }),
    })
    .map(({ pair, other, columns, scope, model }) => ({
      snapshotDigest: 'sha256:00',
      columns,
      base: checked(pair.base),
      candidates: [checked(pair.candidate), checked(other), checked(pair.base)],
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
