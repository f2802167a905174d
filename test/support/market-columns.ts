import { readFileSync } from 'node:fs'
import { type MarketOptions, marketTruth, simulateQuotes } from '../../src/domain/market.ts'
import type { MarketTruth } from '../../src/domain/market-truth.ts'
import type { CheckedPolicy } from '../../src/domain/policy.ts'
import { checkPolicyText } from '../../src/domain/policy-text.ts'
import type { Quote, QuoteColumns } from '../../src/domain/quote.ts'
import { columnsOfQuotes } from './quote-columns.ts'

const starterText = readFileSync(new URL('../../policies/starter.yaml', import.meta.url), 'utf8')

/** The starter policy, checked. */
export function starterPolicy(): CheckedPolicy {
  const checked = checkPolicyText(starterText)
  if (!checked.ok) throw new Error(checked.refusal.message)
  return checked.value
}

export interface SimulatedHistory {
  readonly truth: MarketTruth
  readonly quotes: readonly Quote[]
  readonly columns: QuoteColumns
}

/** A simulated history in memory, with the truth behind it; the starter policy in force unless told otherwise. */
export function simulatedHistory(
  options: Omit<MarketOptions, 'policy'> & { readonly policy?: CheckedPolicy },
): SimulatedHistory {
  const policy = options.policy ?? starterPolicy()
  const truth = marketTruth({ ...options, policy })
  const quotes = [...simulateQuotes(truth, policy)]
  return { truth, quotes, columns: columnsOfQuotes(quotes) }
}
