import { type Quote, type QuoteColumns, quoteAt } from '../../domain/quote.ts'
import type { CohortScope } from '../../domain/replay.ts'
import { REWEIGHTED_QUOTES_MIN, REWEIGHTED_WINDOW_BPS, type SupportClass } from '../../domain/support.ts'
import { type OracleDecision, roundedHalfAway } from './decision.ts'

/** What the whole snapshot says besides the quote at hand. */
export interface Evidence {
  /** Logged grants of closed quotes by segment and approval. */
  readonly grants: ReadonlyMap<string, readonly number[]>
  /** Mean seconds an approval took; null where no approved quote has a latency. */
  readonly latencies: { readonly bySegment: ReadonlyMap<string, number>; readonly overall: number } | null
}

const cellOf = (segment: string, approval: boolean): string => JSON.stringify([segment, approval])

export function evidenceOf(columns: QuoteColumns): Evidence {
  const grants = new Map<string, number[]>()
  const latencies = new Map<string, number[]>()
  for (let row = 0; row < columns.rows; row += 1) {
    const quote = quoteAt(columns, row)
    if (quote.outcome !== 'open' && quote.approvalRequired !== null) {
      pushTo(grants, cellOf(quote.segment, quote.approvalRequired), quote.grantedDiscountBps)
    }
    if (quote.approvalOutcome === 'approved' && quote.approvalLatencySeconds !== null) {
      pushTo(latencies, quote.segment, quote.approvalLatencySeconds)
    }
  }
  const all = [...latencies.values()].flat()
  return {
    grants,
    latencies:
      all.length === 0
        ? null
        : {
            bySegment: new Map([...latencies].map(([segment, seconds]) => [segment, meanOf(seconds)])),
            overall: meanOf(all),
          },
  }
}

function pushTo(lists: Map<string, number[]>, key: string, value: number): void {
  const known = lists.get(key)
  if (known === undefined) lists.set(key, [value])
  else known.push(value)
}

const meanOf = (seconds: readonly number[]): number =>
  Number(
    roundedHalfAway(
      seconds.reduce((sum, each) => sum + BigInt(each), 0n),
      BigInt(seconds.length),
    ),
  )

export function supportOf(evidence: Evidence, quote: Quote, after: OracleDecision): SupportClass {
  const granted = Number(after.granted)
  if (quote.grantedDiscountBps === granted && quote.approvalRequired === after.approval) return 'observed'
  let near = 0
  for (const logged of evidence.grants.get(cellOf(quote.segment, after.approval)) ?? []) {
    if (Math.abs(logged - granted) <= REWEIGHTED_WINDOW_BPS) near += 1
    if (near >= REWEIGHTED_QUOTES_MIN) return 'reweighted'
  }
  return 'extrapolated'
}

/** The worst win probability that monotonicity leaves open, in parts per million. */
export function worstWin(before: OracleDecision, after: OracleDecision, wasPpm: bigint): bigint {
  const earns = (after.profit as bigint) >= 0n
  const better = after.granted > before.granted || (before.approval && !after.approval)
  const worse = after.granted < before.granted || (!before.approval && after.approval)
  if (earns && worse) return 0n
  if (!earns && better) return 1_000_000n
  return wasPpm
}

export function isInScope(scope: CohortScope, quote: Quote): boolean {
  const { segments, regions, quote_ids, window } = scope
  if (segments.length > 0 && !segments.includes(quote.segment)) return false
  if (regions.length > 0 && !regions.includes(quote.region)) return false
  if (quote_ids.length > 0 && !quote_ids.includes(quote.quoteId)) return false
  const from = window?.from ?? null
  const to = window?.to ?? null
  if (from === null && to === null) return true
  if (quote.quotedAt === null) return false
  const at = Date.parse(quote.quotedAt)
  return (from === null || at >= Date.parse(from)) && (to === null || at < Date.parse(to))
}
