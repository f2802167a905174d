import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CelInput, celEnv, isCelError, parse, plan } from '@bufbuild/cel'
import { tests as conformance } from '@bufbuild/cel-spec/testdata/conformance.js'
import fc from 'fast-check'
import { compileCondition } from '../../src/domain/cel.ts'
import { interpretCondition } from '../../src/domain/cel-interpreter.ts'
import type { AttributeName, AttributeValue, Truth } from '../../src/domain/expression.ts'
import { evaluate } from '../../src/domain/expression.ts'
import { normaliseText } from '../../src/domain/text.ts'
import { arbitraryCondition, arbitraryRequest } from '../support/generate-policy.ts'

type Attributes = Readonly<Partial<Record<AttributeName, AttributeValue>>>
type Opinion = (when: string, attributes: Attributes, params: Readonly<Record<string, number>>) => Truth

const byTree: Opinion = (when, attributes, params) => {
  const condition = compileCondition(when, 'approval', params)
  assert.equal(condition.kind, 'condition', JSON.stringify(condition))
  assert.ok(condition.kind === 'condition')
  return evaluate(condition.expression, name => attributes[name] ?? null)
}

const byInterpreter: Opinion = (when, quote, params) => interpretCondition(when)({ quote, params })

const environment = celEnv()

/** `@bufbuild/cel` knows nothing of normalisation: its cases are written in normal form. */
const bySecondLibrary: Opinion = (when, attributes, params) => {
  const attr = new Map<string, CelInput>()
  const quote = new Map<string, CelInput>([['attr', attr]])
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue
    const input = typeof value === 'number' ? BigInt(value) : value
    if (name.startsWith('attr.')) attr.set(name.slice('attr.'.length), input)
    else quote.set(name, input)
  }
  const bound = new Map(Object.entries(params).map(([name, value]) => [name, BigInt(value)]))
  const truth = plan(environment, parse(when))({ quote, params: bound })
  return isCelError(truth) ? 'absent' : (truth as boolean)
}

/** A quote's attributes as they stand before and after the decision; generated absences stay absent. */
const arbitraryAttributes = (): fc.Arbitrary<Attributes> =>
  fc
    .tuple(
      arbitraryRequest(),
      fc.option(fc.constantFrom(-100_000, -200, 0, 999, 1_000, 3_500), { nil: null }),
      fc.boolean(),
    )
    .map(([request, margin_bps, swapped]) => ({
      segment: request.segment,
      region: request.region,
      product_family: request.productFamily,
      list_cents: request.listCents,
      cost_cents: request.costCents,
      requested_discount_bps: request.requestedDiscountBps,
      discount_bps: Math.min(request.requestedDiscountBps, 1_800),
      margin_bps,
      // Now and then an attribute holds the other kind of value.
      'attr.term': (swapped ? request.attributes.channel : request.attributes.term) ?? null,
      'attr.channel': (swapped ? request.attributes.term : request.attributes.channel) ?? null,
    }))

