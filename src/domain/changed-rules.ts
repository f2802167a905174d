import type { CheckedPolicy, CheckedRule } from './policy.ts'

/** Rules of the candidate that the base does not have in the same form: other kind, condition, limit or approver. */
export function newOrChangedRules(base: CheckedPolicy, candidate: CheckedPolicy): readonly CheckedRule[] {
  const known = new Map(base.rules.map(rule => [rule.id, formOf(rule)]))
  return candidate.rules.filter(rule => known.get(rule.id) !== formOf(rule))
}

const formOf = ({ kind, condition, limitBps, approver }: CheckedRule): string =>
  JSON.stringify([kind, condition, limitBps, approver])
