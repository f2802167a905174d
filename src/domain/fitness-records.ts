import { type Contingency, cramersV } from './association.ts'
import { type ClosedQuotes, countByOutcome } from './closed-quotes.ts'
import { type FitnessFinding, shareBps } from './fitness-finding.ts'
import { attributeColumns, type ClassedColumn, partitionBy } from './partition.ts'
import { isProtectedAttribute } from './protected-attributes.ts'
import { grantsExplained } from './variance.ts'

const MISSING_BPS_MIN = 1000
const COST_MISSING_BPS_MIN = 100
const PERIOD_DAYS_MIN = 90
const DAY_MS = 86_400_000
const COMPETING_BPS_MIN = 9000

/** Margin needs cost: unfit where no closed quote has one, limited from one in a hundred without. */
export function costMissing(closed: ClosedQuotes): FitnessFinding | null {
  const { costCents } = closed.columns
  const missing = countByOutcome(closed, row => Number.isNaN(costCents[row] as number))
  const missingBps = shareBps(missing.won + missing.lost, closed.rows.length)
  if (missingBps < COST_MISSING_BPS_MIN) return null
  return {
    code: 'cost_missing',
    severity: missing.won + missing.lost === closed.rows.length ? 'unfit' : 'limited',
    message: 'cost is not recorded, so margins of these quotes are unknown',
    facts: {
      without_cost_bps: missingBps,
      won_without_cost_bps: shareBps(missing.won, closed.wonCount),
      lost_without_cost_bps: shareBps(missing.lost, closed.lostCount),
    },
    remedy: 'map a cost column to cost_cents, if need be a standard cost of the product',
  }
}

/** Quotes without `quoted_at` cannot be put in order: no window, no trend, no check that an outcome came later. */
export function undated(closed: ClosedQuotes): FitnessFinding | null {
  const { quotedAt, closedAt } = closed.columns
  const missing = countByOutcome(closed, row => Number.isNaN(quotedAt[row] as number))
  const missingBps = shareBps(missing.won + missing.lost, closed.rows.length)
  if (missingBps < MISSING_BPS_MIN) return null
  const closedDates = countByOutcome(closed, row => !Number.isNaN(closedAt[row] as number))
  const closedBps = shareBps(closedDates.won + closedDates.lost, closed.rows.length)
  return {
    code: 'undated',
    severity: 'limited',
    message:
      10_000 - closedBps < MISSING_BPS_MIN
        ? 'the days on which quotes were sent are not recorded: changes over time are seen by the days they closed, which the outcome may move'
        : 'the dates of quotes are not recorded: whether the response changed over time cannot be seen',
    facts: { without_quoted_at_bps: missingBps, with_closed_at_bps: closedBps },
    remedy: 'map the day a quote was sent to quoted_at',
  }
}

/**
 * Days between the 1st and the 99th percentile of `quoted_at`, or of `closed_at` where quotes are undated. Within one quarter
 * (90 days) a season, a campaign or a price list cannot be told from the response.
 */
export function singlePeriod(closed: ClosedQuotes): FitnessFinding | null {
  const { quotedAt, closedAt } = closed.columns
  const dates = Float64Array.from(closed.rows, row => {
    const quoted = quotedAt[row] as number
    return Number.isNaN(quoted) ? (closedAt[row] as number) : quoted
  }).filter(date => !Number.isNaN(date))
  if (dates.length === 0) return null
  dates.sort()
  const first = dates[Math.floor(0.01 * (dates.length - 1))] as number
  const last = dates[Math.ceil(0.99 * (dates.length - 1))] as number
  const days = Math.floor((last - first) / DAY_MS)
  if (days >= PERIOD_DAYS_MIN) return null
  return {
    code: 'single_period',
    severity: 'limited',
    message: `nearly all quotes lie within ${days} days: a season cannot be told from the response`,
    facts: { span_days: days, needed_days: PERIOD_DAYS_MIN, dated_quotes: dates.length },
    remedy: 'bring at least two quarters of history',
  }
}

