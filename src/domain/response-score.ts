import { div } from './arithmetic.ts'
import type { Quote } from './quote.ts'
import type { FrozenFit, OfferedDecision, ResponseModel, SlopeShift } from './response.ts'
import { type MicroLogits, sigmoidPpm } from './sigmoid.ts'
import type { Bps, Cents, Ppm } from './units.ts'

/*
 * The integer scorer. An engine may precompute per row `restMicro` (everything but discount and approval, from `levelIndex`
 * and `sizeClass`), then `loggedEtaMicro` once, then `movedEtaMicro` for each decision and slope; `winPpm` does all of it for
 * one quote and is the definition they must agree with.
 */

/** Position of a level in a factor's list; -1 where the level, or the value itself, has no effect of its own. */
export function levelIndex(levels: readonly string[], text: string | null): number {
  return text === null ? -1 : levels.indexOf(text)
}

/** Number of the size class of a list price: bounds are exclusive upper limits, ascending. */
export function sizeClass(boundsCents: readonly Cents[], listCents: Cents): number {
  let at = 0
  while (at < boundsCents.length && listCents >= (boundsCents[at] as Cents)) at += 1
  return at
}

/** Intercept, level effects and size class: what no decision changes. `levels` by factor, -1 for none. */
export function restMicro(fit: FrozenFit, levels: readonly number[], size: number): MicroLogits {
  let eta = fit.intercept_micro + (fit.size_micro[size] ?? 0)
  for (let factor = 0; factor < levels.length; factor += 1) {
    const level = levels[factor] as number
    if (level >= 0) eta += fit.level_micro[factor]?.[level] ?? 0
  }
  return eta
}

/** Nano-logits per bps of a segment as fitted, of either sign. */
export const fittedSlopeNano = (fit: FrozenFit, segment: string): number =>
  Object.hasOwn(fit.slope_nano_by_segment, segment)
    ? (fit.slope_nano_by_segment[segment] as number)
    : fit.slope_nano

/** The same at one end of the slope range; never below zero, because nobody minds a larger discount. */
export function slopeNano(fit: FrozenFit, segment: string, shift: SlopeShift, offsetNano: number): number {
  const offset = { low: -offsetNano, point: 0, high: offsetNano }[shift]
  return Math.max(0, fittedSlopeNano(fit, segment) + offset)
}

/** Log-odds of the logged decision: always with the slope as fitted, because the slope range pivots here. */
export function loggedEtaMicro(
  rest: MicroLogits,
  fittedSlope: number,
  loggedDiscountBps: Bps,
  approvalMicro: MicroLogits,
  loggedApproval: boolean | null,
): MicroLogits {
  return rest + div(fittedSlope * loggedDiscountBps, 1000) + (loggedApproval === true ? approvalMicro : 0)
}

/**
 * Log-odds of another decision on the same quote. `discountDeltaBps` is granted - logged; `approvalDelta` is required - logged
 * (-1, 0 or 1), and 0 where the logged approval is absent.
 */
export function movedEtaMicro(
  loggedEta: MicroLogits,
  shiftedSlopeNano: number,
  discountDeltaBps: Bps,
  approvalMicro: MicroLogits,
  approvalDelta: number,
): MicroLogits {
  return loggedEta + div(shiftedSlopeNano * discountDeltaBps, 1000) + approvalMicro * approvalDelta
}

/** Text of a factor's column on a quote; absence and the empty text have no effect. */
export function factorText(quote: Quote, column: string): string | null {
  const value =
    column === 'segment'
      ? quote.segment
      : column === 'region'
        ? quote.region
        : column === 'product_family'
          ? quote.productFamily
          : quote.attributes[column.slice('attr.'.length)]
  return typeof value === 'string' && value !== '' ? value : null
}

/** Win probability of a decision on a quote under one fit and slope shift, integer parts per million, 0..10^6. */
export function winPpm(
  model: ResponseModel,
  fit: number,
  shift: SlopeShift,
  quote: Quote,
  decision: OfferedDecision,
): Ppm {
  const frozen = model.fits[fit] as FrozenFit
  const levels = model.factors.map(factor => levelIndex(factor.levels, factorText(quote, factor.column)))
  const rest = restMicro(frozen, levels, sizeClass(model.size_bounds_cents, quote.listCents))
  const logged = loggedEtaMicro(
    rest,
    fittedSlopeNano(frozen, quote.segment),
    quote.grantedDiscountBps,
    frozen.approval_micro,
    quote.approvalRequired,
  )
  const approvalDelta =
    quote.approvalRequired === null ? 0 : Number(decision.approvalRequired) - Number(quote.approvalRequired)
  const moved = movedEtaMicro(
    logged,
    slopeNano(frozen, quote.segment, shift, model.slope_offset_nano),
    decision.grantedDiscountBps - quote.grantedDiscountBps,
    frozen.approval_micro,
    approvalDelta,
  )
  return sigmoidPpm(moved)
}
