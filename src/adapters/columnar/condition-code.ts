import {
  type AttributeName,
  type AttributeValue,
  type Expression,
  evaluate,
} from '../../domain/expression.ts'
import type { AttributeColumn, KeyColumn, PreparedSnapshot } from './snapshot.ts'

/**
 * Kleene's values as numbers, in their order: with these, `and` is the minimum, `or` the maximum and `not` 2 - x.
 */
export const FALSE = 0
export const ABSENT = 1
export const TRUE = 2

/** A piece of generated code. `total` code gives a boolean, other code gives 0, 1 or 2. */
interface Code {
  readonly text: string
  readonly total: boolean
}

/**
 * What a policy's code needs besides its text. No text and no number of a policy ever becomes code: texts go into tables by
 * dictionary code, numbers into `constants`, so policies that differ in numbers alone share one compiled loop.
 */
export class CodeParts {
  readonly constants: number[] = []
  readonly tables: Uint8Array[] = []
  readonly sets: ReadonlySet<number>[] = []
  readonly attributes: AttributeColumn[] = []
  readonly #attributeAt = new Map<string, number>()

  constant(value: number): string {
    return `c${this.constants.push(value) - 1}`
  }

  table(table: Uint8Array): string {
    return `t${this.tables.push(table) - 1}`
  }

  set(values: ReadonlySet<number>): string {
    return `s${this.sets.push(values) - 1}`
  }

  attribute(key: string, column: AttributeColumn): string {
    let at = this.#attributeAt.get(key)
    if (at === undefined) {
      at = this.attributes.push(column) - 1
      this.#attributeAt.set(key, at)
    }
    return `a${at}`
  }
}

/** Variables of the loop that hold the integer attributes of the row at hand; NaN where absent. */
const INTEGER_VARIABLES: Readonly<Record<string, { readonly name: string; readonly nullable: boolean }>> = {
  list_cents: { name: 'listCents', nullable: false },
  cost_cents: { name: 'costCents', nullable: true },
  requested_discount_bps: { name: 'requestedBps', nullable: false },
  discount_bps: { name: 'discountBps', nullable: false },
  margin_bps: { name: 'marginBps', nullable: true },
}

/** Code of a condition, a number 0, 1 or 2 or a boolean, in the variables of the loop. */
export function conditionCode(expression: Expression, snapshot: PreparedSnapshot, parts: CodeParts): Code {
  switch (expression.kind) {
    case 'constant':
      return { text: String(expression.value), total: true }
    case 'not': {
      const of = conditionCode(expression.of, snapshot, parts)
      return { text: of.total ? `!(${of.text})` : `(2 - ${of.text})`, total: of.total }
    }
    case 'and':
    case 'or': {
      const operands = expression.of.map(operand => conditionCode(operand, snapshot, parts))
      if (operands.length === 0) return { text: String(expression.kind === 'and'), total: true }
      if (operands.every(operand => operand.total)) {
        const joined = operands.map(operand => operand.text).join(expression.kind === 'and' ? ' && ' : ' || ')
        return { text: `(${joined})`, total: true }
      }
      const pick = expression.kind === 'and' ? 'Math.min' : 'Math.max'
      return { text: `${pick}(${operands.map(asNumber).join(', ')})`, total: false }
    }
    case 'comparison':
    case 'membership':
      return atomCode(expression, snapshot, parts)
  }
}

const asNumber = (code: Code): string => (code.total ? `(${code.text} ? 2 : 0)` : code.text)

/** A test in code that is true where the condition is true, and one that is true where it is absent (null: never). */
export function truthTests(
  code: Code,
  variable: string,
): { readonly isTrue: string; readonly isAbsent: string | null } {
  return code.total
    ? { isTrue: variable, isAbsent: null }
    : { isTrue: `${variable} === ${TRUE}`, isAbsent: `${variable} === ${ABSENT}` }
}

type Atom = Extract<Expression, { kind: 'comparison' | 'membership' }>

function atomCode(atom: Atom, snapshot: PreparedSnapshot, parts: CodeParts): Code {
  const key = keyColumnOf(atom.attribute, snapshot)
  if (key !== null) {
    const table = Uint8Array.from(key.column.keys, text => kleene(atom, text))
    return { text: `(${parts.table(table)}[${key.variable}] === ${TRUE})`, total: true }
  }
  const integer = INTEGER_VARIABLES[atom.attribute]
  if (integer !== undefined) return integerCode(atom, integer.name, integer.nullable, parts)

  const name = atom.attribute.slice('attr.'.length)
  const column = snapshot.attributes.get(name)
  if (column === undefined) return { text: String(kleene(atom, null)), total: false }
  const variable = parts.attribute(name, column)
  if (column.kind === 'integer') return integerCode(atom, variable, true, parts)
  const table = Uint8Array.from([kleene(atom, null), ...column.keys.map(text => kleene(atom, text))])
  return { text: `${parts.table(table)}[${variable} + 1]`, total: false }
}

function keyColumnOf(
  attribute: AttributeName,
  snapshot: PreparedSnapshot,
): { readonly column: KeyColumn; readonly variable: string } | null {
  switch (attribute) {
    case 'segment':
      return { column: snapshot.segment, variable: 'segmentCode' }
    case 'region':
      return { column: snapshot.region, variable: 'regionCode' }
    case 'product_family':
      return { column: snapshot.productFamily, variable: 'familyCode' }
    default:
      return null
  }
}

/** One comparison on one value, decided once when the loop is made. */
function kleene(atom: Atom, value: AttributeValue): 0 | 1 | 2 {
  const truth = evaluate(atom, () => value)
  return truth === 'absent' ? ABSENT : truth ? TRUE : FALSE
}

function integerCode(atom: Atom, variable: string, nullable: boolean, parts: CodeParts): Code {
  const test = integerTest(atom, variable, parts)
  if (test === null) return { text: String(ABSENT), total: false }
  return nullable
    ? { text: `(${variable} !== ${variable} ? ${ABSENT} : ${test} ? ${TRUE} : ${FALSE})`, total: false }
    : { text: test, total: true }
}

/** null where the comparison is absent for every integer: an order between integer and text. */
function integerTest(atom: Atom, variable: string, parts: CodeParts): string | null {
  if (atom.kind === 'membership') {
    const integers = atom.values.filter(value => typeof value === 'number')
    return `${parts.set(new Set(integers))}.has(${variable})`
  }
  if (typeof atom.value === 'number')
    return `(${variable} ${OPERATORS[atom.operator]} ${parts.constant(atom.value)})`
  if (atom.operator === '==') return 'false'
  return atom.operator === '!=' ? 'true' : null
}

const OPERATORS = { '==': '===', '!=': '!==', '<': '<', '<=': '<=', '>': '>', '>=': '>=' } as const
