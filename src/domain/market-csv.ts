import type { Quote } from './quote.ts'
import type { Json } from './units.ts'

/** Columns of a simulated history, canonical names; the market records two attributes of its own. */
const COLUMNS: Readonly<Record<string, (quote: Quote) => Json>> = {
  quote_id: quote => quote.quoteId,
  segment: quote => quote.segment,
  region: quote => quote.region,
  product_family: quote => quote.productFamily,
  currency: () => 'eur',
  list_cents: quote => quote.listCents,
  cost_cents: quote => quote.costCents,
  requested_discount_bps: quote => quote.requestedDiscountBps,
  granted_discount_bps: quote => quote.grantedDiscountBps,
  net_cents: quote => quote.netCents,
  approval_required: quote => (quote.approvalRequired === null ? null : Number(quote.approvalRequired)),
  approval_outcome: quote => quote.approvalOutcome,
  approval_latency_seconds: quote => quote.approvalLatencySeconds,
  outcome: quote => quote.outcome,
  quoted_at: quote => quote.quotedAt,
  closed_at: quote => quote.closedAt,
  policy_version: quote => quote.policyVersion,
  cluster: quote => quote.cluster,
  'attr.channel': quote => quote.attributes.channel ?? null,
  'attr.term': quote => quote.attributes.term ?? null,
}

const READERS = Object.values(COLUMNS)

export const csvHeader = (): string => `${Object.keys(COLUMNS).join(',')}\n`

/** One quote of the market as a line. No value of the market holds a comma, a quotation mark or a line break. */
export const csvLine = (quote: Quote): string => `${READERS.map(read => read(quote) ?? '').join(',')}\n`
