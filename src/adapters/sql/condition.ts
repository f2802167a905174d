import type { AttributeName, Expression } from '../../domain/expression.ts'
import { literal } from '../duckdb/connection.ts'

/** A column that a condition reads: its SQL, and whether it holds text or integers; NULL is absent. */
export interface ConditionColumn {
  readonly sql: string
  readonly kind: 'text' | 'integer'
}

/** The column of an attribute; null where the snapshot has none of that name. */
export type ColumnOf = (attribute: AttributeName) => ConditionColumn | null

/**
 * A condition as a nullable boolean of DuckDB: NULL is absent. SQL's AND, OR and NOT are Kleene's, which is what absence asks
 * for; only comparisons between kinds need words of their own.
 */
export function conditionSql(expression: Expression, columnOf: ColumnOf): string {
  switch (expression.kind) {
    case 'constant':
      return String(expression.value)
    case 'not':
      return `(NOT ${conditionSql(expression.of, columnOf)})`
    case 'and':
    case 'or': {
      if (expression.of.length === 0) return String(expression.kind === 'and')
      const operands = expression.of.map(operand => conditionSql(operand, columnOf))
      return `(${operands.join(expression.kind === 'and' ? ' AND ' : ' OR ')})`
    }
    case 'comparison':
    case 'membership': {
      const column = columnOf(expression.attribute)
      return column === null ? 'CAST(NULL AS BOOLEAN)' : atomSql(expression, column)
    }
  }
}

type Atom = Extract<Expression, { kind: 'comparison' | 'membership' }>

function atomSql(atom: Atom, column: ConditionColumn): string {
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
  return 'CAST(NULL AS BOOLEAN)'
}

const SQL_OPERATORS = { '==': '=', '!=': '<>', '<': '<', '<=': '<=', '>': '>', '>=': '>=' } as const

/** A truth that holds for every value, and is absent where the value is. */
const whereKnown = (column: ConditionColumn, truth: boolean): string =>
  `(CASE WHEN ${column.sql} IS NOT NULL THEN ${truth} END)`

const valueSql = (value: string | number): string =>
  typeof value === 'number' ? String(value) : textSql(value)

/** A text as SQL. A zero byte would end the statement that DuckDB is handed, so it is spelled. */
export const textSql = (text: string): string =>
  text.includes('\0') ? `(${text.split('\0').map(literal).join(' || chr(0) || ')})` : literal(text)
