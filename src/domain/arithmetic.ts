import type { Bps, Cents } from './units.ts'

/** Lowest margin that is told apart; also the margin of a quote given away for nothing. */
export const MARGIN_BPS_MIN: Bps = -100_000

/** `n / d` rounded half away from zero. `d` > 0; |n| <= 2^53 - 1. */
export function div(n: number, d: number): number {
  const remainder = n % d
  const quotient = (n - remainder) / d
  if (2 * Math.abs(remainder) < d) return quotient + 0
  return n < 0 ? quotient - 1 : quotient + 1
}

/** `div` for integers of any size. `d` > 0. */
export function divWide(n: bigint, d: bigint): bigint {
  const remainder = n % d
  const quotient = n / d
  const twice = remainder < 0n ? -2n * remainder : 2n * remainder
  if (twice < d) return quotient
  return n < 0n ? quotient - 1n : quotient + 1n
}

/**
 * `list - div(list * granted, 10000)`, exact. The product may pass 2^53, so the list price is split at 10000:
 * the upper part contributes an integer, and rounding concerns the lower part alone.
 */
export function netCents(list: Cents, granted: Bps): Cents {
  const lower = list % 10_000
  const upper = (list - lower) / 10_000
  return list - (upper * granted + div(lower * granted, 10_000))
}

/** `div((net - cost) * 10000, net)`, not below -100000; -100000 where net is 0. net >= 0, cost >= 0. */
export function marginBps(net: Cents, cost: Cents): Bps {
  if (net === 0) return MARGIN_BPS_MIN
  const profit = net - cost
  const scaled =
    Math.abs(profit) <= 900_000_000_000
      ? div(profit * 10_000, net)
      : Number(divWide(BigInt(profit) * 10_000n, BigInt(net)))
  return scaled < MARGIN_BPS_MIN ? MARGIN_BPS_MIN : scaled
}
