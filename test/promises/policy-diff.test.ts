import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PolicyDocument, Rule, RuleDiff } from '../../src/domain/policy.ts'
import { applyDiffs, diffPolicies } from '../../src/domain/policy-diff.ts'
import { readPolicyText } from '../../src/domain/policy-text.ts'
import { arbitraryPolicy, arbitraryPolicyPair } from '../support/generate-policy.ts'

const starterText = await readFile(new URL('../../policies/starter.yaml', import.meta.url), 'utf8')

const starter = (): PolicyDocument => {
  const read = readPolicyText(starterText)
  assert.ok(read.ok)
  return read.value
}

const byId = (left: Rule, right: Rule): number => (left.id < right.id ? -1 : 1)
const withoutOrder = (document: PolicyDocument) => document.rules.toSorted(byId)

test('the diff of two policies, applied to the first, gives the second up to the order of rules', () => {
  let changes = 0
  fc.assert(
    fc.property(
      fc.oneof(
        arbitraryPolicyPair(),
        fc.tuple(arbitraryPolicy(), arbitraryPolicy()).map(([base, candidate]) => ({ base, candidate })),
      ),
      ({ base, candidate }) => {
        const diffs = diffPolicies(base, candidate)
        changes += diffs.length
        const applied = applyDiffs(base, diffs)
        assert.ok(applied.ok, JSON.stringify(applied))
        assert.deepEqual(withoutOrder(applied.value), withoutOrder(candidate))
        const kept = base.rules
          .map(rule => rule.id)
          .filter(id => !diffs.some(diff => diff.rule_id === id && diff.field === 'rule'))
        assert.deepEqual(
          applied.value.rules.slice(0, kept.length).map(rule => rule.id),
          kept,
        )
        assert.deepEqual(diffPolicies(applied.value, candidate), [])
      },
    ),
    { numRuns: 300, verbose: 1 },
  )
  assert.ok(changes > 300)
})

test('a changed value is one update, any other change of a rule is its removal and addition', () => {
  const base = starter()
  const changed = (change: Partial<Rule>): PolicyDocument => ({
    ...base,
    rules: base.rules.map(rule => (rule.id === 'discount-cap-smb' ? { ...rule, ...change } : rule)),
  })
  const update: RuleDiff = {
    rule_id: 'discount-cap-smb',
    operation: 'update',
    field: 'cap_bps',
    from: 1800,
    to: 1850,
    rationale: '',
  }
  assert.deepEqual(diffPolicies(base, changed({ params: { cap_bps: 1850 } })), [update])
  const operations = diffPolicies(base, changed({ protected: true })).map(diff => diff.operation)
  assert.deepEqual(operations, ['remove', 'add'])
})

const smb = (change: Partial<RuleDiff>): RuleDiff => ({
  rule_id: 'discount-cap-smb',
  operation: 'update',
  field: 'cap_bps',
  from: 1800,
  to: 1850,
  rationale: '',
  ...change,
})
const rule: Rule = { id: 'x', kind: 'prohibit', when: 'false' }
const MISFITS: readonly (readonly [string, RuleDiff, string])[] = [
  ['whose `from` is not the value of the base', smb({ from: 1700 }), 'bad_input'],
  ['of a rule the base has not', smb({ rule_id: 'nowhere' }), 'bad_input'],
  ['of a parameter the rule has not', smb({ field: 'floor_bps' }), 'bad_input'],
  [
    'of a key that is neither parameter nor `when`',
    smb({ field: 'kind', from: 'discount_cap', to: 'prohibit' }),
    'bad_input',
  ],
  ['to a value of another type', smb({ to: '1850' }), 'bad_input'],
  ['to a fraction', smb({ to: 1850.5 }), 'bad_input'],
  [
    'that adds a rule under another name',
    smb({ operation: 'add', field: 'rule', from: null, to: rule }),
    'bad_input',
  ],
  [
    'that adds an id which is taken',
    smb({ operation: 'add', field: 'rule', from: null, to: { ...rule, id: 'discount-cap-smb' } }),
    'bad_input',
  ],
  [
    'that removes a rule other than the one of the base',
    smb({ operation: 'remove', field: 'rule', from: { ...rule, id: 'discount-cap-smb' }, to: null }),
    'bad_input',
  ],
  ['that leaves the tune range', smb({ to: 2650 }), 'invalid_policy'],
  [
    'to a condition beyond the fragment',
    smb({ field: 'when', from: 'quote.segment == "smb"', to: 'quote.outcome == "won"' }),
    'invalid_policy',
  ],
]
for (const [what, diff, code] of MISFITS) {
  test(`a change ${what} is refused (${code})`, () => {
    const applied = applyDiffs(starter(), [diff])
    assert.equal(applied.ok ? 'applied' : applied.refusal.code, code)
  })
}
