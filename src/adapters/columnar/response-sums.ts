import { SLOPE_SHIFTS } from '../../domain/response.ts'
import { worstWinPpm } from '../../domain/support.ts'
import type { Block } from './base-rows.ts'
import { EXTRAPOLATED, type Impacted, SAME_OFFER } from './impacted-rows.ts'
import { BLOCK_ROWS, type BlockDecisions } from './kernel.ts'
import { SHIFT_COUNT } from './layout.ts'
import { PairIndex } from './pair-index.ts'
import type { Plan } from './plan.ts'
import type { ResponseRows } from './response-rows.ts'
import { carryPpmCents, LIMB, PPM_CENTS_CELLS } from './wide.ts'

const POINT = SLOPE_SHIFTS.indexOf('point')

/** Sums of quotes that go from one offer to another. */
const MOVE = { quotes: 0, profitWas: 1, profitIs: 2, cells: 3 } as const

/** What is worst for a moved quote: the model's word where there is support, else one of these ends. */
const WORST_KINDS = 4
const MODELLED = 0
const AS_UNDER_BASE = 1
const LOST = 2
const WON = 3

/**
 * Sums of win and expected margin over every fit and slope. Within a block, quotes that make the same move in the eyes of the model are
 * added up first, and meet its probabilities once: both are integers, so the product of sums is the sum of products.
 */
export class ResponseSums {
  readonly #plan: Plan
  readonly #response: ResponseRows
  readonly #base: BlockDecisions
  readonly #moves = new PairIndex(BLOCK_ROWS)
  /** [move] its offers before and after, and what is worst. */
  readonly #was = new Int32Array(BLOCK_ROWS)
  readonly #is = new Int32Array(BLOCK_ROWS)
  readonly #worst = new Uint8Array(BLOCK_ROWS)
  /** [move][MOVE]; cents of 1024 quotes stay below 2^53. */
  readonly #sums = new Float64Array(BLOCK_ROWS * MOVE.cells)
  /** The base's offer by place in the block, -1 where not yet asked for. */
  readonly #offerWas = new Int32Array(BLOCK_ROWS)

  constructor(plan: Plan, response: ResponseRows, base: BlockDecisions) {
    this.#plan = plan
    this.#response = response
    this.#base = base
  }

  beginBlock(): void {
    this.#response.beginBlock()
    this.#offerWas.fill(-1)
  }

