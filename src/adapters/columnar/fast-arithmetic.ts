import { marginBps, netCents } from '../../domain/arithmetic.ts'
import type { Bps, Cents } from '../../domain/units.ts'

/*
 * The formulas of domain/arithmetic.ts without `%`, which is slow on numbers beyond 2^31. Where a step could pass the range in
 * which doubles are exact, the domain's own functions answer.
 */

/**
 * Below this list price, list * granted <= 5 * 10^15 < 2^53, and the quotient is below 2^39, where doubles lie closer than
 * half of 1/10000: the rounded division never crosses an integer.
 */
const LIST_CENTS_SIMPLE = 500_000_000_000

/** `list - div(list * granted, 10000)`; see netCents. */
export function fastNetCents(list: Cents, granted: Bps): Cents {
  if (list > LIST_CENTS_SIMPLE) return netCents(list, granted)
  const product = list * granted
  return product >= 0
    ? list - Math.floor((product + 5_000) / 10_000)
    : list + Math.floor((5_000 - product) / 10_000)
}

/** Below this profit, profit * 10000 <= 5 * 10^15, and quotient * net stays exact as well. */
const PROFIT_CENTS_SIMPLE = 500_000_000_000

/** `div((net - cost) * 10000, net)` clipped below; see marginBps. NaN where the cost is NaN. */
export function fastMarginBps(net: Cents, cost: Cents): Bps {
  if (Number.isNaN(cost)) return Number.NaN
  const profit = net - cost
  if (net === 0 || profit > PROFIT_CENTS_SIMPLE || profit < -PROFIT_CENTS_SIMPLE) return marginBps(net, cost)
  const scaled = profit < 0 ? -profit * 10_000 : profit * 10_000
  if (profit < 0 && scaled >= 100_001 * net) return -100_000
  let quotient = Math.floor(scaled / net)
  let remainder = scaled - quotient * net
  if (remainder < 0) {
    quotient -= 1
    remainder += net
  } else if (remainder >= net) {
    quotient += 1
    remainder -= net
  }
  if (2 * remainder >= net) quotient += 1
  return profit < 0 ? Math.max(-quotient, -100_000) : quotient
}

/** div(slope * |discount|, 1000) for slope >= 0: the size of a move in micro-logits. slope * discount <= 2^52. */
export const fastMoveMicro = (slopeNano: number, discountSizeBps: Bps): number =>
  Math.floor((slopeNano * discountSizeBps + 500) / 1000)
