import type { PolicyDocument, Rule, RuleDiff } from './policy.ts'
import { LIMIT_OF_KIND } from './policy-check.ts'

const RATIONALE = 'drill: shows that apply and rollback work'

/**
 * The smallest change for a drill: one parameter of the active policy, moved by one step within its tune range where it has one,
 * by one otherwise; never of a protected rule. A policy without any such parameter gets a rule that matches nothing.
 */
export function drillChange(active: PolicyDocument): RuleDiff {
  for (const rule of active.rules) {
    if (rule.protected === true) continue
    for (const [field, value] of Object.entries(rule.params ?? {})) {
      const to = moved(rule, field, value)
      if (to !== null) {
        return { rule_id: rule.id, operation: 'update', field, from: value, to, rationale: RATIONALE }
      }
    }
  }
  return harmlessAddition(active)
}

function moved(rule: Rule, field: string, value: number): number | null {
  const range = rule.tune?.[field]
  const limit = LIMIT_OF_KIND[rule.kind]
  if (range !== undefined) {
    if (value + range.step <= range.max) return value + range.step
    return value - range.step >= range.min ? value - range.step : null
  }
  if (limit === undefined || limit.parameter !== field) return value + 1
  return value + 1 <= limit.max ? value + 1 : value - 1
}

function harmlessAddition(active: PolicyDocument): RuleDiff {
  const taken = new Set(active.rules.map(rule => rule.id))
  let id = 'drill'
  while (taken.has(id)) id = `${id}-again`
  const rule: Rule = { id, kind: 'approval', when: 'false', rationale: RATIONALE }
  return { rule_id: id, operation: 'add', field: 'rule', from: null, to: rule, rationale: RATIONALE }
}
