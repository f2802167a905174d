import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PolicyDocument, Rule, RuleDiff } from '../../src/domain/policy.ts'
import { applyDiffs } from '../../src/domain/policy-diff.ts'
import { inverseDiffs } from '../../src/domain/revert.ts'
import { refusedWith, succeeded } from '../support/installation.ts'

const cap = (id: string, capBps: number, when = 'true'): Rule => ({
  id,
  kind: 'discount_cap',
  when,
  params: { cap_bps: capBps },
})
const BASE: PolicyDocument = { schema: 'clo_policy.v1', name: 'p', rules: [cap('a', 1000), cap('b', 2000)] }

const update = (rule_id: string, field: string, from: RuleDiff['from'], to: RuleDiff['to']): RuleDiff => ({
  rule_id,
  operation: 'update',
  field,
  from,
  to,
  rationale: 'x',
})
const rule = (operation: 'add' | 'remove', which: Rule): RuleDiff => ({
  rule_id: which.id,
  operation,
  field: 'rule',
  from: operation === 'remove' ? which : null,
  to: operation === 'add' ? which : null,
  rationale: 'x',
})

const APPLIED: Readonly<Record<string, RuleDiff>> = {
  'a parameter': update('a', 'cap_bps', 1000, 900),
  'a condition': update('a', 'when', 'true', 'quote.segment == "smb"'),
  'a rule added': rule('add', cap('c', 500)),
  'a rule removed': rule('remove', cap('a', 1000)),
}

const changed = (policy: PolicyDocument, ...diffs: RuleDiff[]): PolicyDocument =>
  succeeded(applyDiffs(policy, diffs))
const byId = (policy: PolicyDocument) => policy.rules.toSorted((one, other) => (one.id < other.id ? -1 : 1))

for (const [what, diff] of Object.entries(APPLIED)) {
  const after = changed(BASE, diff)

  test(`taking back ${what} restores it, also after a later change elsewhere`, () => {
    for (const [active, wanted] of [
      [after, BASE],
      [changed(after, update('b', 'cap_bps', 2000, 1900)), changed(BASE, update('b', 'cap_bps', 2000, 1900))],
    ] as const) {
      const back = succeeded(inverseDiffs(active, after, [diff]))
      assert.deepEqual(byId(changed(active, ...back)), byId(wanted))
    }
  })

  test(`taking back ${what} is refused by name once a later change touched that rule in any field`, () => {
    const touched = after.rules.find(known => known.id === diff.rule_id)
    const later =
      touched === undefined
        ? [rule('add', cap('a', 700))]
        : [update(touched.id, 'when', touched.when, 'quote.region == "na"'), rule('remove', touched)]
    for (const change of later) {
      const refusal = refusedWith('base_version_moved', inverseDiffs(changed(after, change), after, [diff]))
      assert.deepEqual(refusal.facts.conflicts, [{ rule_id: diff.rule_id, field: diff.field }])
      assert.match(refusal.message, new RegExp(`\`${diff.rule_id}\``))
    }
  })
}
