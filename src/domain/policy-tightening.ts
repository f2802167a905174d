import type { CheckedRule } from './policy.ts'
import { attributesOf } from './policy-cells.ts'
import type { RuleOfEither } from './policy-pair.ts'
import { isInBase, isInCandidate } from './policy-possibilities.ts'

/**
 * Whether a candidate can be seen to be never looser rule by rule, without looking at a quote: each rule of the base is there, or
 * stands there with the same condition and a limit at least as strict; whatever else the candidate has, it adds.
 *
 * At equal grant every rule of the base then does at least what it did, and what is added adds. A cap makes the grant smaller, which
 * is stricter, unless only at the smaller grant a rule of the base can be decided: so no rule of the base may depend on the grant
 * for that. Says no where it cannot tell.
 */
export function isTightening(entries: readonly RuleOfEither[]): boolean {
  const fresh = entries.filter(entry => !isInBase(entry)).map(({ rule }) => framed(rule))
  const replaced = entries.filter(entry => !isInCandidate(entry)).map(({ rule }) => framed(rule))
  const isEachReplaced = replaced.every(before => {
    const at = fresh.findIndex(after => after.frame === before.frame && isAtLeastAsStrict(after, before))
    return at >= 0 && fresh.splice(at, 1).length > 0
  })
  if (!isEachReplaced) return false
  const grantsDiffer = entries.some(
    entry => entry.rule.kind === 'discount_cap' && isInBase(entry) !== isInCandidate(entry),
  )
  return !grantsDiffer || entries.filter(isInBase).every(({ rule }) => !grantMayDecide(rule))
}

interface Framed {
  readonly rule: CheckedRule
  /** All that a rule does but its limit. */
  readonly frame: string
}

const framed = (rule: CheckedRule): Framed => ({
  rule,
  frame: JSON.stringify([rule.kind, rule.condition, rule.approver]),
})

function isAtLeastAsStrict(after: Framed, before: Framed): boolean {
  const tightens = (after.rule.limitBps ?? 0) - (before.rule.limitBps ?? 0)
  return after.rule.kind === 'discount_cap' ? tightens <= 0 : tightens >= 0
}

/**
 * Whether the grant may tell a quote on which the rule can be decided from one on which it cannot. Margin and cost are absent
 * together and at every grant; only with another attribute beside it does a margin, or a discount, decide in its place. A floor
 * also asks for the cost where it matches.
 */
function grantMayDecide({ kind, condition }: CheckedRule): boolean {
  if (kind === 'discount_cap') return false
  const names = attributesOf(condition)
  const mayBeAbsent = names.some(name => name.startsWith('attr.'))
  const needsCost = kind === 'margin_floor' || names.includes('cost_cents') || names.includes('margin_bps')
  return (
    (names.includes('discount_bps') && (mayBeAbsent || needsCost)) ||
    (names.includes('margin_bps') && mayBeAbsent)
  )
}
