import type { Codes } from '../packed-array.ts'

/** One number for each row, below `count`. */
export interface RowCodes {
  readonly codes: Codes
  readonly count: number
}

/** Products up to this are told apart by a table, larger ones by a map. */
const TABLE_MAX = 2 ** 24

/** Numbers rows 0, 1, 2 … by distinct combinations of codes, in order of first occurrence; rows with `skip` 1 get -1. */
export function combined(rows: number, skip: Uint8Array, columns: readonly RowCodes[]): RowCodes {
  const ids = new Float64Array(rows)
  let product = 1
  let dense: RowCodes = { codes: new Int32Array(rows), count: 1 }
  const interned = (): void => {
    dense = numbered(ids, skip, product)
    for (let row = 0; row < rows; row += 1) ids[row] = dense.codes[row] as number
    product = Math.max(1, dense.count)
  }
  for (const { codes, count } of columns) {
    if (count <= 1) continue
    if (product * count > Number.MAX_SAFE_INTEGER) interned()
    for (let row = 0; row < rows; row += 1) ids[row] = (ids[row] as number) * count + (codes[row] as number)
    product *= count
  }
  interned()
  return dense
}

function numbered(ids: Float64Array, skip: Uint8Array, product: number): RowCodes {
  const codes = new Int32Array(ids.length).fill(-1)
  let count = 0
  if (product <= TABLE_MAX) {
    const table = new Int32Array(product)
    for (let row = 0; row < ids.length; row += 1) {
      if (skip[row] === 1) continue
      const id = ids[row] as number
      if (table[id] === 0) table[id] = ++count
      codes[row] = (table[id] as number) - 1
    }
    return { codes, count }
  }
  const known = new Map<number, number>()
  for (let row = 0; row < ids.length; row += 1) {
    if (skip[row] === 1) continue
    const id = ids[row] as number
    let number = known.get(id)
    if (number === undefined) {
      number = count++
      known.set(id, number)
    }
    codes[row] = number
  }
  return { codes, count }
}
