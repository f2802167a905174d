import type { Dialect } from '../sql/dialect.ts'
import { literal } from './connection.ts'

/** A text as SQL. A zero byte would end the statement that DuckDB is handed, so it is spelled. */
const text = (text: string): string =>
  text.includes('\0') ? `(${text.split('\0').map(literal).join(' || chr(0) || ')})` : literal(text)

/** Sums of BIGINT are 128 bits wide, and what passes 64 bits within a row is an error, never a wrapped number. */
export const DUCKDB: Dialect = {
  int64: 'BIGINT',
  text,
  quotient: (n, d) => `(${n} // ${d})`,
  eachOf: (array, other) => `unnest(${other === undefined ? array : `${array} || ${other}`})`,
  integers: elements => `[${elements.join(', ')}]`,
  sumAs: (expression, name) => `sum(${expression}) AS ${name}`,
  wideSums: true,
  groupingSets: true,
  atText: (key, entries, otherwise) =>
    entries.length === 0
      ? otherwise
      : `CASE ${key} ${entries.map(([name, value]) => `WHEN ${text(name)} THEN ${value}`).join(' ')} ELSE ${otherwise} END`,
}
