import fc from 'fast-check'
import type { Request } from '../../src/domain/decision.ts'
import { type PolicyDocument, RULE_KINDS, type Rule, type RuleKind } from '../../src/domain/policy.ts'

/** Policies over the words of policies/starter.yaml, attr.term (integer) and attr.channel (text). */
export const SEGMENTS = ['smb', 'mid_market', 'enterprise'] as const
export const REGIONS = ['na', 'emea', 'apac'] as const
export const PRODUCT_FAMILIES = ['software', 'hardware', 'services'] as const
export const CHANNELS = ['direct', 'partner', 'web'] as const

/** Words beyond ASCII, of one to four bytes a letter, one of them with an upper case of its own. */
export const FOREIGN = {
  segment: ['öffentlich', '公共部門'],
  region: ['🌍/süd'],
  channel: ['écran'],
} as const

const WORDS = {
  segment: [...SEGMENTS, ...FOREIGN.segment],
  region: [...REGIONS, ...FOREIGN.region],
  product_family: PRODUCT_FAMILIES,
  'attr.channel': [...CHANNELS, ...FOREIGN.channel],
} as const
type TextAttribute = keyof typeof WORDS

/** Integers a rule may compare with: near each other, so that generated rules and quotes meet at the borders. */
const NUMBERS = {
  list_cents: [50_000, 1_000_000, 25_000_000],
  cost_cents: [0, 40_000, 700_000, 20_000_000],
  requested_discount_bps: [-500, 0, 1_000, 1_800, 2_500],
  discount_bps: [-500, 0, 1_000, 1_800, 2_500],
  margin_bps: [-100_000, -200, 0, 1_000, 3_500, 10_000],
  'attr.term': [0, 12, 24, 36],
} as const
type IntegerAttribute = keyof typeof NUMBERS

const nearby = (values: readonly number[]): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...values) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(...values), fc.integer({ min: -1, max: 1 }))
        .map(([n, by]) => n + by),
    },
  )

/** Sometimes written loosely, since literals and data are normalised alike. */
const literal = (word: string): fc.Arbitrary<string> =>
  fc.constantFrom(JSON.stringify(word), `'${word}'`, JSON.stringify(` ${word.toUpperCase()} `))

function textComparison(): fc.Arbitrary<string> {
  return fc.constantFrom(...(Object.keys(WORDS) as TextAttribute[])).chain(attribute => {
    const word = fc.constantFrom<string>(...WORDS[attribute], 'nowhere').chain(literal)
    const name = `quote.${attribute}`
    return fc.oneof(
      fc.tuple(word, fc.constantFrom('==', '!=')).map(([w, operator]) => `${name} ${operator} ${w}`),
      fc.tuple(word, fc.constantFrom('==', '!=')).map(([w, operator]) => `${w} ${operator} ${name}`),
      fc.array(word, { maxLength: 3 }).map(words => `${name} in [${words.join(', ')}]`),
    )
  })
}

function integerComparison(kind: RuleKind): fc.Arbitrary<string> {
  const names = (Object.keys(NUMBERS) as IntegerAttribute[]).filter(
    name => kind !== 'discount_cap' || name !== 'margin_bps',
  )
  return fc.constantFrom(...names).chain(attribute => {
    const name = `quote.${attribute}`
    const number = nearby(NUMBERS[attribute])
    const operator = fc.constantFrom('==', '!=', '<', '<=', '>', '>=')
    return fc.oneof(
      { weight: 3, arbitrary: fc.tuple(number, operator).map(([n, o]) => `${name} ${o} ${n}`) },
      { weight: 1, arbitrary: fc.tuple(number, operator).map(([n, o]) => `${n} ${o} ${name}`) },
      { weight: 1, arbitrary: operator.map(o => `${name} ${o} params.limit`) },
      {
        weight: 1,
        arbitrary: fc
          .oneof(fc.array(number, { maxLength: 3 }), fc.array(number, { minLength: 7, maxLength: 10 }))
          .map(all => `${name} in [${all.join(', ')}]`),
      },
    )
  })
}

/** An attr.* compared with a literal of the other kind than the quotes hold. */
const otherKind = (): fc.Arbitrary<string> =>
  fc.constantFrom(
    'quote.attr.channel > 12',
    'quote.attr.channel != 12',
    '24 == quote.attr.channel',
    'quote.attr.term == "web"',
    'quote.attr.term in ["direct", "12"]',
  )

