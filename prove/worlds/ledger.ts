import { type Decision, decide } from '../../src/domain/decision.ts'
import { simulateQuotes } from '../../src/domain/market.ts'
import { type Unrecorded, unrecordedOf, winLogit } from '../../src/domain/market-request.ts'
import { type MarketTruth, probability } from '../../src/domain/market-truth.ts'
import type { CheckedPolicy } from '../../src/domain/policy.ts'
import type { Quote } from '../../src/domain/quote.ts'
import type { Thresholds } from '../../src/domain/thresholds.ts'

/** A closed quote with what no history records of it. */
export interface KnownQuote {
  readonly quote: Quote
  readonly unrecorded: Unrecorded
}

/** What a policy really does, means over the ledger's quotes: cents a quote and shares 0..1. */
interface TrueMeasures {
  readonly margin: number
  readonly won: number
  readonly marginBps: number
  readonly approvals: number
  readonly violations: number
  /** By quote: whether an approval is required, and the net price. */
  readonly approvalOf: Uint8Array
  readonly netOf: Float64Array
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

  /** Whether a change keeps the guardrails by the truth. */
  keepsGuardrails(base: CheckedPolicy, candidate: CheckedPolicy, limits: Thresholds['guardrails']): boolean {
    const [before, after] = [this.measure(base), this.measure(candidate)]
    return (
      after.marginBps - before.marginBps >= limits.min_margin_delta_bps &&
      (after.won - before.won) * 10_000 >= limits.min_win_rate_delta_bps &&
      (after.approvals - before.approvals) * 10_000 <= limits.max_approval_load_delta_bps &&
      after.violations - before.violations <= limits.max_hard_violation_delta &&
      coverageLoss(before, after) * 10_000 <= limits.max_approval_coverage_loss_bps
    )
  }

  private measure(policy: CheckedPolicy): TrueMeasures {
    const kept = this.measured.get(policy)
    if (kept !== undefined) return kept
    let [margin, won, marginBps, approvals, violations] = [0, 0, 0, 0, 0]
    const approvalOf = new Uint8Array(this.known.length)
    const netOf = new Float64Array(this.known.length)
    for (const [at, { quote, unrecorded }] of this.known.entries()) {
      const decision = decidedOn(policy, quote)
      const win = probability(winLogit(this.truth.world, quote, unrecorded, decision))
      margin += win * (decision.netCents - (quote.costCents ?? 0))
      won += win
      marginBps += decision.marginBps ?? 0
      approvals += Number(decision.approvalRequired)
      violations += decision.violations.length
      approvalOf[at] = Number(decision.approvalRequired)
      netOf[at] = decision.netCents
    }
    const count = this.known.length
    const found = {
      margin: margin / count,
      won: won / count,
      marginBps: marginBps / count,
      approvals: approvals / count,
      violations,
      approvalOf,
      netOf,
    }
    this.measured.set(policy, found)
    return found
  }
}

/** Share of the base's value that needs an approval under the base and none after. */
function coverageLoss(before: TrueMeasures, after: TrueMeasures): number {
  let [lost, all] = [0, 0]
  for (const [at, net] of before.netOf.entries()) {
    all += net
    if (before.approvalOf[at] === 1 && after.approvalOf[at] === 0) lost += net
  }
  return all === 0 ? 0 : lost / all
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

export function decidedOn(policy: CheckedPolicy, quote: Quote): Decision {
  const decision = decide(policy, quote)
  if (decision.kind === 'not_replayable') throw new Error(`not replayable: ${decision.reason}`)
  return decision
}
