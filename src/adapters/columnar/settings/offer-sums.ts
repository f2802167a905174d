import { worstWinPpm } from '../../../domain/support.ts'
import { bump } from '../candidate-state.ts'
import { supportClass } from '../support-table.ts'
import { carryPpmCents, LIMB, PPM_CENTS_CELLS } from '../wide.ts'
import type { ClassLayout } from './class-vector.ts'
import type { SettingQuotes } from './distinct-quotes.ts'
import type { WinCache } from './win-cache.ts'

const EXTRAPOLATED = 2
/** Kinds of rows in a run: decided as before or as now, by approval under the base, by approval. */
const KINDS = 8
const NOW = 4

/**
 * Wins, expected margin and support of the rows of one run. Rows with the same offer win alike, so their profits are added up
 * before they meet the model: both are integers, so the product of sums is the sum of products.
 */
export class OfferSums {
  readonly #quotes: SettingQuotes
  readonly #layout: ClassLayout
  /** null without a model. */
  readonly #model: WinCache | null
  readonly #chunkRows: number
  #costKnown = false
  #cell = 0
  #row = 0
  #baseGrant = 0
  #wasGrant = 0
  #isGrant = 0
  #count = 0
  /** Rows added since sums were carried. */
  #uncarried = 0
  /** By kind: rows, their profit where it is no loss, and where it is. */
  readonly #rows = new Float64Array(KINDS)
  readonly #gains = new Float64Array(KINDS)
  readonly #losses = new Float64Array(KINDS)
  /** Wins by kind, behind them those of the base by its approval. */
  readonly #wins: Float64Array
  readonly #baseKnown = new Uint8Array(2)
  /** By kind, where the worst case goes beyond the model: wins where profit is no loss, and where it is. */
  readonly #extrapolated = new Uint8Array(KINDS)
  readonly #worstOfGain: Float64Array
  readonly #worstOfLoss: Float64Array

  constructor(quotes: SettingQuotes, layout: ClassLayout, model: WinCache | null, chunkRows: number) {
    this.#quotes = quotes
    this.#layout = layout
    this.#model = model
    this.#chunkRows = chunkRows
    this.#wins = new Float64Array((KINDS + 2) * layout.responses)
    this.#worstOfGain = new Float64Array(KINDS * layout.responses)
    this.#worstOfLoss = new Float64Array(KINDS * layout.responses)
  }

  begin(costKnown: boolean): void {
    this.#costKnown = costKnown
    this.#uncarried = 0
  }

  end(sums: Float64Array): void {
    const { expected, worst, responses } = this.#layout
    for (let at = 0; at < responses; at += 1) {
      carryPpmCents(sums, expected + at * PPM_CENTS_CELLS)
      carryPpmCents(sums, worst + at * PPM_CENTS_CELLS)
    }
    this.#uncarried = 0
  }

  beginRun(cell: number, row: number, baseGrant: number, wasGrant: number, isGrant: number): void {
    this.#cell = cell
    this.#row = row
    this.#baseGrant = baseGrant
    this.#wasGrant = wasGrant
    this.#isGrant = isGrant
  }

