import type { AttributeName, Expression } from '../../domain/expression.ts'
import { type Dialect, FALSE, TRUE } from './dialect.ts'

/** A column that a condition reads: its SQL, whether it holds text or integers, and whether it may be NULL, which is absent. */
export interface ConditionColumn {
  readonly sql: string
  readonly kind: 'text' | 'integer'
  readonly mayBeAbsent: boolean
}

/** The column of an attribute; null where the snapshot has none of that name. */
export type ColumnOf = (attribute: AttributeName) => ConditionColumn | null

/**
 * Kleene's three truths as integers, so that AND is the least, OR the greatest, NOT the difference to 2, and no database needs to know
 * them: in ClickHouse 18.16 NULL AND false is NULL, and false OR NULL is false.
 */
const TRUTH = { false: 0, absent: 1, true: 2 } as const

/** Whether a condition's column says that it holds, or that it is absent. */
export const holds = (column: string): string => `${column} = ${TRUTH.true}`
export const isAbsent = (column: string): string => `${column} = ${TRUTH.absent}`

/** A condition as one of the three truths; never NULL. */
export function conditionSql(expression: Expression, columnOf: ColumnOf, dialect: Dialect): string {
  switch (expression.kind) {
    case 'constant':
      return String(expression.value ? TRUTH.true : TRUTH.false)
    case 'not':
      return `(${TRUTH.true} - ${conditionSql(expression.of, columnOf, dialect)})`
    case 'and':
    case 'or': {
      const [among, neutral] = expression.kind === 'and' ? ['least', TRUTH.true] : ['greatest', TRUTH.false]
      const operands = expression.of.map(operand => conditionSql(operand, columnOf, dialect))
      return operands.length === 0
        ? String(neutral)
        : operands.reduce((before, operand) => `${among}(${before}, ${operand})`)
    }
    case 'comparison':
    case 'membership': {
      const column = columnOf(expression.attribute)
      return column === null ? String(TRUTH.absent) : atomSql(expression, column, dialect)
    }
  }
}

type Atom = Extract<Expression, { kind: 'comparison' | 'membership' }>

function atomSql(atom: Atom, column: ConditionColumn, dialect: Dialect): string {
  const valueSql = (value: string | number): string =>
    typeof value === 'number' ? String(value) : dialect.text(value)
  const known = (value: string | number): boolean =>
    typeof value === 'number' ? column.kind === 'integer' : column.kind === 'text' && value.isWellFormed()
  if (atom.kind === 'membership') {
    const values = atom.values.filter(known)
    if (values.length === 0) return whereKnown(column, FALSE)
    return whereKnown(column, `${column.sql} IN (${values.map(valueSql).join(', ')})`)
  }
  if (known(atom.value)) {
    return whereKnown(column, `${column.sql} ${SQL_OPERATORS[atom.operator]} ${valueSql(atom.value)}`)
  }
  // Values of two kinds are unequal; to order them is an error, which counts as absence.
  if (atom.operator === '==') return whereKnown(column, FALSE)
  if (atom.operator === '!=') return whereKnown(column, TRUE)
  return String(TRUTH.absent)
}

const SQL_OPERATORS = { '==': '=', '!=': '<>', '<': '<', '<=': '<=', '>': '>', '>=': '>=' } as const

/** A test of a value; absent where the value is. */
const whereKnown = ({ sql, mayBeAbsent }: ConditionColumn, test: string): string =>
  `CASE ${mayBeAbsent ? `WHEN ${sql} IS NULL THEN ${TRUTH.absent} ` : ''}WHEN ${test} THEN ${TRUTH.true} ELSE ${TRUTH.false} END`
