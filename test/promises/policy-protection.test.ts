import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { marginBps, netCents } from '../../src/domain/arithmetic.ts'
import { attributeOf, type Request } from '../../src/domain/decision.ts'
import { evaluate } from '../../src/domain/expression.ts'
import type { CheckedPolicy, CheckedRule, Rule } from '../../src/domain/policy.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import { loosenedProtectedRules } from '../../src/domain/policy-protection.ts'
import { arbitraryPolicyPair, arbitraryRequest } from '../support/generate-policy.ts'

const policyOf = (...rules: readonly Rule[]): CheckedPolicy => {
  const result = checkPolicy({ schema: 'clo_policy.v1', name: 'test', rules })
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}
const floor = (floor_bps: number, when = 'true', more: Partial<Rule> = {}): Rule => ({
  id: 'floor',
  kind: 'margin_floor',
  when,
  params: { floor_bps },
  protected: true,
  ...more,
})
const cap = (cap_bps: number, more: Partial<Rule> = {}): Rule => ({
  id: 'cap',
  kind: 'discount_cap',
  when: 'quote.segment == "smb"',
  params: { cap_bps },
  protected: true,
  ...more,
})
const approval = (when: string, approver?: string): Rule => ({
  id: 'approval',
  kind: 'approval',
  when,
  protected: true,
  ...(approver === undefined ? {} : { approver }),
})

const LOOSENED: readonly (readonly [string, Rule, readonly Rule[]])[] = [
  ['removed', floor(1000), []],
  ['lowered', floor(1000), [floor(999)]],
  ['narrowed to other segments', floor(1000), [floor(1000, 'quote.segment != "smb"')]],
  ['disabled', floor(1000), [floor(1000, 'false')]],
  ['no longer protected', floor(1000), [floor(1000, 'true', { protected: false })]],
  [
    'silenced by an attribute that may be absent',
    floor(1000),
    [floor(1000, 'quote.attr.term > 0 || quote.attr.term <= 0')],
  ],
  ['narrowed by the very margin it judges', floor(1000), [floor(1000, 'quote.margin_bps > -5000')]],
  [
    'turned into another kind',
    floor(1000),
    [{ id: 'floor', kind: 'approval', when: 'quote.margin_bps < 1000', protected: true }],
  ],
  ['a cap raised', cap(1800), [cap(1801)]],
  [
    'a cap for larger requests only',
    cap(1800),
    [cap(1800, { when: 'quote.segment == "smb" && quote.discount_bps > 2000' })],
  ],
  [
    'another approver',
    approval('quote.discount_bps > 2000', 'director'),
    [approval('quote.discount_bps > 2000', 'clerk')],
  ],
  [
    'an approval from a larger discount on',
    approval('quote.discount_bps > 2000'),
    [approval('quote.discount_bps > 2500')],
  ],
]
for (const [what, rule, candidate] of LOOSENED) {
  test(`a protected rule ${what} is loosened, with a quote that shows it`, () => {
    const [found, ...more] = loosenedProtectedRules(policyOf(rule), policyOf(...candidate))
    assert.equal(more.length, 0)
    assert.equal(found?.rule_id, rule.id)
    assert.equal(found?.reason, null)
    assert.notEqual(found?.witness, null)
  })
}

const KEPT: readonly (readonly [string, Rule, readonly Rule[]])[] = [
  ['unchanged under another id', floor(1000), [floor(1000, 'true', { id: 'renamed' })]],
  ['raised', floor(1000), [floor(1500)]],
  ['written differently', floor(1000, 'quote.list_cents > 10'), [floor(1000, '!(quote.list_cents <= 10)')]],
  [
    'split in two that cover it',
    floor(1000),
    [floor(1000, 'quote.segment == "smb"'), floor(1200, 'quote.segment != "smb"', { id: 'rest' })],
  ],
  [
    'replaced by a prohibition of the same',
    floor(1000),
    [{ id: 'x', kind: 'prohibit', when: 'quote.margin_bps < 1000', protected: true }],
  ],
  ['narrowed only where it could not stop anything', floor(1000), [floor(1000, 'quote.margin_bps < 4000')]],
  ['a cap lowered', cap(1800), [cap(1700)]],
  [
    'a cap that leaves out small requests',
    cap(1800),
    [cap(1800, { when: 'quote.segment == "smb" && quote.discount_bps > 1800' })],
  ],
  [
    'an approval from a smaller discount on',
    approval('quote.discount_bps > 2000'),
    [approval('quote.discount_bps > 1500')],
  ],
]
for (const [what, rule, candidate] of KEPT) {
  test(`a protected rule ${what} is not loosened`, () => {
    assert.deepEqual(loosenedProtectedRules(policyOf(rule), policyOf(...candidate)), [])
  })
}

/** Whether a rule stops a quote at a grant; written anew from DESIGN section 5. */
function stops(rule: CheckedRule, quote: Request, grantedBps: number): boolean {
  const discountBps = rule.kind === 'discount_cap' ? quote.requestedDiscountBps : grantedBps
  const margin =
    quote.costCents === null ? null : marginBps(netCents(quote.listCents, grantedBps), quote.costCents)
  const matches =
    evaluate(rule.condition, name => attributeOf(quote, name, { discountBps, marginBps: margin })) === true
  const limit = rule.limitBps ?? 0
  if (rule.kind === 'discount_cap') return matches && quote.requestedDiscountBps > limit
  if (rule.kind === 'margin_floor') return matches && margin !== null && margin < limit
  return matches
}

test('no generated quote passes a protected rule that was said to hold', () => {
  let held = 0
  fc.assert(
    fc.property(
      arbitraryPolicyPair(),
      fc.array(arbitraryRequest(), { minLength: 30, maxLength: 30 }),
      (pair, quotes) => {
        const base = policyOf(...pair.base.rules)
        const candidate = policyOf(...pair.candidate.rules)
        const loosened = new Set(loosenedProtectedRules(base, candidate).map(found => found.rule_id))
        for (const rule of base.rules.filter(known => known.protected && !loosened.has(known.id))) {
          const guards = candidate.rules.filter(
            guard =>
              guard.protected &&
              (rule.kind === 'discount_cap'
                ? guard.kind === rule.kind && Number(guard.limitBps) <= Number(rule.limitBps)
                : rule.kind === 'approval'
                  ? guard.kind === rule.kind && (rule.approver === null || guard.approver === rule.approver)
                  : guard.kind === 'margin_floor' || guard.kind === 'prohibit'),
          )
          for (const quote of quotes) {
            for (const granted of [quote.requestedDiscountBps, Math.min(quote.requestedDiscountBps, 1_800)]) {
              // A cap guards against larger grants whatever its own limit, as long as it matches.
              const stopped = (guard: CheckedRule) =>
                guard.kind === 'discount_cap'
                  ? stops({ ...guard, limitBps: -10_001 }, quote, granted)
                  : stops(guard, quote, granted)
              if (!stops(rule, quote, granted)) continue
              held += 1
              assert.ok(guards.some(stopped), JSON.stringify({ rule: rule.id, quote, granted }))
            }
          }
        }
      },
    ),
    { numRuns: 400, verbose: 1 },
  )
  assert.ok(held > 200, `only ${held} cases said anything`)
})
