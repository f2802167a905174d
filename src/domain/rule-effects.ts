import type { Decision } from './decision.ts'
import type { CheckedPolicy, CheckedRule } from './policy.ts'
import type { Bps } from './units.ts'

/**
 * The rules that changed a decision, in the order of the base and then of the candidate. The effect of a rule on a quote is
 *   discount_cap   its limit, if it matches and lies below the request
 *   margin_floor   violated, if it matches and is undercut
 *   prohibit       violated, if it matches
 *   approval       its approver, if it matches
 * and none otherwise or where the policy lacks the rule. A rule changed the decision when its effect differs; a cap only if
 * besides the grant differs and the cap's limit is the grant of either policy (a cap that never bound changed nothing).
 * Whenever a quote is impacted there is at least one such rule.
 */
export function changedRules(
  base: CheckedPolicy,
  candidate: CheckedPolicy,
  requestedDiscountBps: Bps,
  under: { readonly base: Decision; readonly candidate: Decision },
): readonly string[] {
  const before = new Map(base.rules.map(rule => [rule.id, rule]))
  const after = new Map(candidate.rules.map(rule => [rule.id, rule]))
  const grants = [under.base.grantedDiscountBps, under.candidate.grantedDiscountBps]
  const regranted = grants[0] !== grants[1]
  return [...new Set([...before.keys(), ...after.keys()])].filter(id => {
    const effects = [
      effectOf(before.get(id), under.base, requestedDiscountBps),
      effectOf(after.get(id), under.candidate, requestedDiscountBps),
    ]
    if (JSON.stringify(effects[0]) === JSON.stringify(effects[1])) return false
    return effects.some(
      (effect, at) =>
        effect !== null && (effect.kind !== 'cap' || (regranted && effect.limitBps === grants[at])),
    )
  })
}

type Effect =
  | { readonly kind: 'cap'; readonly limitBps: Bps }
  | { readonly kind: 'violation' }
  | { readonly kind: 'approval'; readonly approver: string | null }

function effectOf(rule: CheckedRule | undefined, decision: Decision, requested: Bps): Effect | null {
  if (rule === undefined || !decision.matched.includes(rule.id)) return null
  switch (rule.kind) {
    case 'discount_cap':
      return rule.limitBps !== null && rule.limitBps < requested
        ? { kind: 'cap', limitBps: rule.limitBps }
        : null
    case 'margin_floor':
    case 'prohibit':
      return decision.violations.includes(rule.id) ? { kind: 'violation' } : null
    case 'approval':
      return { kind: 'approval', approver: rule.approver }
  }
}