  /** Adds impacted quotes of one candidate to its sums, and notes what each comes to by itself. */
  add({ rows }: Block, impacted: Impacted, decided: BlockDecisions, cells: Float64Array): void {
    if (this.#response.makeRoom()) this.#offerWas.fill(-1)
    const { costCents } = this.#plan.snapshot
    const { count, places, support, winPpm, expectedLow, expectedMiddle } = impacted
    const response = this.#response
    const sums = this.#sums
    const { wins } = response
    const stride = response.fits * SHIFT_COUNT
    for (let at = 0; at < count; at += 1) {
      winPpm[at] = 0
      expectedLow[at] = 0
      expectedMiddle[at] = 0
      if (support[at] === SAME_OFFER) continue
      const place = places[at] as number
      const row = rows[place] as number
      const was = this.#baseOffer(place, row)
      const granted = decided.grantedBps[place] as number
      const is = response.offer(place, row, granted, decided.approval[place] as number)
      const cost = costCents[row] as number
      const costKnown = !Number.isNaN(cost)
      const profitWas = costKnown ? (this.#base.netCents[place] as number) - cost : 0
      const profitIs = costKnown ? (decided.netCents[place] as number) - cost : 0
      const extrapolated = costKnown && support[at] === EXTRAPOLATED
      const worst = extrapolated ? this.#worstKind(place, decided, profitIs) : MODELLED
      const move = this.#moveOf(was, is, worst) * MOVE.cells
      sums[move + MOVE.quotes] = (sums[move + MOVE.quotes] as number) + 1
      sums[move + MOVE.profitWas] = (sums[move + MOVE.profitWas] as number) + profitWas
      sums[move + MOVE.profitIs] = (sums[move + MOVE.profitIs] as number) + profitIs

      const pointWas = wins[was * stride + POINT] as number
      const pointIs = wins[is * stride + POINT] as number
      winPpm[at] = pointIs - pointWas
      const middleWas = Math.floor(profitWas / LIMB)
      const middleIs = Math.floor(profitIs / LIMB)
      expectedLow[at] = pointIs * (profitIs - middleIs * LIMB) - pointWas * (profitWas - middleWas * LIMB)
      expectedMiddle[at] = pointIs * middleIs - pointWas * middleWas
    }
    this.#endBlock(cells)
  }

  /** Adds the moves of one candidate in the block to its sums, and forgets them. */
  #endBlock(cells: Float64Array): void {
    if (this.#moves.count === 0) return
    for (let move = 0; move < this.#moves.count; move += 1) this.#addMove(move, cells)
    this.#moves.forget()
    const { expected, worst } = this.#plan.layout
    const count = this.#response.fits * SHIFT_COUNT
    for (let at = 0; at < count; at += 1) {
      carryPpmCents(cells, expected + at * PPM_CENTS_CELLS)
      carryPpmCents(cells, worst + at * PPM_CENTS_CELLS)
    }
  }

  #baseOffer(place: number, row: number): number {
    const known = this.#offerWas[place] as number
    if (known >= 0) return known
    const base = this.#base
    const offer = this.#response.offer(
      place,
      row,
      base.grantedBps[place] as number,
      base.approval[place] as number,
    )
    this.#offerWas[place] = offer
    return offer
  }

  #worstKind(place: number, decided: BlockDecisions, profitIs: number): number {
    const offered = (decisions: BlockDecisions) => ({
      grantedDiscountBps: decisions.grantedBps[place] as number,
      approvalRequired: decisions.approval[place] === 1,
    })
    const worst = worstWinPpm(offered(this.#base), offered(decided), profitIs)
    return worst === null ? AS_UNDER_BASE : worst === 0 ? LOST : WON
  }

  #moveOf(was: number, is: number, worst: number): number {
    const before = this.#moves.count
    const move = this.#moves.numberOf(was, is * WORST_KINDS + worst)
    if (move === before) {
      this.#was[move] = was
      this.#is[move] = is
      this.#worst[move] = worst
      this.#sums.fill(0, move * MOVE.cells, (move + 1) * MOVE.cells)
    }
    return move
  }

  #addMove(move: number, cells: Float64Array): void {
    const { layout } = this.#plan
    const { fits, wins } = this.#response
    const sums = this.#sums
    const all = move * MOVE.cells
    const was = (this.#was[move] as number) * fits * SHIFT_COUNT
    const is = (this.#is[move] as number) * fits * SHIFT_COUNT
    const worst = this.#worst[move] as number
    const quotes = sums[all + MOVE.quotes] as number
    const profitWas = sums[all + MOVE.profitWas] as number
    const profitIs = sums[all + MOVE.profitIs] as number
    const middleWas = Math.floor(profitWas / LIMB)
    const middleIs = Math.floor(profitIs / LIMB)
    const lowWas = profitWas - middleWas * LIMB
    const lowIs = profitIs - middleIs * LIMB
    for (let at = 0; at < fits * SHIFT_COUNT; at += 1) {
      const winWas = wins[was + at] as number
      const winIs = wins[is + at] as number
      cells[layout.win + at] = (cells[layout.win + at] as number) + quotes * (winIs - winWas)
      const expected = layout.expected + at * PPM_CENTS_CELLS
      cells[expected] = (cells[expected] as number) + (winIs * lowIs - winWas * lowWas)
      cells[expected + 1] = (cells[expected + 1] as number) + (winIs * middleIs - winWas * middleWas)
      if (worst === MODELLED) continue
      const worse = (worst === AS_UNDER_BASE ? winWas : worst === LOST ? 0 : 1_000_000) - winIs
      const cell = layout.worst + at * PPM_CENTS_CELLS
      cells[cell] = (cells[cell] as number) + worse * lowIs
      cells[cell + 1] = (cells[cell + 1] as number) + worse * middleIs
    }
  }
}
