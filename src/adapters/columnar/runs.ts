import type { AttributeName } from '../../domain/expression.ts'
import type { Known } from './settle.ts'

/*
 * Rows that agree in the texts a rule may name, and in which costs and integer attributes are absent, stand together as a run.
 * Within a run a condition on text, or on absence, is settled once for all rows.
 */

/** A stretch [from, to) of prepared rows that are alike. */
export interface Run {
  readonly from: number
  readonly to: number
  /** Attributes with one value on all rows; null is absence. */
  readonly fixed: ReadonlyMap<AttributeName, string | null>
  /** Integer attributes that differ from row to row and are absent on none. */
  readonly present: ReadonlySet<AttributeName>
  readonly costKnown: boolean
  readonly listCentsMax: number
  /** 0 where no cost is known. */
  readonly costCentsMax: number
  readonly requestedBpsMin: number
}

/** What is known on every row of a run; an attribute of which the snapshot has no column is absent. */
export const knownIn =
  (run: Run, attributes: ReadonlyMap<string, unknown>): Known =>
  attribute => {
    const value = run.fixed.get(attribute)
    if (value !== undefined) return value
    return attribute.startsWith('attr.') && !attributes.has(attribute.slice('attr.'.length))
      ? null
      : undefined
  }

/** A column of integers as keys: 0 <= value + offset < bound. */
export interface Key {
  readonly values: Float64Array | Int32Array | Int16Array | Int8Array | Uint8Array
  readonly offset: number
  readonly bound: number
}

/** Runs should hold this many rows on average, or making a loop for each costs more than settling saves. */
export const RUN_ROWS = 2_048
/** Enough to tell quotes with cost from quotes without. */
const RUNS_ALWAYS = 2
const RUNS_MAX = 1_024
/** Cells of the table that numbers combinations. */
const TABLE_CELLS_MAX = 4_000_000

/** Combinations of keys: their number by row, how many there are, and which keys went in. */
export interface Combinations {
  readonly codes: Int32Array
  readonly count: number
  readonly used: readonly boolean[]
}

/** Takes keys in the order given, leaving out those with which combinations would hold fewer than `runRows` rows on average. */
export function combine(rows: number, keys: readonly Key[], runRows: number): Combinations {
  const countMax = Math.max(RUNS_ALWAYS, Math.min(RUNS_MAX, Math.floor(rows / runRows)))
  let codes = new Int32Array(rows)
  let spare = new Int32Array(rows)
  let count = rows === 0 ? 0 : 1
  const used = keys.map(key => {
    const refined = refine({ from: codes, into: spare, count }, key, countMax)
    if (refined === null) return false
    count = refined
    ;[codes, spare] = [spare, codes]
    return true
  })
  return { codes, count, used }
}

function refine(
  { from, into, count }: { readonly from: Int32Array; readonly into: Int32Array; readonly count: number },
  { values, offset, bound }: Key,
  countMax: number,
): number | null {
  if (count * bound > TABLE_CELLS_MAX) return null
  const numbered = new Int32Array(count * bound).fill(-1)
  let next = 0
  for (let row = 0; row < from.length; row += 1) {
    const cell = (from[row] as number) * bound + (values[row] as number) + offset
    let code = numbered[cell] as number
    if (code < 0) {
      if (next === countMax) return null
      code = next++
      numbered[cell] = code
    }
    into[row] = code
  }
  return next
}

/** Rows sorted by several keys, the first outermost; rows with equal keys stay in order. */
export function orderBy(rows: number, keys: readonly Key[]): Int32Array {
  let order = Int32Array.from({ length: rows }, (_, row) => row)
  let sorted = new Int32Array(rows)
  for (const { values, offset, bound } of keys.toReversed()) {
    const next = new Int32Array(bound + 1)
    for (let row = 0; row < rows; row += 1) {
      const after = (values[row] as number) + offset + 1
      next[after] = (next[after] as number) + 1
    }
    for (let key = 0; key < bound; key += 1) next[key + 1] = (next[key + 1] as number) + (next[key] as number)
    for (let place = 0; place < rows; place += 1) {
      const row = order[place] as number
      const key = (values[row] as number) + offset
      const at = next[key] as number
      next[key] = at + 1
      sorted[at] = row
    }
    ;[order, sorted] = [sorted, order]
  }
  return order
}
