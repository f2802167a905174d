import type { ResponseModel } from '../../domain/response.ts'
import { BLOCK_ROWS } from './kernel.ts'
import { SHIFT_COUNT } from './layout.ts'
import { ResponseTables } from './response-tables.ts'
import type { PreparedSnapshot } from './snapshot.ts'

/**
 * What the response model says of the block at hand: the log-odds at the logged decision and the wins under the base, each
 * computed when first needed and shared by all candidates.
 */
export class ResponseRows {
  readonly fits: number
  readonly #tables: ResponseTables
  readonly #logged: Float64Array
  readonly #wins: Float64Array
  readonly #offers: Float64Array
  readonly #known = new Uint8Array(BLOCK_ROWS)

  constructor(model: ResponseModel, snapshot: PreparedSnapshot) {
    this.#tables = new ResponseTables(model, snapshot)
    this.fits = this.#tables.fits
    this.#logged = new Float64Array(BLOCK_ROWS * this.fits)
    const perOffer = BLOCK_ROWS * this.fits * SHIFT_COUNT
    this.#wins = new Float64Array(OFFERS_KEPT * perOffer)
    this.#offers = new Float64Array(OFFERS_KEPT * BLOCK_ROWS)
  }

  /** Forgets the block before. */
  beginBlock(): void {
    this.#known.fill(0)
    this.#offers.fill(Number.NaN)
  }

  /**
   * Wins in ppm at [fit][shift] of an offer on the row at place `at` of the block, as a view that stays until the next block
   * or, for a candidate, the next offer. `kept` tells the base's offers from the candidates'.
   */
  wins(kept: 0 | 1, at: number, row: number, grantedBps: number, approval: number): number {
    const offer = grantedBps * 2 + approval
    const place = kept * BLOCK_ROWS + at
    const start = place * this.fits * SHIFT_COUNT
    if (this.#offers[place] === offer) return start
    this.#offers[place] = offer
    if (this.#known[at] === 0) {
      this.#known[at] = 1
      this.#tables.loggedInto(this.#logged, at * this.fits, row)
    }
    this.#tables.winsInto(this.#wins, start, this.#logged, at * this.fits, row, grantedBps, approval)
    return start
  }

  get winCells(): Float64Array {
    return this.#wins
  }
}

/** The base's offer of a row, and the last one of a candidate. */
const OFFERS_KEPT = 2
