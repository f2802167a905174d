import type { ResponseTables } from '../response-tables.ts'

/** Wins of 33 fits at three slopes take 400 bytes, so that the largest cache holds 52 MB. */
const SLOTS_MAX = 2 ** 17
const OFFERS_PER_CELL = 4

/**
 * What the model says of offers, as far as it was asked of late: settings that follow each other mostly make the same offers.
 * Quotes to which the model gives the same wins for the same offer share a cell.
 */
export class WinCache {
  readonly #response: ResponseTables
  readonly #responses: number
  readonly #mask: number
  readonly #keys: Float64Array
  readonly #kept: Int32Array
  readonly #logged: Float64Array

  constructor(response: ResponseTables, responses: number, cells: number) {
    let slots = 1
    while (slots < SLOTS_MAX && slots < OFFERS_PER_CELL * cells) slots *= 2
    this.#response = response
    this.#responses = responses
    this.#mask = slots - 1
    this.#keys = new Float64Array(slots).fill(-1)
    this.#kept = new Int32Array(slots * responses)
    this.#logged = new Float64Array(response.fits)
  }

  /** Writes the wins of an offer on a row of a cell, in ppm at [fit][shift]. */
  read(
    wins: Float64Array,
    start: number,
    cell: number,
    row: number,
    grantedBps: number,
    approval: number,
  ): void {
    const offer = 2 * (grantedBps + 10_000) + approval
    const key = cell * 2 ** 16 + offer
    const slot = (Math.imul(cell, 0x9e3779b1) ^ Math.imul(offer, 0x85ebca6b)) >>> 7
    const at = slot & this.#mask
    const from = at * this.#responses
    if (this.#keys[at] === key) {
      for (let each = 0; each < this.#responses; each += 1) {
        wins[start + each] = this.#kept[from + each] as number
      }
      return
    }
    this.#response.loggedInto(this.#logged, 0, row)
    this.#response.winsInto(wins, start, this.#logged, 0, row, grantedBps, approval)
    this.#keys[at] = key
    for (let each = 0; each < this.#responses; each += 1) {
      this.#kept[from + each] = wins[start + each] as number
    }
  }
}
