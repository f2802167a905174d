import { fastMarginBps, fastNetCents } from '../fast-arithmetic.ts'
import type { SettingRuns } from './setting-runs.ts'

/** For the base's grant, and for the last two others. */
const GRANTS_KEPT = 3

/** Net and margin of rows at the grants that a run was last asked for: a search comes back to them again and again. */
export class PricedRuns {
  /** At a place plus what `at` answered. Margins are 0 without cost. */
  readonly netCents: Float64Array
  readonly marginBps: Int32Array
  readonly #runs: SettingRuns
  readonly #rows: number
  readonly #grants: Float64Array
  readonly #lastOther: Uint8Array

  constructor(runs: SettingRuns) {
    this.#runs = runs
    this.#rows = runs.listCents.length
    this.netCents = new Float64Array(GRANTS_KEPT * this.#rows)
    this.marginBps = new Int32Array(GRANTS_KEPT * this.#rows)
    this.#grants = new Float64Array(GRANTS_KEPT * runs.row.length).fill(Number.NaN)
    this.#lastOther = new Uint8Array(runs.row.length).fill(1)
  }

  /** Prices a run at the base's grant. */
  atBase(run: number, grantedBps: number): number {
    return this.#priced(run, 0, grantedBps)
  }

  /** Prices a run at another grant than the base's; what was answered last stays as it is. */
  at(run: number, grantedBps: number): number {
    for (let kept = 1; kept < GRANTS_KEPT; kept += 1) {
      if (this.#grants[GRANTS_KEPT * run + kept] !== grantedBps) continue
      this.#lastOther[run] = kept
      return kept * this.#rows
    }
    const kept = this.#lastOther[run] === 1 ? 2 : 1
    this.#lastOther[run] = kept
    return this.#priced(run, kept, grantedBps)
  }

  #priced(run: number, kept: number, grantedBps: number): number {
    const offset = kept * this.#rows
    const at = GRANTS_KEPT * run + kept
    if (this.#grants[at] === grantedBps) return offset
    this.#grants[at] = grantedBps
    const { start, listCents, costCents } = this.#runs
    const to = start[run + 1] as number
    for (let place = start[run] as number; place < to; place += 1) {
      const net = fastNetCents(listCents[place] as number, grantedBps)
      this.netCents[offset + place] = net
      this.marginBps[offset + place] = fastMarginBps(net, costCents[place] as number)
    }
    return offset
  }
}
