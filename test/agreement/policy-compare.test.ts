import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decide, type Request } from '../../src/domain/decision.ts'
import type { CheckedPolicy, PolicyDocument } from '../../src/domain/policy.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import { comparePolicies } from '../../src/domain/policy-compare.ts'
import { arbitraryPolicyPair, arbitraryRequest } from '../support/generate-policy.ts'

const RUNS = 400

const checked = (document: PolicyDocument): CheckedPolicy => {
  const result = checkPolicy(document)
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

/** Written anew from DESIGN section 5, without the comparison's own words. */
function isLooser(base: CheckedPolicy, candidate: CheckedPolicy, quote: Request): boolean {
  const before = decide(base, quote)
  const after = decide(candidate, quote)
  if (after.kind === 'not_replayable') return false
  if (before.kind === 'not_replayable') return true
  if (after.grantedDiscountBps !== before.grantedDiscountBps) {
    return after.grantedDiscountBps > before.grantedDiscountBps
  }
  return (
    (before.approvalRequired && !after.approvalRequired) ||
    !before.approvers.every(approver => after.approvers.includes(approver)) ||
    after.violations.length < before.violations.length
  )
}

function isDifferent(base: CheckedPolicy, candidate: CheckedPolicy, quote: Request): boolean {
  const seen = (policy: CheckedPolicy) => {
    const decision = decide(policy, quote)
    if (decision.kind === 'not_replayable') return 'undecided'
    const { grantedDiscountBps, approvalRequired, approvers, violations } = decision
    return JSON.stringify([grantedDiscountBps, approvalRequired, approvers.toSorted(), violations.length])
  }
  return seen(base) !== seen(candidate)
}

test('no quote of any generated set contradicts the verdict, and every counterexample is one', () => {
  const verdicts: Record<string, number> = {}
  fc.assert(
    fc.property(
      arbitraryPolicyPair(),
      fc.array(arbitraryRequest(), { minLength: 40, maxLength: 40 }),
      ({ base, candidate }, quotes) => {
        const [before, after] = [checked(base), checked(candidate)]
        const comparison = comparePolicies(before, after)
        const key = comparison.reason ?? comparison.verdict
        verdicts[key] = (verdicts[key] ?? 0) + 1
        if (comparison.counterexample !== null) {
          assert.ok(isLooser(before, after, comparison.counterexample.quote))
        } else if (comparison.reason === null) {
          assert.notEqual(comparison.verdict, 'looser')
          for (const quote of quotes) {
            assert.ok(!isLooser(before, after, quote), JSON.stringify(quote))
            if (comparison.verdict === 'equal')
              assert.ok(!isDifferent(before, after, quote), JSON.stringify(quote))
          }
        }
      },
    ),
    { numRuns: RUNS, verbose: 1 },
  )
  // The test would say little if one verdict took all cases, or if most were left open.
  for (const verdict of ['equal', 'never_looser', 'looser']) assert.ok((verdicts[verdict] ?? 0) > 10, verdict)
  assert.ok((verdicts.unsettled ?? 0) <= RUNS / 50, JSON.stringify(verdicts))
})

/** Rules that all apply everywhere, over as many attributes as there are rules: the worst case of the splitting. */
const wide = (capBps: number): CheckedPolicy =>
  checked({
    schema: 'clo_policy.v1',
    name: 'wide',
    rules: [
      { id: 'cap', kind: 'discount_cap', when: 'true', params: { cap_bps: capBps } },
      ...Array.from({ length: 12 }, (_, index) => ({
        id: `approval-${index}`,
        kind: 'approval' as const,
        when: `quote.attr.a${index} == "x" || quote.attr.a${(index + 1) % 12} in ["y", "z"]`,
      })),
    ],
  })

test('a comparison that its budget does not reach is looser, unsettled, also where the candidate is tighter', () => {
  assert.deepEqual(comparePolicies(wide(1_800), wide(1_700), 5_000), {
    verdict: 'looser',
    counterexample: null,
    reason: 'unsettled',
  })
})
