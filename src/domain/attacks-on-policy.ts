import type { Attack } from './attack.ts'
import type { Expression } from './expression.ts'
import type { CheckedPolicy, CheckedRule } from './policy.ts'
import { loosenedProtectedRules } from './policy-compare.ts'
import { isProtectedAttribute } from './protected-attributes.ts'

/** A protected rule loosened: something it would have stopped at equal grant is no longer stopped, or that is not settled. */
export const policyBypass: Attack = ({ base, candidate }) => {
  const loosened = loosenedProtectedRules(base, candidate)
  return {
    outcome: loosened.length > 0 ? 'blocked' : 'passed',
    measured: loosened.length,
    limit: 0,
    reason:
      loosened.length > 0
        ? 'a protected rule no longer stops what it would have stopped'
        : 'every protected rule stops what it stopped before',
    contributors: [],
    smallest_set: loosened.map(rule => rule.rule_id),
  }
}

/** A condition that the candidate brings in or changes decides by age, gender and the like. */
export const protectedAttribute: Attack = ({ base, candidate }) => {
  const offending = changedRules(base, candidate).filter(rule =>
    attributesOf(rule.condition).some(isProtectedAttribute),
  )
  return {
    outcome: offending.length > 0 ? 'blocked' : 'passed',
    measured: offending.length,
    limit: 0,
    reason:
      offending.length > 0
        ? 'a new or changed rule decides by what a price must not depend on'
        : 'no new or changed rule decides by a protected attribute',
    contributors: [],
    smallest_set: offending.map(rule => rule.id),
  }
}

/** Rules of the candidate that the base does not have in the same form. */
function changedRules(base: CheckedPolicy, candidate: CheckedPolicy): readonly CheckedRule[] {
  const known = new Map(base.rules.map(rule => [rule.id, JSON.stringify(effectOf(rule))]))
  return candidate.rules.filter(rule => known.get(rule.id) !== JSON.stringify(effectOf(rule)))
}

const effectOf = ({ kind, condition, limitBps, approver }: CheckedRule): unknown => [
  kind,
  condition,
  limitBps,
  approver,
]

function attributesOf(expression: Expression): readonly string[] {
  switch (expression.kind) {
    case 'constant':
      return []
    case 'comparison':
    case 'membership':
      return [expression.attribute]
    case 'not':
      return attributesOf(expression.of)
    case 'and':
    case 'or':
      return expression.of.flatMap(attributesOf)
  }
}
