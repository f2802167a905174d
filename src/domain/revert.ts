import type { PolicyDocument, Rule, RuleDiff } from './policy.ts'
import { done, type Result, refuse } from './refusal.ts'

/**
 * The changes that take applied ones back, last first. Refuses `base_version_moved` where a later change touched the same
 * field, naming each: what was meant then cannot be guessed.
 */
export function inverseDiffs(
  active: PolicyDocument,
  applied: readonly RuleDiff[],
): Result<readonly RuleDiff[]> {
  const conflicts = applied.filter(diff => !stands(active, diff))
  if (conflicts.length > 0) {
    return refuse(
      'base_version_moved',
      'later changes touched what is to be taken back',
      'hand in the change you want as a diff with `quotey policy-opt propose --from DIFF`',
      { conflicts: conflicts.map(({ rule_id, field }) => ({ rule_id, field })) },
    )
  }
  return done(applied.toReversed().map(inverse))
}

/** Whether what a change made is still there. */
function stands(active: PolicyDocument, diff: RuleDiff): boolean {
  const rule = active.rules.find(known => known.id === diff.rule_id)
  switch (diff.operation) {
    case 'add':
      return rule !== undefined && sameRule(rule, diff.to as Rule)
    case 'remove':
      return rule === undefined
    case 'update':
      return rule !== undefined && diff.to === (diff.field === 'when' ? rule.when : rule.params?.[diff.field])
  }
}

/** Both come from canonical text, so their keys stand in one order. */
const sameRule = (left: Rule, right: Rule): boolean => JSON.stringify(left) === JSON.stringify(right)

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
