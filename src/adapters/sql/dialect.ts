/**
 * Where databases differ, as far as the compiler is concerned. Everything else it writes is SQL that all of them read alike:
 * stages as nested SELECTs instead of WITH, CASE instead of FILTER and casts of truths, comparisons instead of `true` and `false`, integers
 * instead of truths that may be NULL, array literals indexed from 1 instead of joins, no windows.
 */
export interface Dialect {
  /** The type of signed integers of 64 bits. */
  readonly int64: string
  /** A text as SQL, whatever it holds. */
  readonly text: (text: string) => string
  /** The quotient of natural numbers, d > 0, rounded down; what happens to other numbers differs between databases. */
  readonly quotient: (n: string, d: string) => string
  /** One row for each element of an array, as a column; of two arrays, one after the other. */
  readonly eachOf: (array: string, other?: string) => string
  /** An array of those integers that are not NULL; where that costs more than it saves, also of those that are. */
  readonly integers: (elements: readonly string[]) => string
  /**
   * The sum of an expression as a column of that name. Where sums wrap at 64 bits in silence: as two columns, NAME_high of x / 2^32 and
   * NAME_low of the rest, both rounded toward zero, for the adapter to put together.
   */
  readonly sumAs: (expression: string, name: string) => string
  /** Whether sums are wider than 64 bits, so that profits may be added up before they are multiplied. */
  readonly wideSums: boolean
  /** Whether GROUP BY knows GROUPING SETS; else each row is repeated for each dimension, and for each rule that changed it. */
  readonly groupingSets: boolean
  /** The integer that stands at a text, or another where it stands at none. */
  readonly atText: (key: string, entries: readonly (readonly [string, number])[], otherwise: string) => string
}

export const TRUE = '(1 = 1)'
export const FALSE = '(1 = 0)'

/** At least one of the tests holds. */
export const anyOf = (tests: readonly string[]): string =>
  tests.length === 0 ? FALSE : `(${tests.join(' OR ')})`

/** 1 where the test holds, else 0. */
export const oneWhere = (test: string): string => `CASE WHEN ${test} THEN 1 ELSE 0 END`

/** How many rows pass a test. */
export const countWhere = (test: string): string => `sum(${oneWhere(test)})`

/**
 * n / d rounded half away from zero; d > 0, n in parentheses. Where a branch that is not taken is computed all the same, its quotient is of
 * another sign and is thrown away.
 */
export const divHalfAway = ({ quotient }: Dialect, n: string, d: string): string =>
  `CASE WHEN ${n} < 0 THEN -${quotient(`(-2 * ${n} + ${d})`, `(2 * ${d})`)} ELSE ${quotient(`(2 * ${n} + ${d})`, `(2 * ${d})`)} END`
