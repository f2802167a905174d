import type { Codes } from '../packed-array.ts'

/** One number for each row, below `count`. */
export interface RowCodes {
  readonly codes: Codes | Uint8Array
  readonly count: number
}

/** Products up to this are told apart by a table, larger ones by hashing. */
const TABLE_MAX = 2 ** 22
/** Stands for NaN, which equals nothing; no value of a column is that large. */
const ABSENT = 2 ** 60
const SLOTS_FIRST = 2 ** 12

/** Numbers rows 0, 1, 2 … by distinct combinations of codes, in order of first occurrence; rows with `skip` 1 get -1. */
export const combined = (rows: number, skip: Uint8Array, columns: readonly RowCodes[]): RowCodes =>
  combinedUpTo(rows, rows, skip, columns) as RowCodes

/** The same, null where there are more than `countMax`. */
export function combinedUpTo(
  countMax: number,
  rows: number,
  skip: Uint8Array,
  columns: readonly RowCodes[],
): RowCodes | null {
  const ids = new Float64Array(rows)
  let product = 1
  for (const { codes, count } of columns) {
    if (count <= 1) continue
    if (product * count > Number.MAX_SAFE_INTEGER) {
      const dense = numbered(ids, skip, product, countMax)
      if (dense === null) return null
      ids.set(dense.codes)
      product = Math.max(1, dense.count)
    }
    for (let row = 0; row < rows; row += 1) ids[row] = (ids[row] as number) * count + (codes[row] as number)
    product *= count
  }
  return numbered(ids, skip, product, countMax)
}

const numbered = (ids: Float64Array, skip: Uint8Array, product: number, countMax: number): RowCodes | null =>
  product <= TABLE_MAX ? numberedByTable(ids, skip, product, countMax) : numberedByHash(ids, skip, countMax)

function numberedByTable(
  ids: Float64Array,
  skip: Uint8Array,
  product: number,
  countMax: number,
): RowCodes | null {
  const codes = new Int32Array(ids.length)
  const table = new Int32Array(product)
  let count = 0
  for (let row = 0; row < codes.length; row += 1) {
    if (skip[row] === 1) {
      codes[row] = -1
      continue
    }
    const id = ids[row] as number
    let code = table[id] as number
    if (code === 0) {
      if (count === countMax) return null
      code = ++count
      table[id] = code
    }
    codes[row] = code - 1
  }
  return { codes, count }
}

/** Numbers rows by value, as `combined` does; NaN is a value like others. */
export function numberedByHash(values: Float64Array, skip: Uint8Array, countMax: number): RowCodes | null {
  const codes = new Int32Array(values.length)
  let keys = new Float64Array(SLOTS_FIRST)
  let codeAt = new Int32Array(SLOTS_FIRST)
  let mask = SLOTS_FIRST - 1
  let count = 0
  for (let row = 0; row < codes.length; row += 1) {
    if (skip[row] === 1) {
      codes[row] = -1
      continue
    }
    const value = values[row] as number
    const key = Number.isNaN(value) ? ABSENT : value
    let slot = slotOf(key) & mask
    while (codeAt[slot] !== 0 && keys[slot] !== key) slot = (slot + 1) & mask
    if (codeAt[slot] === 0) {
      if (count === countMax) return null
      keys[slot] = key
      codeAt[slot] = ++count
      if (2 * count > mask) {
        const grown = doubled(keys, codeAt)
        keys = grown.keys
        codeAt = grown.codeAt
        mask = 2 * mask + 1
      }
      codes[row] = count - 1
    } else {
      codes[row] = (codeAt[slot] as number) - 1
    }
  }
  return { codes, count }
}

function slotOf(key: number): number {
  const high = Math.floor(key / 2 ** 32)
  const mixed = Math.imul(key | 0, 0x9e3779b1) ^ Math.imul(high | 0, 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}

function doubled(keys: Float64Array<ArrayBuffer>, codeAt: Int32Array<ArrayBuffer>) {
  const mask = 2 * keys.length - 1
  const wider = { keys: new Float64Array(mask + 1), codeAt: new Int32Array(mask + 1) }
  for (let from = 0; from < keys.length; from += 1) {
    if (codeAt[from] === 0) continue
    let slot = slotOf(keys[from] as number) & mask
    while (wider.codeAt[slot] !== 0) slot = (slot + 1) & mask
    wider.keys[slot] = keys[from] as number
    wider.codeAt[slot] = codeAt[from] as number
  }
  return wider
}

/** Codes of rows by a table, at the row's code plus an offset. */
export function lookedUp(codes: Codes, offset: number, table: Int32Array, count: number): RowCodes {
  const found = new Int32Array(codes.length)
  for (let row = 0; row < found.length; row += 1)
    found[row] = table[(codes[row] as number) + offset] as number
  return { codes: found, count }
}

/** Codes of rows from an offset on. */
export function shifted(codes: Codes, offset: number, count: number): RowCodes {
  const found = new Int32Array(codes.length)
  for (let row = 0; row < found.length; row += 1) found[row] = (codes[row] as number) + offset
  return { codes: found, count }
}

/** Discounts lie in -10000..10000. */
export const discountCodes = (values: Int16Array): RowCodes => shifted(values, 10_000, 20_001)
