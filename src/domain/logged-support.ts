import type { Decision } from './decision.ts'
import type { Quote, QuoteColumns } from './quote.ts'
import { OUTCOMES } from './quote.ts'
import { grantsNear, REWEIGHTED_QUOTES_MIN } from './support.ts'

const OPEN = OUTCOMES.indexOf('open')

/**
 * Whether history has seen what a candidate would do with a quote, for the attack `extrapolation`. Seen is what support.ts calls
 * observed or reweighted. Where the log does not say whether a quote needed an approval, and the candidate leaves that as the
 * base has it, the approval is the same on both sides of the comparison: grants alone are then asked for, among quotes of the
 * segment that do not say it either. A candidate that changes the approval of such a quote has not been seen. The worst case
 * in a report stays strict: it takes every such quote for extrapolated.
 */
export class LoggedSupport {
  readonly #grants: ReadonlyMap<string, Float64Array>

  constructor(columns: QuoteColumns) {
    const lists = new Map<string, number[]>()
    for (let row = 0; row < columns.rows; row += 1) {
      if (columns.outcome[row] === OPEN) continue
      const segment = columns.segment.dictionary[columns.segment.codes[row] as number] ?? ''
      const required = columns.approvalRequired[row] as number
      const key = keyOf(segment, Number.isNaN(required) ? null : required === 1)
      const list = lists.get(key) ?? []
      if (list.length === 0) lists.set(key, list)
      list.push(columns.grantedDiscountBps[row] as number)
    }
    this.#grants = new Map([...lists].map(([key, grants]) => [key, Float64Array.from(grants).sort()]))
  }

  isExtrapolated(quote: Quote, before: Decision, after: Decision): boolean {
    const unsaid = quote.approvalRequired === null && before.approvalRequired === after.approvalRequired
    const approval = unsaid ? null : after.approvalRequired
    if (quote.grantedDiscountBps === after.grantedDiscountBps && quote.approvalRequired === approval)
      return false
    const grants = this.#grants.get(keyOf(quote.segment, approval))
    return grants === undefined || grantsNear(grants, after.grantedDiscountBps) < REWEIGHTED_QUOTES_MIN
  }
}

const keyOf = (segment: string, approval: boolean | null): string => `${approval} ${segment}`
