import { SLOPE_SHIFTS } from '../../domain/response.ts'
import { worstWinPpm } from '../../domain/support.ts'
import type { Difference } from './impacted-rows.ts'
import type { BlockDecisions } from './kernel.ts'
import { SHIFT_COUNT } from './layout.ts'
import type { Plan } from './plan.ts'
import type { ResponseRows } from './response-rows.ts'
import { carryPpmCents, LIMB, PPM_CENTS_CELLS } from './wide.ts'

const POINT = SLOPE_SHIFTS.indexOf('point')

/** Sums of win and expected margin over every fit and slope. */
export class ResponseSums {
  readonly #plan: Plan
  readonly #response: ResponseRows
  readonly #base: BlockDecisions

  constructor(plan: Plan, response: ResponseRows, base: BlockDecisions) {
    this.#plan = plan
    this.#response = response
    this.#base = base
  }

  /** Adds one quote whose offer differs and notes its own deltas in `difference`. */
  add(difference: Difference, decided: BlockDecisions, extrapolated: boolean, cells: Float64Array): void {
    const { snapshot, layout } = this.#plan
    const { row, place } = difference
    const response = this.#response
    const wins = response.winCells
    const was = response.wins(
      0,
      place,
      row,
      this.#base.grantedBps[place] as number,
      this.#base.approval[place] as number,
    )
    const is = response.wins(
      1,
      place,
      row,
      decided.grantedBps[place] as number,
      decided.approval[place] as number,
    )
    const leftOut = (snapshot.group[row] as number) + 1
    const count = response.fits * SHIFT_COUNT
    // A quote counts for every fit but the one that left its group out: two runs of cells.
    const skipFrom = Math.min(count, leftOut * SHIFT_COUNT)
    const skipTo = Math.min(count, skipFrom + SHIFT_COUNT)
    for (let at = 0; at < count; at += 1) {
      if (at === skipFrom) at = skipTo
      if (at >= count) break
      const cell = layout.win + at
      cells[cell] = (cells[cell] as number) + ((wins[is + at] as number) - (wins[was + at] as number))
    }
    difference.winPpm = (wins[is + POINT] as number) - (wins[was + POINT] as number)
    if (!difference.costKnown) return

    const cost = snapshot.costCents[row] as number
    const profitWas = (this.#base.netCents[place] as number) - cost
    const profitIs = (decided.netCents[place] as number) - cost
    const middleWas = Math.floor(profitWas / LIMB)
    const middleIs = Math.floor(profitIs / LIMB)
    const lowWas = profitWas - middleWas * LIMB
    const lowIs = profitIs - middleIs * LIMB
    for (let at = 0; at < count; at += 1) {
      if (at === skipFrom) at = skipTo
      if (at >= count) break
      const winWas = wins[was + at] as number
      const winIs = wins[is + at] as number
      const cell = layout.expected + at * PPM_CENTS_CELLS
      cells[cell] = (cells[cell] as number) + (winIs * lowIs - winWas * lowWas)
      cells[cell + 1] = (cells[cell + 1] as number) + (winIs * middleIs - winWas * middleWas)
    }
    const pointWas = wins[was + POINT] as number
    const pointIs = wins[is + POINT] as number
    difference.expectedLow = pointIs * lowIs - pointWas * lowWas
    difference.expectedMiddle = pointIs * middleIs - pointWas * middleWas
    if (!extrapolated) return

    const before = {
      grantedDiscountBps: this.#base.grantedBps[place] as number,
      approvalRequired: this.#base.approval[place] === 1,
    }
    const after = {
      grantedDiscountBps: decided.grantedBps[place] as number,
      approvalRequired: decided.approval[place] === 1,
    }
    const worst = worstWinPpm(before, after, profitIs)
    for (let at = 0; at < count; at += 1) {
      if (at === skipFrom) at = skipTo
      if (at >= count) break
      const worse = (worst ?? (wins[was + at] as number)) - (wins[is + at] as number)
      const cell = layout.worst + at * PPM_CENTS_CELLS
      cells[cell] = (cells[cell] as number) + worse * lowIs
      cells[cell + 1] = (cells[cell + 1] as number) + worse * middleIs
    }
  }

  /** Carries what one block added, at most 1024 quotes of 4 * 10^12 a cell. */
  carry(cells: Float64Array): void {
    const { expected, worst } = this.#plan.layout
    const count = this.#response.fits * SHIFT_COUNT
    for (let at = 0; at < count; at += 1) {
      carryPpmCents(cells, expected + at * PPM_CENTS_CELLS)
      carryPpmCents(cells, worst + at * PPM_CENTS_CELLS)
    }
  }
}