  /** Adds equal rows whose offer changes, `weight` of them. Profits, of one of them, are NaN without cost. */
  add(
    weight: number,
    baseApproval: number,
    wasApproval: number,
    isApproval: number,
    wasProfit: number,
    isProfit: number,
  ): void {
    this.#count += weight
    const was = 2 * baseApproval + wasApproval
    const is = NOW + 2 * baseApproval + isApproval
    this.#rows[was] = (this.#rows[was] as number) + weight
    this.#rows[is] = (this.#rows[is] as number) + weight
    if (!this.#costKnown) return
    const wasSums = wasProfit >= 0 ? this.#gains : this.#losses
    const isSums = isProfit >= 0 ? this.#gains : this.#losses
    wasSums[was] = (wasSums[was] as number) + weight * wasProfit
    isSums[is] = (isSums[is] as number) + weight * isProfit
  }

  endRun(sums: Float64Array): void {
    if (this.#count === 0) return
    if (this.#uncarried + this.#count > this.#chunkRows) this.end(sums)
    this.#uncarried += this.#count
    this.#baseKnown.fill(0)
    for (let kind = 0; kind < KINDS; kind += 1) {
      if ((this.#rows[kind] as number) > 0) this.#addKind(sums, kind)
    }
    this.#count = 0
    this.#rows.fill(0)
    this.#gains.fill(0)
    this.#losses.fill(0)
  }

  #addKind(sums: Float64Array, kind: number): void {
    const { loggedDiscountBps, loggedApproval, segment, support } = this.#quotes
    const row = this.#row
    const grant = kind < NOW ? this.#wasGrant : this.#isGrant
    const approval = kind & 1
    const logged = {
      discountBps: loggedDiscountBps[row] as number,
      approval: loggedApproval[row] as number,
    }
    const rows = kind < NOW ? -(this.#rows[kind] as number) : (this.#rows[kind] as number)
    const sort = supportClass(support, segment.codes[row] as number, logged, grant, approval)
    bump(sums, this.#layout.support + sort, rows)
    if (this.#model === null) return
    const { win, responses } = this.#layout
    const start = kind * responses
    this.#model.read(this.#wins, start, this.#cell, row, grant, approval)
    for (let at = 0; at < responses; at += 1) {
      sums[win + at] = (sums[win + at] as number) + rows * (this.#wins[start + at] as number)
    }
    if (!this.#costKnown) return
    const baseApproval = (kind >> 1) & 1
    const asBase = grant === this.#baseGrant && approval === baseApproval
    this.#extrapolated[kind] = sort === EXTRAPOLATED && !asBase ? 1 : 0
    if (this.#extrapolated[kind] === 1) this.#readWorst(kind, grant, approval, baseApproval)
    const sign = kind < NOW ? -1 : 1
    this.#addProfit(sums, kind, sign * (this.#gains[kind] as number), this.#worstOfGain)
    this.#addProfit(sums, kind, sign * (this.#losses[kind] as number), this.#worstOfLoss)
  }

  /** Adds a profit to every fit and slope. */
  #addProfit(sums: Float64Array, kind: number, profit: number, worstWins: Float64Array): void {
    if (profit === 0) return
    const { expected, worst, responses } = this.#layout
    const wins = this.#wins
    const start = kind * responses
    const middle = Math.floor(profit / LIMB)
    const low = profit - middle * LIMB
    for (let at = 0; at < responses; at += 1) {
      const cell = expected + at * PPM_CENTS_CELLS
      const ppm = wins[start + at] as number
      sums[cell] = (sums[cell] as number) + ppm * low
      sums[cell + 1] = (sums[cell + 1] as number) + ppm * middle
    }
    if (this.#extrapolated[kind] === 0) return
    for (let at = 0; at < responses; at += 1) {
      const cell = worst + at * PPM_CENTS_CELLS
      const worse = (worstWins[start + at] as number) - (wins[start + at] as number)
      sums[cell] = (sums[cell] as number) + worse * low
      sums[cell + 1] = (sums[cell + 1] as number) + worse * middle
    }
  }

  /** Writes the wins of the worst case of a kind; see worstWinPpm. */
  #readWorst(kind: number, grant: number, approval: number, baseApproval: number): void {
    const before = { grantedDiscountBps: this.#baseGrant, approvalRequired: baseApproval === 1 }
    const after = { grantedDiscountBps: grant, approvalRequired: approval === 1 }
    const { responses } = this.#layout
    const base = (KINDS + baseApproval) * responses
    const ofGain = worstWinPpm(before, after, 0)
    const ofLoss = worstWinPpm(before, after, -1)
    if ((ofGain === null || ofLoss === null) && this.#baseKnown[baseApproval] === 0) {
      this.#baseKnown[baseApproval] = 1
      this.#model?.read(this.#wins, base, this.#cell, this.#row, this.#baseGrant, baseApproval)
    }
    const start = kind * responses
    for (let at = 0; at < responses; at += 1) {
      this.#worstOfGain[start + at] = ofGain ?? (this.#wins[base + at] as number)
      this.#worstOfLoss[start + at] = ofLoss ?? (this.#wins[base + at] as number)
    }
  }
}
