import { decide } from './decision.ts'
import type { CheckedPolicy } from './policy.ts'
import { type QuoteColumns, quoteAt } from './quote.ts'
import type { Bps } from './units.ts'

/**
 * What one policy decides on every quote of a snapshot, added up: the least an engine must get right before it compares two
 * policies. Whatever the outcome, open quotes count too. Every quote is in exactly one of `decided`, `attribute_absent` and
 * `cost_absent`; all other figures are over decided quotes.
 */
export interface PolicyTally {
  readonly decided: number
  /** Quotes on which a rule's condition ends absent; goes before `cost_absent`. */
  readonly attribute_absent: number
  /** Quotes without cost on which a floor matches. */
  readonly cost_absent: number
  /** Decided quotes on which at least one approval rule matches. */
  readonly approvals: number
  /** Undercut floors and matching prohibitions, several on one quote counted each. */
  readonly violations: number
  /** Sum of net prices at the granted discount. */
  readonly net_cents: bigint
  /** Sum of net price less cost, over decided quotes whose cost is known. */
  readonly profit_cents: bigint
  /** Sum of margins in basis points, each rounded as in DESIGN section 4, over decided quotes whose cost is known. */
  readonly margin_bps: number
}

/** The tally quote by quote, as the runtime decides one: short, obvious, slow. Others are held against it. */
export function tallyOneByOne(columns: QuoteColumns, policy: CheckedPolicy): PolicyTally {
  const failed = { attribute_absent: 0, cost_absent: 0 }
  let decided = 0
  let approvals = 0
  let violations = 0
  let net: bigint = 0n
  let profit: bigint = 0n
  let margin: Bps = 0
  for (let row = 0; row < columns.rows; row += 1) {
    const quote = quoteAt(columns, row)
    const decision = decide(policy, quote)
    if (decision.kind === 'not_replayable') {
      failed[decision.reason] += 1
      continue
    }
    decided += 1
    approvals += decision.approvalRequired ? 1 : 0
    violations += decision.violations.length
    net += BigInt(decision.netCents)
    if (quote.costCents === null || decision.marginBps === null) continue
    profit += BigInt(decision.netCents - quote.costCents)
    margin += decision.marginBps
  }
  return {
    decided,
    ...failed,
    approvals,
    violations,
    net_cents: net,
    profit_cents: profit,
    margin_bps: margin,
  }
}
