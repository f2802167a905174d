import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { oracleDecision, oracleRules } from '../../src/adapters/oracle/decision.ts'
import { decide, type Request } from '../../src/domain/decision.ts'
import type { CheckedPolicy, PolicyDocument, Rule } from '../../src/domain/policy.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import { comparePolicies } from '../../src/domain/policy-compare.ts'
import { rulesOfEither } from '../../src/domain/policy-pair.ts'
import { isTightening } from '../../src/domain/policy-tightening.ts'
import { askedQuote } from '../support/asked-quote.ts'
import {
  arbitraryPolicy,
  arbitraryPolicyPair,
  arbitraryRequest,
  arbitraryRule,
  FOREIGN,
  REGIONS,
  SEGMENTS,
} from '../support/generate-policy.ts'

const SEED = Number(process.env.QUOTEY_TEST_SEED ?? Date.now() % 1_000_000)
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

/** The same asked of the oracle, which knows neither the comparison nor the runtime's way to decide. */
function isLooserByOracle(base: CheckedPolicy, candidate: CheckedPolicy, request: Request): boolean {
  const quote = askedQuote(request)
  const before = oracleDecision(oracleRules(base), quote)
  const after = oracleDecision(oracleRules(candidate), quote)
  if (after.kind !== 'decided') return false
  if (before.kind !== 'decided') return true
  if (after.granted !== before.granted) return after.granted > before.granted
  return (
    (before.approval && !after.approval) ||
    ![...before.approvers].every(approver => after.approvers.has(approver)) ||
    after.violations.size < before.violations.size
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

test('no quote of any generated set contradicts the verdict, and the oracle confirms every counterexample', () => {
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
          assert.ok(isLooserByOracle(before, after, comparison.counterexample.quote))
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

const GRID_MAX = 8_000
const GRID_WORDS: Readonly<Record<'segment' | 'region', readonly string[]>> = {
  segment: [...SEGMENTS, ...FOREIGN.segment, 'nowhere', 'other'],
  region: [...REGIONS, ...FOREIGN.region, 'nowhere', 'other'],
}

/** Every combination of words and of the numbers that the policies name, and their neighbours; null where there are too many, or attributes that a grid would have to solve for. */
function gridOf(base: PolicyDocument, candidate: PolicyDocument): readonly Request[] | null {
  const text = [base, candidate].flatMap(({ rules }) =>
    rules.map(({ kind, when, params }) => `${kind} ${when} ${Object.values(params ?? {}).join(' ')}`),
  )
  const numbers = (name: string, limits: RegExp): readonly number[] => {
    const named = text.filter(each => limits.test(each)).flatMap(each => each.match(/-?\d+/g) ?? [])
    // A list price is above zero; a cost of nothing is a cost.
    const range = name === 'discount' ? [-10_000, 10_000] : [name === 'cost' ? 0 : 1, 1_000_000_000_000]
    const near = named.flatMap(each => [Number(each) - 1, Number(each), Number(each) + 1])
    return [...new Set([...near, 1_000])].filter(
      each => each >= (range[0] as number) && each <= (range[1] as number),
    )
  }
  if (text.some(each => /attr|product_family|margin|floor/.test(each))) return null
  const lists = numbers('list', /list_cents/)
  const costs = [...numbers('cost', /cost_cents/), null]
  const discounts = numbers('discount', /./)
  const { segment, region } = GRID_WORDS
  const size = lists.length * costs.length * discounts.length * segment.length * region.length
  if (size > GRID_MAX) return null
  return segment.flatMap(s =>
    region.flatMap(r =>
      lists.flatMap(listCents =>
        costs.flatMap(costCents =>
          discounts.map(requestedDiscountBps => ({
            segment: s,
            region: r,
            productFamily: '',
            listCents,
            costCents,
            requestedDiscountBps,
            attributes: {},
          })),
        ),
      ),
    ),
  )
}

test('on whole grids of quotes the verdict is what trying them all says', t => {
  const seen: Record<string, number> = {}
  for (const { base, candidate } of fc.sample(arbitraryPolicyPair(), { seed: SEED, numRuns: 3_000 })) {
    const grid = gridOf(base, candidate)
    if (grid === null) continue
    const [before, after] = [checked(base), checked(candidate)]
    const verdict = grid.some(quote => isLooser(before, after, quote))
      ? 'looser'
      : grid.some(quote => isDifferent(before, after, quote))
        ? 'never_looser'
        : 'equal'
    const found = comparePolicies(before, after)
    assert.equal(found.reason, null)
    if (found.counterexample !== null) assert.ok(isLooserByOracle(before, after, found.counterexample.quote))
    assert.equal(found.verdict, verdict, `seed ${SEED}: ${JSON.stringify({ base, candidate })}`)
    seen[verdict] = (seen[verdict] ?? 0) + 1
  }
  t.diagnostic(`seed ${SEED}: ${JSON.stringify(seen)}`)
  for (const verdict of ['equal', 'never_looser', 'looser']) assert.ok((seen[verdict] ?? 0) > 10, verdict)
})

/** A tenth of what a comparison may use. */
const BUDGET_RULES = 250_000

/**
 * A cap and approvals that apply everywhere, over as many attributes as there are approvals. `also` is added to each condition.
 */
const wide = (capBps: number, approvals: number, also = ''): CheckedPolicy =>
  checked({
    schema: 'clo_policy.v1',
    name: 'wide',
    rules: [
      { id: 'cap', kind: 'discount_cap', when: 'true', params: { cap_bps: capBps } },
      ...Array.from({ length: approvals }, (_, index) => ({
        id: `approval-${index}`,
        kind: 'approval' as const,
        when: `quote.attr.a${index} == "x" || quote.attr.a${(index + 1) % approvals} in ["y", "z"]${also}`,
      })),
    ],
  })

test('rules that both policies share do not keep a change from being settled, over fifty attributes', () => {
  assert.deepEqual(comparePolicies(wide(1_800, 50), wide(1_700, 50), BUDGET_RULES), {
    verdict: 'never_looser',
    counterexample: null,
    reason: null,
  })
  const looser = comparePolicies(wide(1_700, 50), wide(1_800, 50), BUDGET_RULES)
  assert.equal(looser.verdict, 'looser')
  assert.ok(looser.counterexample !== null)
  const fewer = checked({
    ...wide(1_800, 50).document,
    rules: wide(1_800, 50).document.rules.filter(rule => rule.id !== 'approval-7'),
  })
  const { counterexample } = comparePolicies(wide(1_800, 50), fewer, BUDGET_RULES)
  assert.ok(counterexample !== null && isLooser(wide(1_800, 50), fewer, counterexample.quote))
})

/** Above a grant of 17.5%, or below some margin, each asks for what may be absent; then the base decides nothing. */
const ASKING: readonly Rule[] = [
  { id: 'asks', kind: 'approval', when: 'quote.discount_bps <= 1750 || quote.attr.channel == "web"' },
  { id: 'asks', kind: 'prohibit', when: 'quote.discount_bps > 1750 && quote.cost_cents > 5' },
  { id: 'asks', kind: 'prohibit', when: 'quote.discount_bps > 1750 && quote.margin_bps < -5' },
  { id: 'asks', kind: 'prohibit', when: 'quote.margin_bps < 2000 && quote.attr.channel == "web"' },
  { id: 'asks', kind: 'margin_floor', when: 'quote.discount_bps > 1750', params: { floor_bps: -100_000 } },
]

test('a tighter cap is looser where only at the smaller grant a shared rule can be decided', () => {
  const policy = (asks: Rule, cap_bps: number): CheckedPolicy =>
    checked({
      schema: 'clo_policy.v1',
      name: 'asks',
      rules: [{ id: 'cap', kind: 'discount_cap', when: 'true', params: { cap_bps } }, asks],
    })
  for (const asks of ASKING) {
    const { verdict, counterexample } = comparePolicies(policy(asks, 1_800), policy(asks, 1_700))
    assert.equal(verdict, 'looser', asks.when)
    assert.ok(counterexample !== null, asks.when)
    assert.ok(isLooserByOracle(policy(asks, 1_800), policy(asks, 1_700), counterexample.quote), asks.when)
  }
})

test('fifty caps on fifty attributes that may be absent settle when all are moved, and show a quote where that is looser', () => {
  const caps = (by: number): CheckedPolicy =>
    checked({
      schema: 'clo_policy.v1',
      name: 'caps',
      rules: Array.from({ length: 50 }, (_, at) => ({
        id: `cap-${at}`,
        kind: 'discount_cap' as const,
        when: `quote.attr.a${at} == "x"`,
        params: { cap_bps: 1_000 + at + by },
      })),
    })
  const tighter = comparePolicies(caps(0), caps(-50), BUDGET_RULES)
  assert.deepEqual(tighter, { verdict: 'never_looser', counterexample: null, reason: null })
  const { verdict, counterexample } = comparePolicies(caps(0), caps(50), BUDGET_RULES)
  assert.ok(verdict === 'looser' && counterexample !== null)
  assert.ok(isLooserByOracle(caps(0), caps(50), counterexample.quote))
})

/** The rules with each limit stricter by as much as drawn, or looser where that is below zero. */
const tightened = (rules: readonly Rule[], by: readonly number[]): readonly Rule[] =>
  rules.map((rule, at) => {
    const step = by[at % by.length] ?? 0
    const { cap_bps: cap, floor_bps: floor } = rule.params ?? {}
    const params = {
      ...(cap === undefined ? {} : { cap_bps: Math.max(-10_000, cap - step) }),
      ...(floor === undefined ? {} : { floor_bps: Math.min(10_000, floor + step) }),
    }
    return rule.params === undefined ? rule : { ...rule, params: { ...rule.params, ...params } }
  })

test('what is seen to be never looser rule by rule is so on every generated quote, says the oracle', t => {
  const seen = { tightening: 0, stricter: 0, told: 0 }
  const pair = fc.tuple(
    arbitraryPolicy(5),
    fc.array(fc.constantFrom(0, 1, 50, 700, -50), { minLength: 1, maxLength: 5 }),
    fc.option(arbitraryRule('rule-new'), { nil: null }),
  )
  fc.assert(
    fc.property(pair, fc.array(arbitraryRequest(), { minLength: 25, maxLength: 25 }), (drawn, quotes) => {
      const [base, by, added] = drawn
      const rules = [...tightened(base.rules, by), ...(added === null ? [] : [added])]
      const [before, after] = [checked(base), checked({ ...base, rules })]
      const comparison = comparePolicies(before, after)
      if (comparison.counterexample !== null) {
        seen.told += 1
        assert.ok(isLooserByOracle(before, after, comparison.counterexample.quote))
      }
      if (!isTightening(rulesOfEither(before, after))) return
      seen.tightening += 1
      assert.equal(comparison.counterexample, null)
      if (comparison.verdict === 'never_looser') seen.stricter += 1
      for (const quote of quotes) assert.ok(!isLooserByOracle(before, after, quote), JSON.stringify(quote))
    }),
    { numRuns: 500, verbose: 1 },
  )
  t.diagnostic(JSON.stringify(seen))
  assert.ok(seen.tightening > 150 && seen.stricter > 100, JSON.stringify(seen))
})

test('fifty floors on fifty ranges of the margin are settled in a moment, however many pairs of margins there are', () => {
  const floors = (capBps: number): CheckedPolicy =>
    checked({
      schema: 'clo_policy.v1',
      name: 'floors',
      rules: [
        { id: 'cap', kind: 'discount_cap', when: 'quote.list_cents < 300', params: { cap_bps: capBps } },
        ...Array.from({ length: 50 }, (_, at) => ({
          id: `floor-${at}`,
          kind: 'margin_floor' as const,
          when: `quote.list_cents < ${100 + at} && quote.margin_bps > ${100 * at - 5_000}`,
          params: { floor_bps: 100 + 37 * at },
        })),
      ],
    })
  const started = performance.now()
  assert.equal(comparePolicies(floors(1_800), floors(1_700)).verdict, 'never_looser')
  assert.ok(performance.now() - started < 5_000, 'it took over twenty seconds before')
})

test('a comparison that its budget does not reach is looser, unsettled, also where the candidate is tighter', () => {
  // Each approval sees the grant and may lack its attributes, so each may fail under one policy alone.
  const asking = ' || quote.discount_bps > 9000'
  assert.deepEqual(comparePolicies(wide(1_800, 12, asking), wide(1_700, 12, asking), BUDGET_RULES), {
    verdict: 'looser',
    counterexample: null,
    reason: 'unsettled',
  })
})

test('a quote that exists but is not found leaves the answer open, never settled as if there were none', () => {
  // Two thirds of a margin on a net price of 3 cents: a list price of 2 with a surcharge of a half.
  const rules = [
    { id: 'rare', kind: 'prohibit', when: 'quote.list_cents < 3 && quote.margin_bps == 3333' },
    { id: 'needs-cost', kind: 'prohibit', when: 'quote.cost_cents < 0' },
  ] as const
  const base = checked({ schema: 'clo_policy.v1', name: 'rare', rules })
  const candidate = checked({ schema: 'clo_policy.v1', name: 'rare', rules: rules.slice(1) })
  const quote: Request = {
    segment: '',
    region: '',
    productFamily: '',
    listCents: 2,
    costCents: 2,
    requestedDiscountBps: -5_000,
    attributes: {},
  }
  assert.ok(isLooserByOracle(base, candidate, quote))
  assert.equal(comparePolicies(base, candidate).verdict, 'looser')
})

test('a counterexample has every attribute it needs, also one called like something that every object has', () => {
  const rules = (name: string) =>
    [
      { id: 'asks', kind: 'approval', when: `quote.attr.${name} == "x"` },
      { id: 'keeps', kind: 'prohibit', when: `quote.attr.${name} != "y"` },
    ] as const
  const policy = (chosen: PolicyDocument['rules']): CheckedPolicy =>
    checked({ schema: 'clo_policy.v1', name: 'asks', rules: chosen })
  for (const name of ['__proto__', 'constructor', 'term']) {
    const [base, candidate] = [policy(rules(name)), policy(rules(name).slice(1))]
    const { reason, counterexample } = comparePolicies(base, candidate)
    assert.equal(reason, null, name)
    assert.ok(counterexample !== null && isLooserByOracle(base, candidate, counterexample.quote), name)
  }
})