/** The `when` of a rule; it may name `params.limit`. attr.* may be absent, so every order of absorption comes up. */
export function arbitraryCondition(kind: RuleKind): fc.Arbitrary<string> {
  const { condition } = fc.letrec<{ condition: string }>(tie => ({
    condition: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      { weight: 4, arbitrary: fc.oneof(textComparison(), integerComparison(kind)) },
      { weight: 1, arbitrary: fc.constantFrom('true', 'false') },
      { weight: 1, arbitrary: otherKind() },
      { weight: 2, arbitrary: tie('condition').map(of => `!(${of})`) },
      {
        weight: 4,
        arbitrary: fc
          .tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition'))
          .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
      },
    ),
  }))
  return condition
}

const CAPS_BPS = [-500, 0, 500, 1_000, 1_800, 2_500, 10_000]
const FLOORS_BPS = [-100_000, -1_000, 0, 1_000, 3_500, 10_000]

/** A rule of any kind under the given id, always one that `checkPolicy` passes. */
export function arbitraryRule(id: string): fc.Arbitrary<Rule> {
  return fc.constantFrom(...RULE_KINDS).chain(kind =>
    fc
      .record({
        when: fc.oneof(
          { weight: 1, arbitrary: fc.constant('true') },
          { weight: 4, arbitrary: arbitraryCondition(kind) },
        ),
        limit: fc.constantFrom(0, 12, 1_000, 1_800, 1_000_000),
        cap: nearby(CAPS_BPS.filter(cap => Math.abs(cap) < 10_000)),
        floor: nearby(FLOORS_BPS.filter(floor => floor > -100_000 && floor < 10_000)),
        protected: fc.boolean(),
        approver: fc.option(fc.constantFrom('sales_manager', 'finance_director'), { nil: undefined }),
      })
      .map(made => {
        const params: Record<string, number> = {}
        if (kind === 'discount_cap') params.cap_bps = made.cap
        if (kind === 'margin_floor') params.floor_bps = made.floor
        if (made.when.includes('params.limit')) params.limit = made.limit
        return {
          id,
          kind,
          when: made.when,
          ...(Object.keys(params).length > 0 ? { params } : {}),
          ...(made.protected ? { protected: true } : {}),
          ...(kind === 'approval' && made.approver !== undefined ? { approver: made.approver } : {}),
        }
      }),
  )
}

/** A policy of up to `rules` rules with ids rule-0, rule-1, … */
export const arbitraryPolicy = (rules = 6): fc.Arbitrary<PolicyDocument> =>
  fc
    .integer({ min: 0, max: rules })
    .chain(count => fc.tuple(...Array.from({ length: count }, (_, index) => arbitraryRule(`rule-${index}`))))
    .map(made => ({ schema: 'clo_policy.v1', name: 'generated', rules: made }))

/** A policy and another that differs from it in one or two rules: changed, removed or added. */
export const arbitraryPolicyPair = (
  rules = 5,
): fc.Arbitrary<{ base: PolicyDocument; candidate: PolicyDocument }> =>
  fc
    .tuple(
      arbitraryPolicy(rules),
      fc.array(fc.tuple(fc.nat(), fc.constantFrom('replace', 'remove', 'add'), arbitraryRule('rule-new')), {
        minLength: 1,
        maxLength: 2,
      }),
    )
    .map(([base, changes]) => {
      let changed: readonly Rule[] = base.rules
      for (const [at, how, rule] of changes) {
        const index = changed.length === 0 ? -1 : at % changed.length
        const id = changed[index]?.id
        if (how === 'add' || id === undefined) {
          changed = [...changed.filter(other => other.id !== rule.id), rule]
        } else {
          changed = changed.flatMap(other =>
            other.id !== id ? [other] : how === 'remove' ? [] : [{ ...rule, id }],
          )
        }
      }
      return { base, candidate: { ...base, rules: changed } }
    })

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null, freq: 4 })

/** A quote before its decision, over the same words and numbers, with absent cost and attributes among them. */
export const arbitraryRequest = (): fc.Arbitrary<Request> =>
  fc.record({
    segment: fc.constantFrom(...SEGMENTS, '', 'public'),
    region: fc.constantFrom(...REGIONS, ''),
    productFamily: fc.constantFrom(...PRODUCT_FAMILIES, ''),
    listCents: nearby(NUMBERS.list_cents),
    costCents: maybe(nearby(NUMBERS.cost_cents).map(cost => Math.max(0, cost))),
    requestedDiscountBps: nearby(NUMBERS.requested_discount_bps),
    attributes: fc.record({
      term: maybe(nearby(NUMBERS['attr.term'])),
      channel: maybe(fc.constantFrom<string>(...CHANNELS)),
    }),
  })
