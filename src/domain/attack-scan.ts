import { closedQuotes } from './closed-quotes.ts'
import { type Decision, decide } from './decision.ts'
import { LoggedSupport } from './logged-support.ts'
import type { CheckedPolicy } from './policy.ts'
import { type ProxyAssociation, ProxyCount } from './proxy-association.ts'
import { type Quote, type QuoteColumns, quoteAt } from './quote.ts'
import type { CohortScope } from './replay.ts'
import { rowsInScope } from './scope.ts'
import { barelyEscapes, type NudgeSide } from './threshold-nudge.ts'
import type { Thresholds } from './thresholds.ts'

/** How many quote ids of each kind are kept, unless an attack needs more to show itself; the rest are only counted. */
const EXAMPLES_MAX = 20
const PROGRESS_QUOTES = 65_536

/** What the attacks need to know of single quotes, beyond the sums of a replay. All counts are over closed quotes in scope. */
export interface AttackScan {
  readonly scored: number
  readonly with_cost: number
  /** Quotes whose grant, approval, approvers or violations the candidate changes. */
  readonly impacted: ScanCount
  /** Of those, quotes decided as history never was; see LoggedSupport. */
  readonly extrapolated: ScanCount
  /** Quotes whose margin falls by more than the limit of margin_collapse. */
  readonly collapsed: ScanCount
  /** Quotes that the base can replay and the candidate cannot. */
  readonly laundered: ScanCount
  /** Quotes that newly escape a sign-off or a violation, and barely so: by `threshold_gaming.window_bps` at most. */
  readonly just_under: ScanCount
  readonly just_under_by_side: Readonly<Record<NudgeSide, number>>
  /** Whom new and changed rules meet, against the protected attributes of the history; strongest first. */
  readonly proxies: readonly ProxyAssociation[]
  /** Closed quotes of the whole snapshot by segment. */
  readonly closed_by_segment: Readonly<Record<string, number>>
}

/** A count with its split by segment, and quote ids in the snapshot's order. */
export interface ScanCount {
  readonly quotes: number
  readonly by_segment: Readonly<Record<string, number>>
  readonly first_quote_ids: readonly string[]
  readonly first_quote_id_by_segment: Readonly<Record<string, string>>
}

/** Decides every closed quote in scope under both policies and counts what the attacks look for. Row order does not matter. */
export function scanForAttacks(
  columns: QuoteColumns,
  scope: CohortScope,
  base: CheckedPolicy,
  candidate: CheckedPolicy,
  thresholds: Pick<Thresholds, 'attacks' | 'evidence'>,
  progress: (done: number, total: number) => void = () => undefined,
): AttackScan {
  const { margin_collapse: collapse, threshold_gaming: gaming } = thresholds.attacks
  const inScope = rowsInScope(columns, scope)
  const closedOnes = closedQuotes(columns)
  const support = new LoggedSupport(columns)
  const proxies = new ProxyCount(closedOnes, base, candidate, thresholds.evidence.protected_attributes)
  const tally = {
    impacted: new Tally(),
    extrapolated: new Tally(),
    collapsed: new Tally(),
    laundered: new Tally(
      Math.max(EXAMPLES_MAX, thresholds.attacks.violation_laundering.max_not_replayable_delta + 1),
    ),
    just_under: new Tally(),
  }
  const bySide = { discount: 0, list_size: 0, margin: 0 }
  const closed = new Map<string, number>()
  let scored = 0
  let withCost = 0
  for (const [at, row] of closedOnes.rows.entries()) {
    if (at % PROGRESS_QUOTES === 0) progress(at, closedOnes.rows.length)
    const quote = quoteAt(columns, row)
    closed.set(quote.segment, (closed.get(quote.segment) ?? 0) + 1)
    if (inScope[row] === 0) continue
    const before = decide(base, quote)
    if (before.kind !== 'decided') continue
    const after = decide(candidate, quote)
    if (after.kind !== 'decided') {
      tally.laundered.add(quote)
      continue
    }
    scored += 1
    proxies.add(at, after)
    if (before.marginBps !== null && after.marginBps !== null) {
      withCost += 1
      if (before.marginBps - after.marginBps > collapse.max_margin_loss_bps) tally.collapsed.add(quote)
    }
    if (!isChanged(before, after)) continue
    tally.impacted.add(quote)
    if (support.isExtrapolated(quote, before, after)) tally.extrapolated.add(quote)
    const side = escapes(before, after) ? barelyEscapes(candidate, quote, after, gaming.window_bps) : null
    if (side === null) continue
    tally.just_under.add(quote)
    bySide[side] += 1
  }
  return {
    scored,
    with_cost: withCost,
    impacted: tally.impacted.count(),
    extrapolated: tally.extrapolated.count(),
    collapsed: tally.collapsed.count(),
    laundered: tally.laundered.count(),
    just_under: tally.just_under.count(),
    just_under_by_side: bySide,
    proxies: proxies.associations(),
    closed_by_segment: Object.fromEntries(closed),
  }
}

const isChanged = (before: Decision, after: Decision): boolean =>
  before.grantedDiscountBps !== after.grantedDiscountBps ||
  before.approvalRequired !== after.approvalRequired ||
  !sameNames(before.approvers, after.approvers) ||
  !sameNames(before.violations, after.violations)

const sameNames = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every(name => right.includes(name))

/** Whether the candidate drops a sign-off or a violation of this quote. */
const escapes = (before: Decision, after: Decision): boolean =>
  (before.approvalRequired && !after.approvalRequired) || after.violations.length < before.violations.length

class Tally {
  private quotes = 0
  private readonly bySegment = new Map<string, number>()
  private readonly firstBySegment = new Map<string, string>()
  private readonly firstIds: string[] = []
  private readonly examplesMax: number

  constructor(examplesMax = EXAMPLES_MAX) {
    this.examplesMax = examplesMax
  }

  add(quote: Quote): void {
    this.quotes += 1
    this.bySegment.set(quote.segment, (this.bySegment.get(quote.segment) ?? 0) + 1)
    if (!this.firstBySegment.has(quote.segment)) this.firstBySegment.set(quote.segment, quote.quoteId)
    if (this.firstIds.length < this.examplesMax) this.firstIds.push(quote.quoteId)
  }

  count(): ScanCount {
    return {
      quotes: this.quotes,
      by_segment: Object.fromEntries(this.bySegment),
      first_quote_ids: this.firstIds,
      first_quote_id_by_segment: Object.fromEntries(this.firstBySegment),
    }
  }
}
