import type { ResponseModel } from '../../domain/response.ts'
import { sizeClass } from '../../domain/response-score.ts'
import { BLOCK_ROWS } from './kernel.ts'
import { SHIFT_COUNT } from './layout.ts'
import { PairIndex } from './pair-index.ts'
import { ResponseTables } from './response-tables.ts'
import type { PreparedSnapshot } from './snapshot.ts'

/** Offers remembered at a time; a block and a candidate need at most two for each row. */
const OFFERS_MAX = 4 * BLOCK_ROWS
const APPROVALS = 3
const GRANT_OFFSET = 10_000

/**
 * What the response model says of the block at hand. Quotes that are the same to the model share their log-odds, and equal offers to
 * them their wins; each is computed when first needed and shared by all candidates.
 */
export class ResponseRows {
  readonly fits: number
  readonly #snapshot: PreparedSnapshot
  readonly #tables: ResponseTables
  readonly #levels: PairIndex
  readonly #profiles: PairIndex
  readonly #offers: PairIndex
  /** [profile][fit]. */
  readonly #logged: Float64Array
  /** [offer][fit][shift]. */
  readonly #wins: Float64Array
  /** Profile by place in the block, -1 where not yet asked for. */
  readonly #profileOf = new Int32Array(BLOCK_ROWS)

  constructor(model: ResponseModel, snapshot: PreparedSnapshot) {
    this.#snapshot = snapshot
    this.#tables = new ResponseTables(model, snapshot)
    this.fits = this.#tables.fits
    this.#levels = new PairIndex(BLOCK_ROWS * (this.#tables.factors.length + 1))
    this.#profiles = new PairIndex(BLOCK_ROWS)
    this.#offers = new PairIndex(OFFERS_MAX)
    this.#logged = new Float64Array(BLOCK_ROWS * this.fits)
    this.#wins = new Float64Array(OFFERS_MAX * this.fits * SHIFT_COUNT)
  }

  /** Forgets the block before. */
  beginBlock(): void {
    this.#levels.forget()
    this.#profiles.forget()
    this.#profileOf.fill(-1)
    this.#offers.forget()
  }

  /** Makes room for two offers a row; true where the numbers of offers given before are void from now on. */
  makeRoom(): boolean {
    if (this.#offers.count <= OFFERS_MAX - 2 * BLOCK_ROWS) return false
    this.#offers.forget()
    return true
  }

  /** Number of an offer on the row at place `at` of the block. */
  offer(at: number, row: number, grantedBps: number, approval: number): number {
    const profile = this.#profile(at, row)
    const before = this.#offers.count
    const offer = this.#offers.numberOf(profile, grantedBps * 2 + approval)
    if (offer === before) {
      const start = offer * this.fits * SHIFT_COUNT
      this.#tables.winsInto(this.#wins, start, this.#logged, profile * this.fits, row, grantedBps, approval)
    }
    return offer
  }

  /** Wins in ppm at [offer][fit][shift]. */
  get wins(): Float64Array {
    return this.#wins
  }

  /** Number of what the model sees of a row besides the offer: levels, size, segment and logged decision. */
  #profile(at: number, row: number): number {
    const known = this.#profileOf[at] as number
    if (known >= 0) return known
    const { listCents, loggedApproval, loggedDiscountBps, segment } = this.#snapshot
    let levels = segment.codes[row] as number
    for (const { codes, levelOf } of this.#tables.factors) {
      const code = codes[row] as number
      levels = this.#levels.numberOf(levels, code < 0 ? -1 : (levelOf[code] as number))
    }
    const size = sizeClass(this.#tables.sizeBounds, listCents[row] as number)
    const logged = (loggedDiscountBps[row] as number) + GRANT_OFFSET
    const seen =
      (logged * APPROVALS + (loggedApproval[row] as number) + 1) * (this.#tables.sizeBounds.length + 1)
    const before = this.#profiles.count
    const profile = this.#profiles.numberOf(levels, seen + size)
    if (profile === before) this.#tables.loggedInto(this.#logged, profile * this.fits, row)
    this.#profileOf[at] = profile
    return profile
  }
}
