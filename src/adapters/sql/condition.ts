import type { AttributeName, Expression } from '../../domain/expression.ts'
import { ABSENT, type Dialect, FALSE, TRUE } from './dialect.ts'

/** A column that a condition reads: its SQL, and whether it holds text or integers; NULL is absent. */
export interface ConditionColumn {
  readonly sql: string
  readonly kind: 'text' | 'integer'
}

/** The column of an attribute; null where the snapshot has none of that name. */
export type ColumnOf = (attribute: AttributeName) => ConditionColumn | null

/**
 * A condition as a truth that may be NULL, which is absent. SQL's AND, OR and NOT are Kleene's, which is what absence asks
 * for; only comparisons between kinds need words of their own.
 */
export function conditionSql(expression: Expression, columnOf: ColumnOf, dialect: Dialect): string {
  switch (expression.kind) {
    case 'constant':
      return expression.value ? TRUE : FALSE
    case 'not':
      return `(NOT ${conditionSql(expression.of, columnOf, dialect)})`
    case 'and':
    case 'or': {
      if (expression.of.length === 0) return expression.kind === 'and' ? TRUE : FALSE
      const operands = expression.of.map(operand => conditionSql(operand, columnOf, dialect))
      return `(${operands.join(expression.kind === 'and' ? ' AND ' : ' OR ')})`
    }
    case 'comparison':
    case 'membership': {
      const column = columnOf(expression.attribute)
      return column === null ? ABSENT : atomSql(expression, column, dialect)
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
    return values.length === 0
      ? whereKnown(column, false)
      : `(${column.sql} IN (${values.map(valueSql).join(', ')}))`
  }
  if (known(atom.value)) return `(${column.sql} ${SQL_OPERATORS[atom.operator]} ${valueSql(atom.value)})`
  // Values of two kinds are unequal; to order them is an error, which counts as absence.
  if (atom.operator === '==') return whereKnown(column, false)
  if (atom.operator === '!=') return whereKnown(column, true)
  return ABSENT
}

const SQL_OPERATORS = { '==': '=', '!=': '<>', '<': '<', '<=': '<=', '>': '>', '>=': '>=' } as const

/** A truth that holds for every value, and is absent where the value is. */
const whereKnown = (column: ConditionColumn, truth: boolean): string =>
  `(CASE WHEN ${column.sql} IS NOT NULL THEN ${truth ? TRUE : FALSE} END)`
