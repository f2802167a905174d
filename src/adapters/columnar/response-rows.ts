import type { ResponseModel } from '../../domain/response.ts'
import { SLOPE_SHIFTS } from '../../domain/response.ts'
import { sizeClass, slopeNano } from '../../domain/response-score.ts'
import { sigmoidPpm } from '../../domain/sigmoid.ts'
import { fastMoveMicro } from './fast-arithmetic.ts'
import { BLOCK_ROWS } from './kernel.ts'
import { SHIFT_COUNT } from './layout.ts'
import type { PreparedSnapshot } from './snapshot.ts'

/**
 * The response model laid out for one snapshot: tables by dictionary code, and for the block at hand the log-odds at the
 * logged decision and the wins under the base, each computed when first needed and shared by all candidates.
 */
export class ResponseRows {
  readonly fits: number
  readonly #snapshot: PreparedSnapshot
  readonly #sizeBounds: readonly number[]
  readonly #constants: Float64Array
  readonly #sizes: Float64Array
  readonly #factors: readonly {
    readonly codes: Int32Array
    readonly levelOf: Int32Array
    readonly effects: Float64Array
  }[]
  readonly #slopeClassOf: Int32Array
  /** [class][fit][shift]. */
  readonly #slopes: Float64Array
  readonly #approval: Float64Array
  readonly #logged: Float64Array
  readonly #wins: Float64Array
  readonly #offers: Float64Array
  readonly #known = new Uint8Array(BLOCK_ROWS)

  constructor(model: ResponseModel, snapshot: PreparedSnapshot) {
    this.fits = model.fits.length
    this.#snapshot = snapshot
    this.#sizeBounds = model.size_bounds_cents
    this.#constants = Float64Array.from(model.fits, fit => fit.intercept_micro)
    this.#approval = Float64Array.from(model.fits, fit => fit.approval_micro)
    this.#sizes = byFit(model.size_bounds_cents.length + 1, model, (fit, size) => fit.size_micro[size] ?? 0)
    this.#factors = model.factors.flatMap((factor, at) => {
      const column = textColumnOf(factor.column, snapshot)
      if (column === null) return []
      const effects = byFit(factor.levels.length, model, (fit, level) => fit.level_micro[at]?.[level] ?? 0)
      const levelOf = Int32Array.from(column.keys, text => (text === '' ? -1 : factor.levels.indexOf(text)))
      return [{ codes: column.codes, levelOf, effects }]
    })
    const named = [...new Set(model.fits.flatMap(fit => Object.keys(fit.slope_nano_by_segment)))]
    const classOf = new Map(named.map((segment, at) => [segment, at + 1]))
    this.#slopeClassOf = Int32Array.from(snapshot.segment.keys, segment => classOf.get(segment) ?? 0)
    const classes = [null, ...named]
    this.#slopes = new Float64Array(classes.length * this.fits * SHIFT_COUNT)
    let cell = 0
    for (const segment of classes) {
      for (const fit of model.fits) {
        for (const shift of SLOPE_SHIFTS) {
          const pooled = { ...fit, slope_nano_by_segment: {} }
          this.#slopes[cell++] = slopeNano(
            segment === null ? pooled : fit,
            segment ?? '',
            shift,
            model.slope_offset_nano,
          )
        }
      }
    }
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
    if (this.#known[at] === 0) this.#readLogged(at, row)
    const snapshot = this.#snapshot
    const loggedApproval = snapshot.loggedApproval[row] as number
    const approvalDelta = loggedApproval < 0 ? 0 : approval - loggedApproval
    const discountDelta = grantedBps - (snapshot.loggedDiscountBps[row] as number)
    const sign = discountDelta < 0 ? -1 : 1
    const size = discountDelta * sign
    const slopes =
      (this.#slopeClassOf[snapshot.segment.codes[row] as number] as number) * this.fits * SHIFT_COUNT
    for (let fit = 0; fit < this.fits; fit += 1) {
      const eta =
        (this.#logged[at * this.fits + fit] as number) + (this.#approval[fit] as number) * approvalDelta
      for (let shift = 0; shift < SHIFT_COUNT; shift += 1) {
        const cell = fit * SHIFT_COUNT + shift
        const move = fastMoveMicro(this.#slopes[slopes + cell] as number, size)
        this.#wins[start + cell] = sigmoidPpm(eta + sign * move)
      }
    }
    return start
  }

  get winCells(): Float64Array {
    return this.#wins
  }

  #readLogged(at: number, row: number): void {
    const { listCents, loggedApproval, loggedDiscountBps, segment } = this.#snapshot
    this.#known[at] = 1
    const fits = this.fits
    const start = at * fits
    const size = sizeClass(this.#sizeBounds, listCents[row] as number) * fits
    const granted = loggedDiscountBps[row] as number
    const sign = granted < 0 ? -1 : 1
    const approved = loggedApproval[row] === 1 ? 1 : 0
    const slopes = (this.#slopeClassOf[segment.codes[row] as number] as number) * fits * SHIFT_COUNT
    for (let fit = 0; fit < fits; fit += 1) {
      const pointSlope = this.#slopes[slopes + fit * SHIFT_COUNT + POINT] as number
      this.#logged[start + fit] =
        (this.#constants[fit] as number) +
        (this.#sizes[size + fit] as number) +
        sign * fastMoveMicro(pointSlope, granted * sign) +
        approved * (this.#approval[fit] as number)
    }
    for (const { codes, levelOf, effects } of this.#factors) {
      const code = codes[row] as number
      const level = code < 0 ? -1 : (levelOf[code] as number)
      if (level < 0) continue
      for (let fit = 0; fit < fits; fit += 1) {
        this.#logged[start + fit] =
          (this.#logged[start + fit] as number) + (effects[level * fits + fit] as number)
      }
    }
  }
}

/** The base's offer of a row, and the last one of a candidate. */
const OFFERS_KEPT = 2
const POINT = SLOPE_SHIFTS.indexOf('point')

const byFit = (
  levels: number,
  model: ResponseModel,
  effect: (fit: ResponseModel['fits'][number], level: number) => number,
): Float64Array =>
  Float64Array.from({ length: levels * model.fits.length }, (_, cell) => {
    const fits = model.fits.length
    return effect(model.fits[cell % fits] as ResponseModel['fits'][number], Math.floor(cell / fits))
  })

function textColumnOf(
  column: string,
  snapshot: PreparedSnapshot,
): { readonly codes: Int32Array; readonly keys: readonly string[] } | null {
  if (column === 'segment') return snapshot.segment
  if (column === 'region') return snapshot.region
  if (column === 'product_family') return snapshot.productFamily
  const attribute = snapshot.attributes.get(column.slice('attr.'.length))
  return attribute?.kind === 'text' ? attribute : null
}
