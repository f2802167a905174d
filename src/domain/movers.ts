import { divWide } from './arithmetic.ts'
import { type Decision, decide } from './decision.ts'
import type { CheckedPolicy } from './policy.ts'
import { type Quote, type QuoteColumns, quoteAt } from './quote.ts'
import type { Mover, MoverDecision } from './replay-report.ts'
import type { ResponseModel } from './response.ts'
import { winPpm } from './response-score.ts'
import { changedRules } from './rule-effects.ts'

/** Both decisions on rows that an engine named, with what each is worth. Throws on a row that a policy does not decide. */
export const moversAt = (
  rows: readonly number[],
  columns: QuoteColumns,
  policies: { readonly base: CheckedPolicy; readonly candidate: CheckedPolicy },
  model: ResponseModel | null,
): readonly Mover[] =>
  rows.map(row => {
    const quote = quoteAt(columns, row)
    const base = decided(policies.base, quote)
    const candidate = decided(policies.candidate, quote)
    const baseWin = winUnder(model, quote, base)
    const candidateWin = winUnder(model, quote, candidate)
    return {
      quote_id: quote.quoteId,
      segment: quote.segment,
      region: quote.region,
      list_cents: quote.listCents,
      base: described(base, baseWin),
      candidate: described(candidate, candidateWin),
      rule_ids: changedRules(policies.base, policies.candidate, quote.requestedDiscountBps, {
        base,
        candidate,
      }),
      expected_margin_delta_cents: Number(
        divWide(ppmCents(quote, candidate, candidateWin) - ppmCents(quote, base, baseWin), CERTAIN_PPM),
      ),
    }
  })

function decided(policy: CheckedPolicy, quote: Quote): Decision {
  const decision = decide(policy, quote)
  if (decision.kind !== 'decided') throw new Error(`a mover \`${quote.quoteId}\` that cannot be replayed`)
  return decision
}

const winUnder = (model: ResponseModel | null, quote: Quote, decision: Decision): number | null =>
  model === null ? null : winPpm(model, 0, 'point', quote, decision)

const CERTAIN_PPM = 1_000_000n

/** Expected margin in ppm-cents; without a model, as if the quote were won. */
const ppmCents = (quote: Quote, decision: Decision, win: number | null): bigint =>
  BigInt(decision.netCents - (quote.costCents ?? decision.netCents)) *
  (win === null ? CERTAIN_PPM : BigInt(win))

const described = (decision: Decision, win: number | null): MoverDecision => ({
  granted_discount_bps: decision.grantedDiscountBps,
  net_cents: decision.netCents,
  margin_bps: decision.marginBps,
  approval_required: decision.approvalRequired,
  approvers: decision.approvers,
  violations: decision.violations,
  win_ppm: win,
})
