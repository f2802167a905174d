/** The decidable fragment of CEL a `when` may use, as a tree. Parameters are already replaced by their values. */
export type AttributeName =
  | 'segment'
  | 'region'
  | 'product_family'
  | 'list_cents'
  | 'cost_cents'
  | 'requested_discount_bps'
  | 'discount_bps'
  | 'margin_bps'
  | `attr.${string}`

/** Attributes that always hold text, and such that hold an integer or nothing; an attr.* may hold either. */
export const TEXT_ATTRIBUTES: readonly AttributeName[] = ['segment', 'region', 'product_family']
export const INTEGER_ATTRIBUTES: readonly AttributeName[] = [
  'list_cents',
  'cost_cents',
  'requested_discount_bps',
  'discount_bps',
  'margin_bps',
]

export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>='

export type Expression =
  | { readonly kind: 'constant'; readonly value: boolean }
  | {
      readonly kind: 'comparison'
      readonly attribute: AttributeName
      readonly operator: ComparisonOperator
      readonly value: string | number
    }
  | {
      readonly kind: 'membership'
      readonly attribute: AttributeName
      readonly values: readonly (string | number)[]
    }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Expression[] }

/** Kleene's strong three values: what CEL's error absorption amounts to when the only error is absence. */
export type Truth = true | false | 'absent'

export type AttributeValue = string | number | null

/** Truth of an expression, given the value of each attribute (null where absent). */
export function evaluate(
  expression: Expression,
  lookUp: (attribute: AttributeName) => AttributeValue,
): Truth {
  switch (expression.kind) {
    case 'constant':
      return expression.value
    case 'comparison': {
      const value = lookUp(expression.attribute)
      return value === null ? 'absent' : compare(value, expression.operator, expression.value)
    }
    case 'membership': {
      const value = lookUp(expression.attribute)
      return value === null ? 'absent' : expression.values.includes(value)
    }
    case 'not': {
      const truth = evaluate(expression.of, lookUp)
      return truth === 'absent' ? 'absent' : !truth
    }
    case 'and':
      return absorb(expression.of, lookUp, false)
    case 'or':
      return absorb(expression.of, lookUp, true)
  }
}

function absorb(
  operands: readonly Expression[],
  lookUp: (attribute: AttributeName) => AttributeValue,
  absorbing: boolean,
): Truth {
  let absent = false
  for (const operand of operands) {
    const truth = evaluate(operand, lookUp)
    if (truth === absorbing) return absorbing
    if (truth === 'absent') absent = true
  }
  return absent ? 'absent' : !absorbing
}

/**
 * Text and integer are unequal, as in CEL. To order them is an error in CEL, which counts as absence: only an attr.* can hold
 * the other kind, and then it has no value that the rule could speak about.
 */
function compare(left: string | number, operator: ComparisonOperator, right: string | number): Truth {
  if (typeof left !== typeof right && operator !== '==' && operator !== '!=') return 'absent'
  switch (operator) {
    case '==':
      return left === right
    case '!=':
      return left !== right
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    case '>=':
      return left >= right
  }
}
