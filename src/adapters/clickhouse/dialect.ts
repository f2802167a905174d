import type { Dialect } from '../sql/dialect.ts'

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '\0': '\\0' }

/** A text as a literal: a backslash starts an escape there, a quote ends the literal, and a zero byte ends the statement. */
export const text = (text: string): string =>
  `'${text.replaceAll(/[\\'\0]/g, character => ESCAPES[character] as string)}'`

const LIMB = `toInt64(${2 ** 32})`

/**
 * ClickHouse from 18.16, which Debian carries, to today's. Sums wrap at 64 bits in silence, so they are taken in limbs. Both sides of a quotient
 * are cast: 18.16 takes a negative integer over a literal beyond 2^32 for a quotient of unsigned integers, and the whole server ends when a
 * narrow integer is divided by a constant whose low bits are zero. `transform` looks a text up in a hash table, and NULL is NULL there.
 */
export const CLICKHOUSE: Dialect = {
  int64: 'Int64',
  text,
  quotient: (n, d) => `intDiv(toInt64(${n}), toInt64(${d}))`,
  eachOf: (array, other) => `arrayJoin(${other === undefined ? array : `arrayConcat(${array}, ${other})`})`,
  integers: elements => `arrayFilter(each -> isNotNull(each), [${elements.join(', ')}])`,
  sumAs: (expression, name) =>
    `sum(intDiv(toInt64(${expression}), ${LIMB})) AS ${name}_high, sum(toInt64(${expression}) % ${LIMB}) AS ${name}_low`,
  wideSums: false,
  groupingSets: false,
  atText: (key, entries, otherwise) =>
    entries.length === 0
      ? otherwise
      : `toInt64(transform(${key}, [${entries.map(([name]) => text(name)).join(', ')}], [${entries
          .map(([, value]) => value)
          .join(', ')}], ${otherwise}))`,
}
