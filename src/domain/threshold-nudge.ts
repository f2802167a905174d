import { div } from './arithmetic.ts'
import { type Decision, decide, type Request } from './decision.ts'
import type { CheckedPolicy } from './policy.ts'
import type { Bps } from './units.ts'

/** Along what a request can be moved to slip past a limit. */
export const NUDGE_SIDES = ['discount', 'list_size', 'margin'] as const
export type NudgeSide = (typeof NUDGE_SIDES)[number]

/**
 * Along which side a quote that escapes does so by no more than the window: a slightly different request would be stopped again.
 * The first of
 *   discount    `windowBps` more is asked for
 *   list_size   the list price is larger or smaller by that share of itself, cost in proportion
 *   margin      the cost is higher by that share of the net
 * null where it stays clear of every limit.
 */
export function barelyEscapes(
  candidate: CheckedPolicy,
  quote: Request,
  after: Decision,
  windowBps: Bps,
): NudgeSide | null {
  const stoppedAgain = (nudged: Request): boolean => isStoppedMore(decide(candidate, nudged), after)
  return NUDGE_SIDES.find(side => nudgedRequests(side, quote, after, windowBps).some(stoppedAgain)) ?? null
}

function nudgedRequests(
  side: NudgeSide,
  quote: Request,
  after: Decision,
  windowBps: Bps,
): readonly Request[] {
  switch (side) {
    case 'discount': {
      const requested = Math.min(10_000, quote.requestedDiscountBps + windowBps)
      return [{ ...quote, requestedDiscountBps: requested }]
    }
    case 'list_size':
      return [10_000 + windowBps, 10_000 - windowBps].map(share => ({
        ...quote,
        listCents: Math.max(1, scaled(quote.listCents, share)),
        costCents: quote.costCents === null ? null : scaled(quote.costCents, share),
      }))
    case 'margin':
      return quote.costCents === null
        ? []
        : [{ ...quote, costCents: quote.costCents + scaled(after.netCents, windowBps) }]
  }
}

/** Amounts are at most 10^12, so the product stays within 2^53 only for small shares: split off whole parts first. */
const scaled = (cents: number, shareBps: Bps): number =>
  Math.trunc(cents / 10_000) * shareBps + div((cents % 10_000) * shareBps, 10_000)

const isStoppedMore = (there: ReturnType<typeof decide>, here: Decision): boolean =>
  there.kind === 'decided' &&
  ((there.approvalRequired && !here.approvalRequired) || there.violations.length > here.violations.length)
