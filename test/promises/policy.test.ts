import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import type { PolicyDocument } from '../../src/domain/policy.ts'
import { checkPolicy, type PolicyFinding } from '../../src/domain/policy-check.ts'
import { checkPolicyText, readPolicyText } from '../../src/domain/policy-text.ts'

const starterText = await readFile(new URL('../../policies/starter.yaml', import.meta.url), 'utf8')

const starter = (): PolicyDocument => {
  const read = readPolicyText(starterText)
  assert.ok(read.ok)
  return read.value
}

function findingsOf(text: string): readonly PolicyFinding[] {
  const checked = checkPolicyText(text)
  assert.ok(!checked.ok, 'the policy passed')
  assert.equal(checked.refusal.code, 'invalid_policy')
  return checked.refusal.facts.findings as unknown as readonly PolicyFinding[]
}

/** A policy of one rule, its lines written out. */
const policyText = (...lines: readonly string[]): string =>
  ['schema: clo_policy.v1', 'name: test', 'rules:', ...lines, ''].join('\n')

test('the starter policy passes its check', () => {
  const checked = checkPolicyText(starterText)
  assert.ok(checked.ok, JSON.stringify(checked))
  const rules = checked.value.rules
  assert.ok(rules.length >= 8 && rules.length <= 12)
  assert.ok(rules.some(rule => rule.kind === 'margin_floor' && rule.protected))
  assert.deepEqual(new Set(rules.map(rule => rule.kind)).size, 4)
})

const chainOf = (comparisons: number): string =>
  Array.from({ length: comparisons }, (_, at) => `quote.attr.term == ${at}`).join(' || ')

