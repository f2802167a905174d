import { type Decision, decide } from '../../src/domain/decision.ts'
import { simulateQuotes } from '../../src/domain/market.ts'
import { type Unrecorded, unrecordedOf, winLogit } from '../../src/domain/market-request.ts'
import { type MarketTruth, probability } from '../../src/domain/market-truth.ts'
import type { CheckedPolicy } from '../../src/domain/policy.ts'
import type { Quote } from '../../src/domain/quote.ts'

/** A closed quote with what no history records of it. */
export interface KnownQuote {
  readonly quote: Quote
  readonly unrecorded: Unrecorded
}

/** What a policy really does, means over the ledger's quotes: cents a quote and shares 0..1. */
interface TrueMeasures {
  readonly margin: number
  readonly won: number
}

/** Quotes of one world with their truth. Keeps what has been measured, as many changes share a base. */
export class TruthLedger {
  readonly known: readonly KnownQuote[]
  private readonly truth: MarketTruth
  private readonly measured = new Map<CheckedPolicy, TrueMeasures>()

  constructor(truth: MarketTruth, quotes: readonly Quote[]) {
    this.truth = truth
    this.known = quotes
      .filter(quote => quote.outcome !== 'open')
      .map(quote => ({
        quote,
        unrecorded: unrecordedOf(truth, Number(quote.quoteId.slice(quote.quoteId.indexOf('-') + 1))),
      }))
  }

  /** True change of expected margin, cents a quote. */
  delta(base: CheckedPolicy, candidate: CheckedPolicy): number {
    return this.measure(candidate).margin - this.measure(base).margin
  }

  /** True change of the share of quotes won, in bps. */
  winRateDeltaBps(base: CheckedPolicy, candidate: CheckedPolicy): number {
    return 10_000 * (this.measure(candidate).won - this.measure(base).won)
  }

  private measure(policy: CheckedPolicy): TrueMeasures {
    const kept = this.measured.get(policy)
    if (kept !== undefined) return kept
    let [margin, won] = [0, 0]
    for (const { quote, unrecorded } of this.known) {
      const decision = decidedOn(policy, quote)
      const win = probability(winLogit(this.truth.world, quote, unrecorded, decision))
      margin += win * (decision.netCents - (quote.costCents ?? 0))
      won += win
    }
    const count = this.known.length
    const found = { margin: margin / count, won: won / count }
    this.measured.set(policy, found)
    return found
  }
}

/** A ledger of the first quotes that a policy meets in a world. */
export function sampleLedger(truth: MarketTruth, policy: CheckedPolicy, quotes: number): TruthLedger {
  const dealt: Quote[] = []
  for (const quote of simulateQuotes({ ...truth, quotes: Math.max(truth.quotes, quotes) }, policy)) {
    dealt.push(quote)
    if (dealt.length === quotes) break
  }
  return new TruthLedger(truth, dealt)
}

/** A ledger of further quotes of a world, which its history does not hold. */
export function furtherLedger(truth: MarketTruth, policy: CheckedPolicy, quotes: number): TruthLedger {
  const longer = { ...truth, quotes: truth.quotes + quotes }
  return new TruthLedger(longer, [...simulateQuotes(longer, policy)].slice(truth.quotes))
}

export function decidedOn(policy: CheckedPolicy, quote: Quote): Decision {
  const decision = decide(policy, quote)
  if (decision.kind === 'not_replayable') throw new Error(`not replayable: ${decision.reason}`)
  return decision
}