/** Whether an approval was needed is absent on at least one closed quote in ten: what approvals cost cannot be learned. */
export function approvalsUnrecorded(closed: ClosedQuotes): FitnessFinding | null {
  const { approvalRequired } = closed.columns
  const missing = countByOutcome(closed, row => Number.isNaN(approvalRequired[row] as number))
  const missingBps = shareBps(missing.won + missing.lost, closed.rows.length)
  if (missingBps < MISSING_BPS_MIN) return null
  return {
    code: 'approvals_unrecorded',
    severity: 'limited',
    message: 'approvals are not recorded: what they cost in time and deals cannot be learned',
    facts: { without_approval_required_bps: missingBps },
    remedy:
      'map whether a quote needed an approval to approval_required, also approvals given outside the system',
  }
}

/**
 * Quotes of one cluster compete when at most one of them can be won: of the clusters with several closed quotes, at least nine in
 * ten have exactly one winner. A winner's price then says as much about its rivals as about the customer.
 */
export function competingQuotes(closed: ClosedQuotes): FitnessFinding | null {
  const { codes, dictionary } = closed.columns.cluster
  const quotes = new Int32Array(dictionary.length)
  const wins = new Int32Array(dictionary.length)
  for (let at = 0; at < closed.rows.length; at += 1) {
    const cluster = codes[closed.rows[at] as number] as number
    quotes[cluster] = (quotes[cluster] as number) + 1
    wins[cluster] = (wins[cluster] as number) + (closed.won[at] as number)
  }
  const several = [...quotes.keys()].filter(cluster => (quotes[cluster] as number) > 1)
  const oneWinner = several.filter(cluster => wins[cluster] === 1).length
  const inSeveral = several.reduce((sum, cluster) => sum + (quotes[cluster] as number), 0)
  const oneWinnerBps = shareBps(oneWinner, several.length)
  if (several.length === 0 || inSeveral * 2 < closed.rows.length || oneWinnerBps < COMPETING_BPS_MIN)
    return null
  return {
    code: 'competing_quotes',
    severity: 'limited',
    message: 'several quotes compete for one order, so their outcomes are not independent of each other',
    facts: {
      clusters_of_several: several.length,
      with_one_winner_bps: oneWinnerBps,
      quotes_per_cluster_thousandths: Math.round((1000 * inSeveral) / several.length),
    },
    remedy:
      'judge such a history by whole orders; intervals here already resample whole clusters, rivals stay unmodelled',
  }
}

/**
 * Attributes on which a price must not depend, by name; with the share of the variance of grants that each explains, and the
 * column that stands in for it best, by bias-corrected Cramér's V (association.ts).
 */
export function protectedAttributes(
  closed: ClosedQuotes,
  deciding: readonly ClassedColumn[],
  words?: readonly string[],
): readonly FitnessFinding[] {
  const found = attributeColumns(closed).filter(({ column }) => isProtectedAttribute(column, words))
  return found.map(classed => {
    const explained = grantsExplained(closed, partitionBy(closed, [classed]))
    const standIn = closestColumn(classed, deciding)
    return {
      code: 'protected_attribute',
      severity: 'limited',
      message: `prices must not depend on \`${classed.column}\`; it is kept out of models and conditions`,
      facts: {
        column: classed.column,
        grants_explained_bps: explained === null ? null : Math.round(10_000 * explained),
        closest_column: standIn?.column ?? null,
        closest_column_association_bps: standIn === null ? null : Math.round(10_000 * standIn.association),
      },
      remedy: `leave \`${classed.column}\` out of the mapping unless it is needed to check for unequal treatment`,
    }
  })
}

function closestColumn(
  classed: ClassedColumn,
  others: readonly ClassedColumn[],
): { readonly column: string; readonly association: number } | null {
  let closest: { column: string; association: number } | null = null
  for (const other of others) {
    // Fewer quotes than cells say nothing, and the cells of two identifiers would fill the memory.
    if (classed.classes * other.classes > classed.classOf.length) continue
    const association = cramersV(crossed(classed, other)) ?? 0
    if (association > (closest?.association ?? 0)) closest = { column: other.column, association }
  }
  return closest
}

function crossed(left: ClassedColumn, right: ClassedColumn): Contingency {
  const counts = Array.from({ length: left.classes }, () => new Array<number>(right.classes).fill(0))
  for (let at = 0; at < left.classOf.length; at += 1) {
    const row = counts[left.classOf[at] as number] as number[]
    row[right.classOf[at] as number] = (row[right.classOf[at] as number] as number) + 1
  }
  return counts
}