const FAULTS: readonly (readonly [string, string, readonly string[], number, number])[] = [
  [
    'unknown_attribute',
    'a misspelt attribute',
    ['  - id: a', '    kind: prohibit', '    when: true && quote.segmen == "a"'],
    6,
    19,
  ],
  [
    'unknown_attribute',
    'the outcome',
    ['  - id: a', '    kind: prohibit', '    when: \'quote.outcome == "won"\''],
    6,
    12,
  ],
  [
    'unknown_attribute',
    'the logged grant',
    ['  - id: a', '    kind: prohibit', '    when: quote.granted_discount_bps > 1'],
    6,
    11,
  ],
  [
    'syntax',
    'text that is no CEL',
    ['  - id: a', '    kind: prohibit', '    when: quote.list_cents >'],
    6,
    29,
  ],
  [
    'not_in_fragment',
    'arithmetic',
    ['  - id: a', '    kind: prohibit', '    when: quote.list_cents + 1 > 2'],
    6,
    11,
  ],
  [
    'not_in_fragment',
    'a function',
    ['  - id: a', '    kind: prohibit', '    when: has(quote.attr.x)'],
    6,
    11,
  ],
  [
    'wrong_type',
    'an ordering of text',
    ['  - id: a', '    kind: prohibit', '    when: |', '      true &&', '      quote.segment < "b"'],
    8,
    7,
  ],
  [
    'margin_in_cap',
    'the margin in a cap',
    ['  - id: a', '    kind: discount_cap', '    when: quote.margin_bps > 5', '    params: { cap_bps: 5 }'],
    6,
    11,
  ],
  [
    'limit_missing',
    'a cap without its limit',
    ['  - id: a', '    kind: discount_cap', '    when: "true"'],
    4,
    5,
  ],
  [
    'parameter_out_of_bounds',
    'a cap beyond 100%',
    ['  - id: a', '    kind: discount_cap', '    when: "true"', '    params:', '      cap_bps: 10001'],
    8,
    16,
  ],
  [
    'parameter_out_of_bounds',
    'a floor beyond -1000%',
    ['  - id: a', '    kind: margin_floor', '    when: "true"', '    params: { floor_bps: -100001 }'],
    7,
    26,
  ],
  [
    'parameter_out_of_bounds',
    'a value outside its tune range',
    [
      '  - id: a',
      '    kind: margin_floor',
      '    when: "true"',
      '    params: { floor_bps: 100 }',
      '    tune: { floor_bps: { min: 200, max: 300, step: 1 } }',
    ],
    8,
    24,
  ],
  [
    'tune_off_step',
    'a value that no step reaches',
    [
      '  - id: a',
      '    kind: margin_floor',
      '    when: "true"',
      '    params: { floor_bps: 250 }',
      '    tune: { floor_bps: { min: 200, max: 300, step: 100 } }',
    ],
    8,
    24,
  ],
  [
    'tune_step_too_small',
    'a step of nothing',
    [
      '  - id: a',
      '    kind: margin_floor',
      '    when: "true"',
      '    params: { floor_bps: 250 }',
      '    tune: { floor_bps: { min: 200, max: 300, step: 0 } }',
    ],
    8,
    24,
  ],
  [
    'tune_unknown_parameter',
    'a tune range of nothing',
    ['  - id: a', '    kind: prohibit', '    when: "true"', '    tune: { x: { min: 1, max: 2, step: 1 } }'],
    7,
    16,
  ],
  [
    'unused_parameter',
    'a parameter nothing uses',
    ['  - id: a', '    kind: prohibit', '    when: "true"', '    params: { x: 1 }'],
    7,
    18,
  ],
  [
    'unknown_parameter',
    'a parameter the rule has not',
    ['  - id: a', '    kind: prohibit', '    when: quote.list_cents > params.x'],
    6,
    30,
  ],
  [
    'reserved_parameter',
    'a parameter called `when`',
    [
      '  - id: a',
      '    kind: prohibit',
      '    when: quote.list_cents > params.when',
      '    params: { when: 1 }',
    ],
    7,
    21,
  ],
  [
    'approver_not_on_approval',
    'an approver of a cap',
    ['  - id: a', '    kind: prohibit', '    when: "true"', '    approver: ann'],
    7,
    15,
  ],
  [
    'duplicate_id',
    'two rules of one id',
    ['  - { id: a, kind: prohibit, when: "true" }', '  - { id: a, kind: prohibit, when: "false" }'],
    5,
    11,
  ],
  [
    'duplicate_key',
    'a key written twice',
    ['  - { id: a, kind: prohibit, when: "true", when: "false" }'],
    4,
    44,
  ],
  ['shape', 'an unknown key', ['  - { id: a, kind: prohibit, when: "true", colour: red }'], 4, 52],
  [
    'shape',
    'a fraction',
    ['  - { id: a, kind: discount_cap, when: "true", params: { cap_bps: 17.5 } }'],
    4,
    67,
  ],
  [
    'integer_too_large',
    'an integer beyond 2^53 - 1',
    ['  - id: a', '    kind: prohibit', '    when: quote.list_cents > 9007199254740992'],
    6,
    30,
  ],
  [
    'too_large',
    'a condition of 250 comparisons in a chain',
    ['  - id: a', '    kind: prohibit', `    when: ${chainOf(250)}`],
    6,
    11 + chainOf(249).length + ' || '.length,
  ],
  [
    'too_large',
    'a condition nested deeper than any stack',
    ['  - id: a', '    kind: prohibit', `    when: "${'!'.repeat(50_000)}true"`],
    6,
    12,
  ],
  [
    'too_many_rules',
    'more rules than can be replayed',
    Array.from({ length: 301 }, (_, at) => `  - { id: r${at}, kind: prohibit, when: "true" }`),
    4,
    3,
  ],
  ['alias', 'an alias', ['  - &rule { id: a, kind: prohibit, when: "true" }', '  - *rule'], 5, 5],
]
for (const [code, what, lines, line, column] of FAULTS) {
  test(`a policy with ${what} is refused with line and column (${code})`, () => {
    const [finding] = findingsOf(policyText(...lines))
    assert.deepEqual([finding?.code, finding?.line, finding?.column], [code, line, column], finding?.message)
  })
}

test('all faults of a policy are reported at once, in reading order', () => {
  const found = findingsOf(
    policyText('  - id: a', '    kind: margin_floor', '    when: quote.x == 1', '    approver: ann'),
  )
  assert.deepEqual(
    found.map(finding => finding.code),
    ['limit_missing', 'unknown_attribute', 'approver_not_on_approval'],
  )
})

test('JSON and YAML of one policy read as the same document', () => {
  const read = readPolicyText(JSON.stringify(starter()))
  assert.ok(read.ok)
  assert.deepEqual(read.value, starter())
})

test('a document read from the store is checked as one read from text', () => {
  assert.ok(checkPolicy(starter()).ok)
  const spoilt = {
    ...starter(),
    rules: [...starter().rules, { id: 'x', kind: 'prohibit' as const, when: 'quote.x == 1' }],
  }
  assert.ok(!checkPolicy(spoilt).ok)
})