const inNormalForm = (when: string): string =>
  when.replace(/(["'])(.*?)\1/g, (_all, _quote, word: string) => JSON.stringify(normaliseText(word)))

test('our tree, the interpreter and a second library agree on generated conditions with absent attributes', () => {
  const seen = { true: 0, false: 0, absent: 0 }
  fc.assert(
    fc.property(
      arbitraryCondition('approval'),
      fc.array(arbitraryAttributes(), { minLength: 5, maxLength: 5 }),
      (when, quotes) => {
        for (const quote of quotes) {
          const truth = byTree(when, quote, { limit: 1_000 })
          seen[`${truth}`] += 1
          assert.equal(byInterpreter(when, quote, { limit: 1_000 }), truth, when)
          assert.equal(bySecondLibrary(inNormalForm(when), quote, { limit: 1_000 }), truth, when)
        }
      },
    ),
    { numRuns: 600, verbose: 1 },
  )
  for (const [truth, count] of Object.entries(seen)) assert.ok(count > 100, `${truth}: ${count}`)
})

const ABSENT = 'quote.attr.term > 0'
const ABSORPTION: readonly (readonly [string, Truth])[] = [
  [`true || ${ABSENT}`, true],
  [`${ABSENT} || true`, true],
  [`false || ${ABSENT}`, 'absent'],
  [`${ABSENT} || false`, 'absent'],
  [`false && ${ABSENT}`, false],
  [`${ABSENT} && false`, false],
  [`true && ${ABSENT}`, 'absent'],
  [`${ABSENT} && true`, 'absent'],
  [`!(${ABSENT})`, 'absent'],
  [`${ABSENT} || ${ABSENT}`, 'absent'],
  [`(${ABSENT} || true) && (true || ${ABSENT})`, true],
  [`!(${ABSENT} && false) && quote.list_cents > 1`, true],
  [`${ABSENT} || quote.cost_cents > 1 || quote.list_cents > 1`, true],
  ['quote.attr.term in []', 'absent'],
]
for (const [when, truth] of ABSORPTION) {
  test(`absence is absorbed as CEL absorbs errors: ${when}`, () => {
    for (const opinion of [byTree, byInterpreter, bySecondLibrary]) {
      assert.equal(opinion(when, { list_cents: 100 }, {}), truth)
    }
  })
}

/** CEL at large: arithmetic, functions, macros, ternaries, other types, unknown names, and the fragment's own comparisons. */
const arbitraryCel = (): fc.Arbitrary<string> =>
  fc.letrec<{ value: string; truth: string }>(tie => ({
    value: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      fc.constantFrom(...['quote.list_cents', 'quote.segment', 'quote.attr.term', 'quote.attr.channel']),
      fc.constantFrom(...['quote.discount_bps', 'quote.outcome', 'quote.net_cents', 'quote', 'params.limit']),
      fc.constantFrom(...['1', '-7', '9223372036854775807', '9007199254740993', '1u', '1.5', '0x1F', 'null']),
      fc.constantFrom(...['"smb"', "'web'", 'b"x"', 'true', '[1, 2]', '["smb"]', '{}', 'int', 'x']),
      fc
        .tuple(tie('value'), fc.constantFrom('+', '-', '*', '/', '%'), tie('value'))
        .map(([left, operator, right]) => `${left} ${operator} ${right}`),
      tie('value').map(of => `size(${of})`),
      tie('value').map(of => `-(${of})`),
      tie('value').map(of => `int(${of})`),
      tie('value').map(of => `${of}[0]`),
      fc.tuple(tie('truth'), tie('value'), tie('value')).map(([c, a, b]) => `(${c} ? ${a} : ${b})`),
    ),
    truth: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      { weight: 2, arbitrary: arbitraryCondition('approval') },
      {
        weight: 3,
        arbitrary: fc
          .tuple(tie('value'), fc.constantFrom('==', '!=', '<', '<=', '>', '>=', 'in'), tie('value'))
          .map(([left, operator, right]) => `${left} ${operator} ${right}`),
      },
      tie('value').map(of => `has(${of})`),
      tie('value').map(of => `${of}.startsWith("s")`),
      tie('value').map(of => `${of}.exists(e, e == 1)`),
      tie('truth').map(of => `!(${of})`),
      fc
        .tuple(tie('truth'), fc.constantFrom('&&', '||'), tie('truth'))
        .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
      fc.tuple(tie('truth'), tie('truth'), tie('truth')).map(([c, a, b]) => `${c} ? ${a} : ${b}`),
    ),
  })).truth

test('of any CEL, what the check lets pass is decided alike by all three, and all else is refused with its place', t => {
  const seen = { passed: 0, refused: 0 }
  fc.assert(
    fc.property(
      arbitraryCel(),
      fc.array(arbitraryAttributes(), { minLength: 4, maxLength: 4 }),
      (when, quotes) => {
        const condition = compileCondition(when, 'approval', { limit: 1_000 })
        if (condition.kind === 'fault') {
          seen.refused += 1
          assert.ok(condition.offset <= when.length && condition.line >= 1 && condition.message !== '', when)
          return
        }
        seen.passed += 1
        for (const quote of quotes) {
          const truth = byTree(when, quote, { limit: 1_000 })
          assert.equal(byInterpreter(when, quote, { limit: 1_000 }), truth, when)
          assert.equal(bySecondLibrary(inNormalForm(when), quote, { limit: 1_000 }), truth, when)
        }
      },
    ),
    { numRuns: 3_000, verbose: 1 },
  )
  t.diagnostic(`${seen.passed} texts pass the check, ${seen.refused} are refused`)
  assert.ok(seen.passed > 300 && seen.refused > 300, JSON.stringify(seen))
})

test('text literals are normalised in the tree and for the interpreter', () => {
  const when = `quote.segment == " SMB " && quote.attr.channel in ['Caf\\u0045\\u0301', r"WEB"]`
  for (const opinion of [byTree, byInterpreter]) {
    assert.equal(opinion(when, { segment: 'smb', 'attr.channel': 'café' }, {}), true)
    assert.equal(opinion(when, { segment: 'smb', 'attr.channel': 'web' }, {}), true)
    assert.equal(opinion(when, { segment: 'SMB', 'attr.channel': 'web' }, {}), false)
  }
})

interface SpecCase {
  readonly name: string
  readonly expr: string
  /** null where the specification expects an error. */
  readonly expected: boolean | null
}

/** All cases of the specification's conformance files whose result is a truth value or an error. */
function specCases(suite: typeof conformance, path = ''): readonly SpecCase[] {
  const here = `${path}/${suite.name}`
  const own = (suite.tests ?? []).flatMap(({ original }) => {
    const { value, evalError } = original as { value?: { boolValue?: boolean }; evalError?: object }
    const expected = evalError === undefined ? value?.boolValue : null
    return expected === undefined ? [] : [{ name: `${here}/${original.name}`, expr: original.expr, expected }]
  })
  return [...own, ...(suite.suites ?? []).flatMap(inner => specCases(inner, here))]
}

/** A comparison of two literals becomes one of an attribute with a literal; an error of arithmetic becomes an absence. */
function asCondition(expr: string): { readonly when: string; readonly quote: Attributes } {
  const left = /^(-?\d+|'[^'\\]*'|"[^"\\]*")(?=\s*(?:==|!=|<=|>=|<|>|in)\s*\S)/.exec(expr)?.[0]
  const absent = 'quote.attr.absent == 1'
  if (left === undefined) {
    const when = expr.replaceAll('2 / 0 > 3 ? false : true', absent).replaceAll('1/0 != 0', absent)
    return { when, quote: {} }
  }
  const value = /^['"]/.test(left) ? left.slice(1, -1) : Number(left)
  return { when: `quote.attr.left${expr.slice(left.length)}`, quote: { 'attr.left': value } }
}

test('what the specification says of conditions within the fragment holds', t => {
  const cases = specCases(conformance)
  let within = 0
  for (const { name, expr, expected } of cases) {
    const { when, quote } = asCondition(expr)
    // Case is one of the few things in which quotes differ from the specification on purpose.
    if (when !== inNormalForm(when) && when.toLowerCase() !== when) continue
    const condition = compileCondition(when, 'approval', {})
    if (condition.kind === 'fault') continue
    within += 1
    const truth = expected ?? 'absent'
    assert.equal(byTree(when, quote, {}), truth, `${name}: ${when}`)
    assert.equal(byInterpreter(when, quote, {}), truth, `${name}: ${when}`)
  }
  t.diagnostic(`${within} of ${cases.length} cases with a truth value or an error lie within the fragment`)
  assert.ok(within >= 50, `only ${within} cases lie within the fragment`)
})

test('any text of the specification is either a condition or a fault with its place, never an exception', () => {
  for (const { expr } of specCases(conformance)) {
    const condition = compileCondition(expr, 'discount_cap', {})
    if (condition.kind === 'fault') assert.ok(condition.offset <= expr.length && condition.line >= 1, expr)
  }
})
