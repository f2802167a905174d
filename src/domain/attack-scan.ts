import { type Decision, decide } from './decision.ts'
import type { CheckedPolicy } from './policy.ts'
import { type Quote, type QuoteColumns, quoteAt } from './quote.ts'
import type { CohortScope } from './replay.ts'
import { rowsInScope } from './scope.ts'
import type { Thresholds } from './thresholds.ts'

/** How many quote ids of each kind are kept; more are only counted. */
const EXAMPLES_MAX = 20
const PROGRESS_ROWS = 65_536

/** What the attacks need to know of single quotes, beyond the sums of a replay. All counts are over closed quotes in scope. */
export interface AttackScan {
  readonly scored: number
  readonly with_cost: number
  /** Quotes whose margin falls by more than the limit of margin_collapse. */
  readonly collapsed: ScanCount
  /** Quotes that the base can replay and the candidate cannot. */
  readonly laundered: ScanCount
  /** Quotes that newly escape a sign-off or a violation, and would not if they asked for `window_bps` more. */
  readonly just_under: ScanCount
  /** Closed quotes of the whole snapshot by segment. */
  readonly closed_by_segment: Readonly<Record<string, number>>
}

/** A count with its split by segment, and the first quote ids in the snapshot's order. */
export interface ScanCount {
  readonly quotes: number
  readonly by_segment: Readonly<Record<string, number>>
  readonly first_quote_ids: readonly string[]
}

/** Decides every closed quote in scope under both policies and counts what the attacks look for. Row order does not matter. */
export function scanForAttacks(
  columns: QuoteColumns,
  scope: CohortScope,
  base: CheckedPolicy,
  candidate: CheckedPolicy,
  limits: Thresholds['attacks'],
  progress: (done: number, total: number) => void = () => undefined,
): AttackScan {
  const inScope = rowsInScope(columns, scope)
  const collapsed = new Tally()
  const laundered = new Tally()
  const justUnder = new Tally()
  const closed = new Map<string, number>()
  let scored = 0
  let withCost = 0
  for (let row = 0; row < columns.rows; row += 1) {
    if (row % PROGRESS_ROWS === 0) progress(row, columns.rows)
    const quote = quoteAt(columns, row)
    if (quote.outcome === 'open') continue
    closed.set(quote.segment, (closed.get(quote.segment) ?? 0) + 1)
    if (inScope[row] === 0) continue
    const before = decide(base, quote)
    if (before.kind !== 'decided') continue
    const after = decide(candidate, quote)
    if (after.kind !== 'decided') {
      laundered.add(quote)
      continue
    }
    scored += 1
    if (before.marginBps !== null && after.marginBps !== null) {
      withCost += 1
      if (before.marginBps - after.marginBps > limits.margin_collapse.max_margin_loss_bps)
        collapsed.add(quote)
    }
    if (escapes(before, after) && barely(candidate, quote, after, limits.threshold_gaming.window_bps)) {
      justUnder.add(quote)
    }
  }
  return {
    scored,
    with_cost: withCost,
    collapsed: collapsed.count(),
    laundered: laundered.count(),
    just_under: justUnder.count(),
    closed_by_segment: Object.fromEntries(closed),
  }
}

/** Whether the candidate drops a sign-off or a violation of this quote. */
const escapes = (before: Decision, after: Decision): boolean =>
  (before.approvalRequired && !after.approvalRequired) || after.violations.length < before.violations.length

/** Whether the escape ends within the window: a slightly larger ask would be stopped again. */
function barely(candidate: CheckedPolicy, quote: Quote, after: Decision, windowBps: number): boolean {
  const larger = Math.min(10_000, quote.requestedDiscountBps + windowBps)
  const there = decide(candidate, { ...quote, requestedDiscountBps: larger })
  if (there.kind !== 'decided') return false
  return (
    (there.approvalRequired && !after.approvalRequired) || there.violations.length > after.violations.length
  )
}

class Tally {
  private quotes = 0
  private readonly bySegment = new Map<string, number>()
  private readonly firstIds: string[] = []

  add(quote: Quote): void {
    this.quotes += 1
    this.bySegment.set(quote.segment, (this.bySegment.get(quote.segment) ?? 0) + 1)
    if (this.firstIds.length < EXAMPLES_MAX) this.firstIds.push(quote.quoteId)
  }

  count(): ScanCount {
    return {
      quotes: this.quotes,
      by_segment: Object.fromEntries(this.bySegment),
      first_quote_ids: this.firstIds,
    }
  }
}
