import { MOVERS_MAX } from '../../domain/replay.ts'
import { LIMB } from './wide.ts'

/** One quote's delta as low + high * 2^20, 0 <= low < 2^20, and its place by quote_id. */
export interface Mover {
  readonly row: number
  readonly rank: number
  readonly low: number
  readonly high: number
}

/** Positive where `left` stands behind `right`: nearer to zero on the side of `sign`, or later by quote_id. */
const behind = (left: Mover, right: Mover, sign: 1 | -1): number =>
  (right.high - left.high) * sign || (right.low - left.low) * sign || left.rank - right.rank

/** The rows that lose (sign -1) or gain (sign 1) most, farthest first. */
export class TopMovers {
  readonly #sign: 1 | -1
  readonly #kept: Mover[] = []
  #leastAbout = 0

  constructor(sign: 1 | -1) {
    this.#sign = sign
  }

  /** Offers a delta of low + middle * 2^20, |low| < 2^52; keeps it if it has the right sign and is among the first. */
  offer(row: number, rank: number, low: number, middle: number): void {
    const carried = Math.floor(low / LIMB)
    const high = middle + carried
    const rest = low - carried * LIMB
    if (this.#sign > 0 ? high < 0 || (high === 0 && rest === 0) : high >= 0) return
    const last = this.#kept[MOVERS_MAX - 1]
    if (last !== undefined && (high - last.high) * this.#sign < 0) return
    this.add({ row, rank, low: rest, high })
  }

  add(mover: Mover): void {
    let place = this.#kept.length
    while (place > 0 && behind(this.#kept[place - 1] as Mover, mover, this.#sign) > 0) place -= 1
    if (place >= MOVERS_MAX) return
    this.#kept.splice(place, 0, mover)
    if (this.#kept.length > MOVERS_MAX) this.#kept.pop()
    const last = this.#kept[this.#kept.length - 1] as Mover
    this.#leastAbout = Math.abs(last.high * LIMB + last.low)
  }

  get isFull(): boolean {
    return this.#kept.length === MOVERS_MAX
  }

  /**
   * The size of the last delta kept, rounded as doubles are: rounding keeps order, so that what rounds to less is less. 0 where none
   * is kept.
   */
  get leastAbout(): number {
    return this.#leastAbout
  }

  get kept(): readonly Mover[] {
    return this.#kept
  }
}
