/** What stands on the two sides of a comparison in the syntax tree of the CEL library: one attribute, and literals or parameters. */
import type { ASTNode } from '@marcbachmann/cel-js'
import { type ConditionFault, type ConditionFaultCode, faultAt } from './condition-fault.ts'
import { type AttributeName, INTEGER_ATTRIBUTES, TEXT_ATTRIBUTES } from './expression.ts'
import type { RuleKind } from './policy.ts'
import { normaliseText } from './text.ts'

/** What a `when` may name, for messages. */
const NAMEABLE = [...TEXT_ATTRIBUTES, ...INTEGER_ATTRIBUTES, 'attr.*'].map(name => `quote.${name}`).join(', ')

/** The rule that a condition belongs to. */
export interface OperandScope {
  readonly ruleKind: RuleKind
  readonly params: Readonly<Record<string, number>>
  readonly usedParameters: Set<string>
}

/** Whether a node may name an attribute: a path that is no parameter. */
export const isAttribute = (node: ASTNode): boolean =>
  node.op === '.' && !(node.args[0].op === 'id' && node.args[0].args === 'params')

/** The attribute that a node names. */
export function attributeOf(
  node: ASTNode,
  scope: OperandScope,
): { readonly kind: 'attribute'; readonly name: AttributeName } | ConditionFault {
  const path = pathOf(node)
  if (path === null || path[0] !== 'quote') {
    return fault(
      node,
      'not_in_fragment',
      `\`${textOf(node)}\` stands where one attribute is needed: one of ${NAMEABLE}`,
    )
  }
  const name = path.slice(1).join('.')
  const known =
    path.length === 2
      ? [...TEXT_ATTRIBUTES, ...INTEGER_ATTRIBUTES].some(attribute => attribute === name)
      : path.length === 3 && path[1] === 'attr'
  if (!known) {
    return fault(
      node,
      'unknown_attribute',
      `no attribute \`${textOf(node)}\`; a condition may name ${NAMEABLE}`,
    )
  }
  if (name === 'margin_bps' && scope.ruleKind === 'discount_cap') {
    return fault(node, 'margin_in_cap', '`quote.margin_bps` is not known before the cap has set the discount')
  }
  return { kind: 'attribute', name: name as AttributeName }
}

/** `a.b.c` as its words, null for anything else. */
function pathOf(node: ASTNode): readonly string[] | null {
  if (node.op === 'id') return [node.args]
  if (node.op !== '.') return null
  const before = pathOf(node.args[0])
  return before === null ? null : [...before, node.args[1]]
}

/** The text or integer that a node stands for, of the type that the attribute has. */
export function literalOf(
  node: ASTNode,
  attribute: AttributeName,
  scope: OperandScope,
): { readonly kind: 'literal'; readonly value: string | number } | ConditionFault {
  const value =
    node.op === 'value' && typeof node.args === 'string' ? normaliseText(node.args) : integerOf(node, scope)
  if (typeof value === 'object') return value
  const wanted = TEXT_ATTRIBUTES.includes(attribute)
    ? 'string'
    : INTEGER_ATTRIBUTES.includes(attribute)
      ? 'number'
      : typeof value
  if (typeof value !== wanted) {
    const kind = wanted === 'string' ? 'text' : 'an integer'
    return fault(node, 'wrong_type', `\`quote.${attribute}\` is ${kind}, \`${textOf(node)}\` is not`)
  }
  return { kind: 'literal', value }
}

function integerOf(node: ASTNode, scope: OperandScope): number | ConditionFault {
  if (node.op === '.' && node.args[0].op === 'id' && node.args[0].args === 'params') {
    const name = node.args[1]
    if (!Object.hasOwn(scope.params, name)) {
      return fault(node, 'unknown_parameter', `the rule has no parameter \`${name}\``)
    }
    scope.usedParameters.add(name)
    return scope.params[name] as number
  }
  const negative = node.op === '-_'
  const digits = node.op === '-_' ? node.args : node
  if (digits.op !== 'value' || typeof digits.args !== 'bigint') {
    return fault(node, 'not_in_fragment', `\`${textOf(node)}\` is neither text, nor an integer, nor params.*`)
  }
  const value = Number(negative ? -digits.args : digits.args)
  return Number.isSafeInteger(value)
    ? value + 0
    : fault(node, 'integer_too_large', `\`${textOf(node)}\` is beyond 2^53 - 1`)
}

/** A node as it was written. */
export const textOf = (node: ASTNode): string => node.input.slice(node.start, node.end)

/** A fault where the node begins. */
export const fault = (node: ASTNode, code: ConditionFaultCode, message: string): ConditionFault =>
  faultAt(node.input, node.start, code, message)
