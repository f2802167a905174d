/*
 * Wide integers in cells of a Float64Array. Every cell holds an integer below 2^53, so cells add up exactly, also between
 * partitions; only reading makes a bigint.
 *
 * A sum of cents takes two cells: low + high * 2^40. A sum of ppm-cents takes three: low + middle * 2^20 + high * 2^52.
 */
export const CENTS_CELLS = 2
export const PPM_CENTS_CELLS = 3

const CENTS_CARRY = 2 ** 40
/** Leaves room for adding up 64 partitions before anything passes 2^53. */
const CENTS_LOW_MAX = 2 ** 47
export const LIMB = 2 ** 20
const MIDDLE_CARRY = 2 ** 32

/** Adds |cents| <= 2^42 to the sum at `cell`. */
export function addCents(cells: Float64Array, cell: number, cents: number): void {
  const low = (cells[cell] as number) + cents
  cells[cell] = low
  if (low >= CENTS_LOW_MAX || low <= -CENTS_LOW_MAX) carryCents(cells, cell)
}

/** Leaves a sum of cents carried: afterwards 0 <= low < 2^40, so that thousands of them add up cell by cell. */
export function carryCents(cells: Float64Array, cell: number): void {
  const low = cells[cell] as number
  const carried = Math.floor(low / CENTS_CARRY)
  cells[cell] = low - carried * CENTS_CARRY
  cells[cell + 1] = (cells[cell + 1] as number) + carried
}

/** Adds |cents| < 2^53 to the sum at `cell`. */
export function addBlockCents(cells: Float64Array, cell: number, cents: number): void {
  const carried = Math.floor(cents / CENTS_CARRY)
  addCents(cells, cell, cents - carried * CENTS_CARRY)
  cells[cell + 1] = (cells[cell + 1] as number) + carried
}

/** Adds low + middle * 2^20, |low|, |middle| < 2^52, and leaves the sum carried. */
export function addPpmCents(cells: Float64Array, cell: number, low: number, middle: number): void {
  cells[cell] = (cells[cell] as number) + low
  cells[cell + 1] = (cells[cell + 1] as number) + middle
  carryPpmCents(cells, cell)
}

/** Moves what overflows upwards: afterwards 0 <= low < 2^20 and 0 <= middle < 2^32. */
export function carryPpmCents(cells: Float64Array, cell: number): void {
  const low = cells[cell] as number
  const lowCarried = Math.floor(low / LIMB)
  cells[cell] = low - lowCarried * LIMB
  const middle = (cells[cell + 1] as number) + lowCarried
  const middleCarried = Math.floor(middle / MIDDLE_CARRY)
  cells[cell + 1] = middle - middleCarried * MIDDLE_CARRY
  cells[cell + 2] = (cells[cell + 2] as number) + middleCarried
}

export function readCents(cells: Float64Array, cell: number): bigint {
  const low = cells[cell] as number
  const high = cells[cell + 1] as number
  if (low === 0 && high === 0) return 0n
  // Most sums fit into a double, and one wide integer costs a quarter of four.
  if (high > -HIGH_MAX && high < HIGH_MAX && low > -LOW_MAX && low < LOW_MAX) {
    return BigInt(low + high * CENTS_CARRY)
  }
  return BigInt(low) + (BigInt(high) << 40n)
}

export function readPpmCents(cells: Float64Array, cell: number): bigint {
  const low = cells[cell] as number
  const upper = (cells[cell + 1] as number) + (cells[cell + 2] as number) * MIDDLE_CARRY
  // Most sums fit into a double, and one wide integer costs a fifth of five.
  if (upper > -UPPER_MAX && upper < UPPER_MAX && low > -LOW_MAX && low < LOW_MAX) {
    return BigInt(upper * LIMB + low)
  }
  return BigInt(low) + (BigInt(cells[cell + 1] as number) << 20n) + (BigInt(cells[cell + 2] as number) << 52n)
}

const UPPER_MAX = 2 ** 32
const LOW_MAX = 2 ** 51
const HIGH_MAX = 2 ** 12
