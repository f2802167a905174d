import { type AttributeName, type AttributeValue, evaluate } from '../../domain/expression.ts'
import type { LoopParts } from './loop-parts.ts'
import type { Settled } from './settle.ts'

/**
 * Kleene's values as numbers, in their order: with these, `and` is the minimum, `or` the maximum and `not` 2 - x.
 */
export const FALSE = 0
export const ABSENT = 1
export const TRUE = 2

/** A piece of generated code. `total` code gives a boolean, 0 or 1, for bitwise operators alone; other code gives 0, 1 or 2. */
export interface Code {
  readonly text: string
  readonly total: boolean
}

/** Where the loop keeps the value of an attribute. */
export type Variable =
  | { readonly kind: 'integer'; readonly name: string; readonly nullable: boolean }
  /** A code into `keys`; -1 is absent where `nullable`. */
  | {
      readonly kind: 'text'
      readonly name: string
      readonly keys: readonly string[]
      readonly nullable: boolean
    }

/**
 * Code of a condition in the variables of the loop. It has no branches but for long lists: on mixed rows a branch is guessed
 * wrong more often than a comparison costs.
 */
export function conditionCode(
  condition: Settled,
  variableOf: (attribute: AttributeName) => Variable,
  parts: LoopParts,
): Code {
  switch (condition.kind) {
    case 'truth':
      return condition.value === 'absent'
        ? { text: String(ABSENT), total: false }
        : { text: condition.value ? '1' : '0', total: true }
    case 'not': {
      const of = conditionCode(condition.of, variableOf, parts)
      return { text: of.total ? `(${of.text} ^ 1)` : `(2 - ${of.text})`, total: of.total }
    }
    case 'and':
    case 'or': {
      const operands = condition.of.map(operand => conditionCode(operand, variableOf, parts))
      if (operands.every(operand => operand.total)) {
        const joined = operands.map(operand => operand.text).join(condition.kind === 'and' ? ' & ' : ' | ')
        return { text: `(${joined})`, total: true }
      }
      const pick = condition.kind === 'and' ? 'Math.min' : 'Math.max'
      return { text: `${pick}(${operands.map(asKleene).join(', ')})`, total: false }
    }
    case 'comparison':
    case 'membership': {
      const variable = variableOf(condition.attribute)
      return variable.kind === 'integer'
        ? integerCode(condition, variable, parts)
        : textCode(condition, variable, parts)
    }
  }
}

const asKleene = (code: Code): string => (code.total ? `(${code.text} << 1)` : code.text)

type Atom = Extract<Settled, { kind: 'comparison' | 'membership' }>

/** Texts are compared once, when the loop is made; the loop looks its code up. */
function textCode(atom: Atom, { name, keys, nullable }: Variable & { kind: 'text' }, parts: LoopParts): Code {
  if (!nullable && !keys.some(text => kleene(atom, text) === ABSENT)) {
    const table = Uint8Array.from(keys, text => (kleene(atom, text) === TRUE ? 1 : 0))
    return { text: `${parts.table(table)}[${name}]`, total: true }
  }
  const table = Uint8Array.from([kleene(atom, null), ...keys.map(text => kleene(atom, text))])
  return { text: `${parts.table(table)}[${name} + 1]`, total: false }
}

/** One comparison on one value. */
function kleene(atom: Atom, value: AttributeValue): 0 | 1 | 2 {
  const truth = evaluate(atom, () => value)
  return truth === 'absent' ? ABSENT : truth ? TRUE : FALSE
}

function integerCode(
  atom: Atom,
  { name, nullable }: { readonly name: string; readonly nullable: boolean },
  parts: LoopParts,
): Code {
  const test = integerTest(atom, name, parts)
  if (test === null) return { text: String(ABSENT), total: false }
  return nullable
    ? { text: `(${name} !== ${name} ? ${ABSENT} : ${test} << 1)`, total: false }
    : { text: test, total: true }
}

/** Total code; null where the comparison is absent for every integer: an order between integer and text. */
function integerTest(atom: Atom, name: string, parts: LoopParts): string | null {
  if (atom.kind === 'membership') {
    const integers = atom.values.filter(value => typeof value === 'number')
    if (integers.length === 0) return '0'
    if (integers.length > LISTED_MAX) return `${parts.set(new Set(integers))}.has(${name})`
    return `(${integers.map(value => `(${name} === ${parts.constant(value)})`).join(' | ')})`
  }
  if (typeof atom.value === 'number') {
    return `(${name} ${OPERATORS[atom.operator]} ${parts.constant(atom.value)})`
  }
  if (atom.operator === '==') return '0'
  return atom.operator === '!=' ? '1' : null
}

/** Longer lists become sets. */
const LISTED_MAX = 6

const OPERATORS = { '==': '===', '!=': '!==', '<': '<', '<=': '<=', '>': '>', '>=': '>=' } as const
