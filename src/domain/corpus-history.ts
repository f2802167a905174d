import { decide, type Request } from './decision.ts'
import { marketTruth, simulateQuotes } from './market.ts'
import type { CheckedPolicy } from './policy.ts'
import type { Quote } from './quote.ts'

/** The quotes of an attack case: runs of equal quotes, or a period of the standard market; logged under the base policy. */
export type CorpusHistory =
  | { readonly quotes: readonly QuoteRun[] }
  | {
      readonly market: {
        readonly seed: number
        readonly quotes: number
        readonly approvals: 'recorded' | 'unrecorded'
      }
    }

/** So many equal quotes. JSON names. */
export interface QuoteRun {
  readonly count: number
  readonly segment: string
  readonly region: string
  readonly list_cents: number
  readonly cost_cents: number | null
  readonly requested_discount_bps: number
  /** An exception past the policy; null: what the base policy grants. */
  readonly granted_discount_bps: number | null
  /** Share that is won, spread evenly. */
  readonly won_bps: number
  readonly approvals: 'recorded' | 'unrecorded'
  readonly attributes: Readonly<Record<string, string | number>>
}

/** Quotes `q00000`, `q00001` and so on in the order of the runs, each of one of 97 customers. Throws where the base cannot judge one. */
export function corpusQuotes(history: CorpusHistory, base: CheckedPolicy): readonly Quote[] {
  if ('quotes' in history) return history.quotes.flatMap(runOf).map((run, at) => loggedQuote(run, at, base))
  const { seed, quotes, approvals } = history.market
  const simulated = [...simulateQuotes(marketTruth({ seed, quotes, policy: base }), base)]
  return approvals === 'recorded'
    ? simulated
    : simulated.map(quote => ({ ...quote, approvalRequired: null, approvalOutcome: null }))
}

/** One quote of a run, and whether it was won. */
type Single = QuoteRun & { readonly won: boolean }

const runOf = (run: QuoteRun): readonly Single[] =>
  Array.from({ length: run.count }, (_, at) => ({
    ...run,
    won: Math.floor(((at + 1) * run.won_bps) / 10_000) > Math.floor((at * run.won_bps) / 10_000),
  }))

function loggedQuote(single: Single, at: number, base: CheckedPolicy): Quote {
  const request: Request = {
    segment: single.segment,
    region: single.region,
    productFamily: '',
    listCents: single.list_cents,
    costCents: single.cost_cents,
    requestedDiscountBps: single.requested_discount_bps,
    attributes: single.attributes,
  }
  const decision = decide(base, request)
  if (decision.kind !== 'decided') throw new Error(`the base cannot judge quote ${at} of the case`)
  return {
    ...request,
    quoteId: `q${String(at).padStart(5, '0')}`,
    grantedDiscountBps: single.granted_discount_bps ?? decision.grantedDiscountBps,
    netCents: null,
    approvalRequired: single.approvals === 'recorded' ? decision.approvalRequired : null,
    approvalOutcome: null,
    approvalLatencySeconds: null,
    outcome: single.won ? 'won' : 'lost',
    quotedAt: null,
    closedAt: null,
    policyVersion: 1,
    cluster: `customer ${at % 97}`,
  }
}
