import type { PolicyDocument, Rule, RuleDiff } from './policy.ts'
import { done, type Result, refuse } from './refusal.ts'

/**
 * The changes that take applied ones back, last first. `after` is the document as those changes left it. Refuses
 * `base_version_moved` where a later change touched one of the same rules, in whatever field, naming each: what a number meant
 * under another condition cannot be guessed.
 */
export function inverseDiffs(
  active: PolicyDocument,
  after: PolicyDocument,
  applied: readonly RuleDiff[],
): Result<readonly RuleDiff[]> {
  const conflicts = applied.filter(
    ({ rule_id }) => !sameRule(ruleIn(active, rule_id), ruleIn(after, rule_id)),
  )
  if (conflicts.length > 0) {
    return refuse(
      'base_version_moved',
      `later changes touched what is to be taken back: \`${[...new Set(conflicts.map(diff => diff.rule_id))].join('`, `')}\``,
      'hand in the change you want as a diff with `quotey policy-opt propose --from DIFF`',
      { conflicts: conflicts.map(({ rule_id, field }) => ({ rule_id, field })) },
    )
  }
  return done(applied.toReversed().map(inverse))
}

const ruleIn = (policy: PolicyDocument, ruleId: string): Rule | undefined =>
  policy.rules.find(known => known.id === ruleId)

/** Both come from canonical text, so their keys stand in one order. */
const sameRule = (left: Rule | undefined, right: Rule | undefined): boolean =>
  JSON.stringify(left) === JSON.stringify(right)

function inverse(diff: RuleDiff): RuleDiff {
  const swapped = { ...diff, from: diff.to, to: diff.from }
  switch (diff.operation) {
    case 'add':
      return { ...swapped, operation: 'remove', rationale: 'takes back what was added' }
    case 'remove':
      return { ...swapped, operation: 'add', rationale: 'brings back what was removed' }
    case 'update':
      return { ...swapped, rationale: `takes back ${diff.from} -> ${diff.to}` }
  }
}
