import type { OfferedDecision } from './response.ts'
import type { Bps, Cents, Ppm } from './units.ts'

/**
 * How far history can speak for a candidate's decision on a quote.
 *   observed      the logged grant and approval equal the candidate's
 *   reweighted    at least REWEIGHTED_QUOTES_MIN closed quotes of the segment, in the whole snapshot, were logged with the same
 *                 approval and a grant at most REWEIGHTED_WINDOW_BPS away
 *   extrapolated  neither
 * An absent logged approval equals nothing: it makes no quote observed and counts for no reweighting.
 */
export const SUPPORT_CLASSES = ['observed', 'reweighted', 'extrapolated'] as const
export type SupportClass = (typeof SUPPORT_CLASSES)[number]

export const REWEIGHTED_QUOTES_MIN = 50
export const REWEIGHTED_WINDOW_BPS = 100

/** How many of some granted discounts, in ascending order, lie within REWEIGHTED_WINDOW_BPS of one. */
export const grantsNear = (ascending: Float64Array, discountBps: Bps): number =>
  countUpTo(ascending, discountBps + REWEIGHTED_WINDOW_BPS) -
  countUpTo(ascending, discountBps - REWEIGHTED_WINDOW_BPS - 1)

/** How many are at most `limit`. */
function countUpTo(ascending: Float64Array, limit: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] as number) <= limit) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * The win probability that is worst for us under a candidate's decision, knowing only the probability under the base and that
 * customers never mind a larger discount or one approval less.
 *   same offer      exactly as under the base
 *   friendlier      (grant not smaller, approval not added) between the base's and 1
 *   less friendly   (grant not larger, approval not dropped) between 0 and the base's
 *   mixed           between 0 and 1
 * A quote that earns (profit >= 0) is worst at the lower end, one that loses money at the upper end. The worst case of a
 * delta is then worst * candidate profit - base * base profit, on impacted extrapolated quotes; elsewhere the model speaks.
 * null: the probability under the base, whatever it is.
 */
export function worstWinPpm(
  base: OfferedDecision,
  candidate: OfferedDecision,
  candidateProfitCents: Cents,
): Ppm | null {
  const grantDelta = candidate.grantedDiscountBps - base.grantedDiscountBps
  const approvalDelta = Number(candidate.approvalRequired) - Number(base.approvalRequired)
  const mayRise = grantDelta > 0 || approvalDelta < 0
  const mayFall = grantDelta < 0 || approvalDelta > 0
  if (candidateProfitCents >= 0) return mayFall ? 0 : null
  return mayRise ? 1_000_000 : null
}
