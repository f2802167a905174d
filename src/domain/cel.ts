/**
 * Parses and type-checks a `when` and holds it to the decidable fragment of `expression.ts`. Besides this file only
 * `cel-operands.ts` touches the syntax tree of the CEL library.
 */
import { type ASTNode, Environment, ParseError } from '@marcbachmann/cel-js'
import { attributeOf, fault, isAttribute, literalOf, type OperandScope, textOf } from './cel-operands.ts'
import { type ConditionFault, faultAt } from './condition-fault.ts'
import {
  type ComparisonOperator,
  type Expression,
  INTEGER_ATTRIBUTES,
  TEXT_ATTRIBUTES,
} from './expression.ts'
import type { RuleKind } from './policy.ts'
import { normaliseText } from './text.ts'

/** The variables a `when` may use, with their types. */
export const ENVIRONMENT = new Environment()
  .registerVariable('quote', {
    schema: {
      ...Object.fromEntries(TEXT_ATTRIBUTES.map(name => [name, 'string'])),
      ...Object.fromEntries(INTEGER_ATTRIBUTES.map(name => [name, 'int'])),
      attr: 'map<string, dyn>',
    },
  })
  .registerVariable('params', 'map<string, int>')

/** A `when` that passed, with its parameters filled in. */
export interface Condition {
  readonly kind: 'condition'
  readonly expression: Expression
  readonly usedParameters: ReadonlySet<string>
}

interface Scope extends OperandScope {
  /** Comparisons, negations and chains met so far. */
  parts: number
}

/** As many as every engine can nest: DuckDB refuses an expression deeper than 1000, and stacks end somewhere too. */
export const CONDITION_PARTS_MAX = 250
const TOO_LARGE = `a condition has at most ${CONDITION_PARTS_MAX} comparisons, negations and chains; one \`in\` compares with many values`

/** Parses and checks the `when` of a rule. Refuses with the first fault in the text. */
export function compileCondition(
  when: string,
  ruleKind: RuleKind,
  params: Readonly<Record<string, number>>,
): Condition | ConditionFault {
  const parsed = parse(when)
  if (parsed.kind === 'fault') return parsed
  const usedParameters = new Set<string>()
  const expression = translate(parsed.program.ast, { ruleKind, params, usedParameters, parts: 0 })
  if (expression.kind === 'fault') return expression
  const typed = parsed.program.check()
  if (!typed.valid || typed.type !== 'bool') {
    const range = typed.error?.range
    return faultAt(
      when,
      range?.start ?? 0,
      'wrong_type',
      typed.error?.summary ?? 'the text is not a condition',
    )
  }
  return { kind: 'condition', expression, usedParameters }
}

type Program = ReturnType<typeof ENVIRONMENT.parse>

function parse(when: string): { readonly kind: 'parsed'; readonly program: Program } | ConditionFault {
  try {
    return { kind: 'parsed', program: ENVIRONMENT.parse(when) }
  } catch (error) {
    // The parser's own recursion ended, far beyond what a condition may have.
    if (error instanceof RangeError) return faultAt(when, 0, 'too_large', TOO_LARGE)
    if (!(error instanceof ParseError)) throw error
    return faultAt(when, error.range?.start ?? 0, 'syntax', `not CEL: ${lowerFirst(error.summary)}`)
  }
}

const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1)

function translate(node: ASTNode, scope: Scope): Expression | ConditionFault {
  scope.parts += 1
  if (scope.parts > CONDITION_PARTS_MAX) return fault(node, 'too_large', TOO_LARGE)
  switch (node.op) {
    case 'value':
      return typeof node.args === 'boolean'
        ? { kind: 'constant', value: node.args }
        : fault(node, 'wrong_type', `\`${textOf(node)}\` is not a condition`)
    case '!_': {
      const of = translate(node.args, scope)
      return of.kind === 'fault' ? of : { kind: 'not', of }
    }
    case '&&':
    case '||':
      return connective(node, scope)
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparison(node, node.op, scope)
    case 'in':
      return membership(node, scope)
    default:
      return fault(
        node,
        'not_in_fragment',
        `\`${textOf(node)}\` is beyond the fragment: compare one attribute with a literal or params.*, and join comparisons by && || !`,
      )
  }
}

/** Flattens chains, which the library nests to the left. Absorption does not depend on the grouping. */
function connective(node: ASTNode & { op: '&&' | '||' }, scope: Scope): Expression | ConditionFault {
  const operands: Expression[] = []
  const pending: ASTNode[] = [node]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.op === node.op) {
      const [left, right] = next.args as [ASTNode, ASTNode]
      pending.push(right, left)
      continue
    }
    const operand = translate(next, scope)
    if (operand.kind === 'fault') return operand
    operands.push(operand)
  }
  return { kind: node.op === '&&' ? 'and' : 'or', of: operands }
}

const FLIPPED: Readonly<Record<ComparisonOperator, ComparisonOperator>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
}

function comparison(
  node: ASTNode & { args: [ASTNode, ASTNode] },
  operator: ComparisonOperator,
  scope: Scope,
): Expression | ConditionFault {
  const [left, right] = node.args
  const flipped = !isAttribute(left) && isAttribute(right)
  const attribute = attributeOf(flipped ? right : left, scope)
  if (attribute.kind === 'fault') return attribute
  const value = literalOf(flipped ? left : right, attribute.name, scope)
  if (value.kind === 'fault') return value
  if (typeof value.value === 'string' && operator !== '==' && operator !== '!=') {
    return fault(node, 'wrong_type', `text allows ==, != and in, not \`${operator}\``)
  }
  return {
    kind: 'comparison',
    attribute: attribute.name,
    operator: flipped ? FLIPPED[operator] : operator,
    value: value.value,
  }
}

function membership(node: ASTNode & { op: 'in' }, scope: Scope): Expression | ConditionFault {
  const [left, right] = node.args
  const attribute = attributeOf(left, scope)
  if (attribute.kind === 'fault') return attribute
  if (right.op !== 'list') {
    return fault(right, 'not_in_fragment', `\`in\` needs a list of literals, not \`${textOf(right)}\``)
  }
  const values: (string | number)[] = []
  for (const element of right.args) {
    const literal = literalOf(element, attribute.name, scope)
    if (literal.kind === 'fault') return literal
    values.push(literal.value)
  }
  return { kind: 'membership', attribute: attribute.name, values }
}

/** The same `when` with every text literal in normalised form, as the data are normalised too. It must be CEL. */
export function withNormalisedText(when: string): string {
  const literals: { readonly start: number; readonly end: number; readonly text: string }[] = []
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) for (const part of node) visit(part)
    if (!isNode(node)) return
    if (node.op === 'value' && typeof node.args === 'string') {
      literals.push({ start: node.start, end: node.end, text: node.args })
    } else visit(node.args)
  }
  visit(ENVIRONMENT.parse(when).ast)
  return literals
    .toSorted((left, right) => right.start - left.start)
    .reduce(
      (text, literal) =>
        text.slice(0, literal.start) + JSON.stringify(normaliseText(literal.text)) + text.slice(literal.end),
      when,
    )
}

const isNode = (value: unknown): value is ASTNode =>
  typeof value === 'object' && value !== null && 'op' in value && 'args' in value
