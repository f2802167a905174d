import type { Request } from '../../src/domain/decision.ts'
import type { Quote } from '../../src/domain/quote.ts'

/** A quote's fields besides what was asked, as a history has them that records nothing of it but that it was won. */
export const UNDECIDED: Omit<Quote, keyof Request> = {
  quoteId: 'asked',
  grantedDiscountBps: 0,
  netCents: null,
  approvalRequired: null,
  approvalOutcome: null,
  approvalLatencySeconds: null,
  outcome: 'won',
  quotedAt: null,
  closedAt: null,
  policyVersion: null,
  cluster: 'asked',
}

/** What is asked about as a quote of a history, for engines that know only these. */
export const askedQuote = (request: Request): Quote => ({ ...UNDECIDED, ...request })
