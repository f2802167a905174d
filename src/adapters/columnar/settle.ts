import {
  type AttributeName,
  type AttributeValue,
  type Expression,
  evaluate,
  type Truth,
} from '../../domain/expression.ts'
import type { CheckedPolicy, CheckedRule } from '../../domain/policy.ts'

/** A condition of which a part is known beforehand: what is left of it, or its truth. */
export type Settled =
  | { readonly kind: 'truth'; readonly value: Truth }
  | Extract<Expression, { kind: 'comparison' | 'membership' }>
  | { readonly kind: 'not'; readonly of: Settled }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Settled[] }

/** The value an attribute has on every row at hand, null where it is absent on every row; undefined where rows differ. */
export type Known = (attribute: AttributeName) => AttributeValue | undefined

/** A rule with its condition settled as far as it goes. */
export interface SettledRule {
  readonly rule: CheckedRule
  readonly condition: Settled
}

/** The rules that can matter on the rows at hand: such that never match and are never absent are left out. */
export function settlePolicy(policy: CheckedPolicy, known: Known): readonly SettledRule[] {
  return policy.rules
    .map(rule => ({ rule, condition: settle(rule.condition, known) }))
    .filter(({ condition }) => condition.kind !== 'truth' || condition.value !== false)
}

/** Kleene's logic with some values known: the result has the same truth as `expression` on every row of which `known` holds. */
export function settle(expression: Expression, known: Known): Settled {
  switch (expression.kind) {
    case 'constant':
      return truth(expression.value)
    case 'comparison':
    case 'membership': {
      const value = known(expression.attribute)
      return value === undefined ? expression : truth(evaluate(expression, () => value))
    }
    case 'not':
      return negated(settle(expression.of, known))
    case 'and':
      return joined('and', expression.of, known)
    case 'or':
      return joined('or', expression.of, known)
  }
}

const truth = (value: Truth): Settled => ({ kind: 'truth', value })

function negated(of: Settled): Settled {
  if (of.kind === 'not') return of.of
  if (of.kind !== 'truth') return { kind: 'not', of }
  return truth(of.value === 'absent' ? 'absent' : !of.value)
}

function joined(kind: 'and' | 'or', operands: readonly Expression[], known: Known): Settled {
  const absorbing = kind === 'or'
  const open: Settled[] = []
  let absent = false
  for (const operand of operands) {
    const settled = settle(operand, known)
    if (settled.kind !== 'truth') open.push(settled)
    else if (settled.value === absorbing) return settled
    else if (settled.value === 'absent') absent = true
  }
  if (open.length === 0) return truth(absent ? 'absent' : !absorbing)
  const rest = absent ? [...open, truth('absent')] : open
  return rest.length === 1 ? (rest[0] as Settled) : { kind, of: rest }
}
