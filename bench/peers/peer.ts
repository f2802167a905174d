import type { IntegerColumn, QuoteColumns, TextColumn } from '../../src/domain/quote.ts'
import type { PolicyTally } from '../../src/domain/tally.ts'

/** One way to ask what the policy of 12 rules decides on all quotes. Made ready first, then asked again and again. */
export interface Peer {
  tally(): PolicyTally | Promise<PolicyTally>
  close?(): void | Promise<void>
}

export type MakePeer = (columns: QuoteColumns) => Peer | Promise<Peer>

/** Sums of a peer that counts in doubles; on generated quotes all of them stay far below 2^53. */
export interface Sums {
  decided: number
  attributeAbsent: number
  approvals: number
  violations: number
  netCents: number
  profitCents: number
  marginBps: number
}

export const noSums = (): Sums => ({
  decided: 0,
  attributeAbsent: 0,
  approvals: 0,
  violations: 0,
  netCents: 0,
  profitCents: 0,
  marginBps: 0,
})

/** Every generated quote without cost ends absent, because one rule asks for its margin; so no peer counts `cost_absent`. */
export const tallyOf = (sums: Sums): PolicyTally => ({
  decided: sums.decided,
  attribute_absent: sums.attributeAbsent,
  cost_absent: 0,
  approvals: sums.approvals,
  violations: sums.violations,
  net_cents: BigInt(sums.netCents),
  profit_cents: BigInt(sums.profitCents),
  margin_bps: sums.marginBps,
})

export const channelOf = (columns: QuoteColumns): TextColumn => columns.attributes.channel as TextColumn
export const termOf = (columns: QuoteColumns): IntegerColumn => columns.attributes.term as IntegerColumn
