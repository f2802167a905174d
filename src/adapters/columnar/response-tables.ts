import type { ResponseModel } from '../../domain/response.ts'
import { SLOPE_SHIFTS } from '../../domain/response.ts'
import { fittedSlopeNano, sizeClass, slopeNano } from '../../domain/response-score.ts'
import { sigmoidPpm } from '../../domain/sigmoid.ts'
import { fastMoveMicro } from './fast-arithmetic.ts'
import { SHIFT_COUNT } from './layout.ts'
import type { Codes } from './packed-array.ts'
import type { PreparedSnapshot } from './snapshot.ts'

/** What the model reads of quotes. */
type RespondingQuotes = Pick<
  PreparedSnapshot,
  'listCents' | 'loggedApproval' | 'loggedDiscountBps' | 'segment' | 'region' | 'productFamily' | 'attributes'
>

/** One text column with effects of its own: the model's level of a row is `levelOf[codes[row]]`, -1 for none. */
export interface FactorTable {
  readonly codes: Codes
  readonly levelOf: Int32Array
  /** [level][fit]. */
  readonly effects: Float64Array
}

/** The response model laid out for one snapshot: tables by dictionary code. */
export class ResponseTables {
  readonly fits: number
  readonly sizeBounds: readonly number[]
  readonly factors: readonly FactorTable[]
  readonly #snapshot: RespondingQuotes
  readonly #constants: Float64Array
  readonly #sizes: Float64Array
  readonly #slopeClassOf: Int32Array
  /** [class][fit][shift]. */
  readonly #slopes: Float64Array
  /** [class][fit], as fitted. */
  readonly #fittedSlopes: Float64Array
  readonly #approval: Float64Array

  constructor(model: ResponseModel, snapshot: RespondingQuotes) {
    this.fits = model.fits.length
    this.sizeBounds = model.size_bounds_cents
    this.#snapshot = snapshot
    this.#constants = Float64Array.from(model.fits, fit => fit.intercept_micro)
    this.#approval = Float64Array.from(model.fits, fit => fit.approval_micro)
    this.#sizes = byFit(model.size_bounds_cents.length + 1, model, (fit, size) => fit.size_micro[size] ?? 0)
    this.factors = model.factors.flatMap((factor, at) => {
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
    this.#fittedSlopes = Float64Array.from(
      classes.flatMap(segment =>
        model.fits.map(fit => (segment === null ? fit.slope_nano : fittedSlopeNano(fit, segment))),
      ),
    )
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
  }

  /** Writes the log-odds at the logged decision of a row, by fit. */
  loggedInto(logged: Float64Array, start: number, row: number): void {
    const { listCents, loggedApproval, loggedDiscountBps, segment } = this.#snapshot
    const fits = this.fits
    const size = sizeClass(this.sizeBounds, listCents[row] as number) * fits
    const granted = loggedDiscountBps[row] as number
    const approved = loggedApproval[row] === 1 ? 1 : 0
    const slopes = (this.#slopeClassOf[segment.codes[row] as number] as number) * fits
    for (let fit = 0; fit < fits; fit += 1) {
      const logit = (this.#fittedSlopes[slopes + fit] as number) * granted
      const sign = logit < 0 ? -1 : 1
      logged[start + fit] =
        (this.#constants[fit] as number) +
        (this.#sizes[size + fit] as number) +
        sign * fastMoveMicro(logit * sign, 1) +
        approved * (this.#approval[fit] as number)
    }
    for (const { codes, levelOf, effects } of this.factors) {
      const code = codes[row] as number
      const level = code < 0 ? -1 : (levelOf[code] as number)
      if (level < 0) continue
      for (let fit = 0; fit < fits; fit += 1) {
        logged[start + fit] = (logged[start + fit] as number) + (effects[level * fits + fit] as number)
      }
    }
  }

  /** Writes wins in ppm at [fit][shift] of an offer on a row whose logged log-odds stand at `from`. */
  winsInto(
    wins: Float64Array,
    start: number,
    logged: Float64Array,
    from: number,
    row: number,
    grantedBps: number,
    approval: number,
  ): void {
    const snapshot = this.#snapshot
    const loggedApproval = snapshot.loggedApproval[row] as number
    const approvalDelta = loggedApproval < 0 ? 0 : approval - loggedApproval
    const discountDelta = grantedBps - (snapshot.loggedDiscountBps[row] as number)
    const sign = discountDelta < 0 ? -1 : 1
    const size = discountDelta * sign
    const slopes =
      (this.#slopeClassOf[snapshot.segment.codes[row] as number] as number) * this.fits * SHIFT_COUNT
    for (let fit = 0; fit < this.fits; fit += 1) {
      const eta = (logged[from + fit] as number) + (this.#approval[fit] as number) * approvalDelta
      for (let shift = 0; shift < SHIFT_COUNT; shift += 1) {
        const cell = fit * SHIFT_COUNT + shift
        const move = fastMoveMicro(this.#slopes[slopes + cell] as number, size)
        wins[start + cell] = sigmoidPpm(eta + sign * move)
      }
    }
  }
}

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
  snapshot: RespondingQuotes,
): { readonly codes: Codes; readonly keys: readonly string[] } | null {
  if (column === 'segment') return snapshot.segment
  if (column === 'region') return snapshot.region
  if (column === 'product_family') return snapshot.productFamily
  const attribute = snapshot.attributes.get(column.slice('attr.'.length))
  return attribute?.kind === 'text' ? attribute : null
}
