import { type ClosedQuotes, countByOutcome } from './closed-quotes.ts'
import { type FitnessFinding, shareBps } from './fitness-finding.ts'
import { attributeColumns, type ClassedColumn, partitionBy } from './partition.ts'
import { type RankedCounts, rankSeparation } from './rank-separation.ts'
import { grantsExplained } from './variance.ts'

const LOST_UNPRICED_BPS_UNFIT = 9000
const UNPRICED_GAP_BPS_UNFIT = 3000
const UNPRICED_GAP_BPS_LIMITED = 4000
const SEPARATION_MIN = 0.9
const CHANGED_GAP_BPS = 3000
const EXPLAINED_BPS_UNFIT = 9500
const EXPLAINED_BPS_LIMITED = 6000
const GRANT_SD_BPS_MIN = 10

/**
 * Systems that write the price at closing leave lost quotes at list price. Compared: the share of lost and of won quotes that
 * show no discount.
 */
export function losingPricesMissing(closed: ClosedQuotes): FitnessFinding | null {
  const { grantedDiscountBps } = closed.columns
  const unpriced = countByOutcome(closed, row => grantedDiscountBps[row] === 0)
  const lostBps = shareBps(unpriced.lost, closed.lostCount)
  const wonBps = shareBps(unpriced.won, closed.wonCount)
  const unfit = lostBps >= LOST_UNPRICED_BPS_UNFIT && lostBps - wonBps >= UNPRICED_GAP_BPS_UNFIT
  if (!unfit && lostBps - wonBps < UNPRICED_GAP_BPS_LIMITED) return null
  return {
    code: 'losing_prices_missing',
    severity: unfit ? 'unfit' : 'limited',
    message:
      'lost quotes stand at list price where won ones have a discount: their last offer seems not to be recorded',
    facts: {
      lost_without_discount_bps: lostBps,
      won_without_discount_bps: wonBps,
      lost_quotes: closed.lostCount,
    },
    remedy:
      'import the price last offered on lost quotes, for example from the quote line instead of the closed deal',
  }
}

/**
 * A discount that was written down with or after the outcome tells the outcome. Two signs: the grant alone separates won from
 * lost (area under the ROC curve at least 0.9 in either direction), or grants differ from what was requested far more often on
 * won quotes than on lost ones, as last concessions written at signing do. Caps alone do the opposite: who gets less than was
 * asked for wins less.
 */
export function discountFollowsOutcome(closed: ClosedQuotes): FitnessFinding | null {
  const { grantedDiscountBps, requestedDiscountBps } = closed.columns
  const separation = rankSeparation(countsByGrant(closed))
  const changed = countByOutcome(closed, row => grantedDiscountBps[row] !== requestedDiscountBps[row])
  const wonBps = shareBps(changed.won, closed.wonCount)
  const lostBps = shareBps(changed.lost, closed.lostCount)
  const separates = Math.max(separation, 1 - separation) >= SEPARATION_MIN
  const bothKnown = closed.wonCount > 0 && closed.lostCount > 0
  if (!separates && !(bothKnown && wonBps - lostBps >= CHANGED_GAP_BPS)) return null
  return {
    code: 'discount_follows_outcome',
    severity: 'unfit',
    message:
      'the discount tells the outcome almost by itself: it seems to have been recorded with or after it',
    facts: {
      separation_thousandths: Math.round(1000 * separation),
      won_grant_differs_from_request_bps: wonBps,
      lost_grant_differs_from_request_bps: lostBps,
    },
    remedy: 'import the discount as it stood when the quote was sent, before the outcome was known',
  }
}

/**
 * Where the discount is a function of other columns, no two like quotes had different prices and nothing tells price from
 * customer (positivity; Rosenbaum and Rubin 1983). Measured: adjusted share of the variance of grants between cells of segment,
 * size, region, family and attributes, and the same for the strongest single column.
 */
export function noOverlap(
  closed: ClosedQuotes,
  deciding: readonly ClassedColumn[],
  explainedBps: number | null,
): FitnessFinding | null {
  if (closed.rows.length === 0) return null
  const deviation = standardDeviation(closed.granted)
  const constant = deviation < GRANT_SD_BPS_MIN
  if (!constant && (explainedBps === null || explainedBps < EXPLAINED_BPS_LIMITED)) return null
  const strongest = strongestColumn(closed, deciding)
  return {
    code: 'no_overlap',
    severity: constant || (explainedBps ?? 0) >= EXPLAINED_BPS_UNFIT ? 'unfit' : 'limited',
    message: constant
      ? 'discounts hardly vary, so nothing shows what another price would have done'
      : `most of the discount follows from other columns, above all \`${strongest?.column}\`: like quotes hardly ever had different prices`,
    facts: {
      granted_sd_bps: Math.round(deviation),
      distinct_grants: new Set(closed.granted).size,
      explained_by_columns_bps: explainedBps,
      strongest_column: strongest?.column ?? null,
      explained_by_strongest_bps: strongest === null ? null : Math.round(10_000 * strongest.explained),
    },
    remedy:
      'let prices of like quotes differ for a while, best by chance within agreed limits, and record who got which',
  }
}

/** The column that explains most of the grants by itself. */
function strongestColumn(
  closed: ClosedQuotes,
  deciding: readonly ClassedColumn[],
): { readonly column: string; readonly explained: number } | null {
  let strongest: { column: string; explained: number } | null = null
  for (const classed of [...deciding, ...attributeColumns(closed)]) {
    const explained = grantsExplained(closed, partitionBy(closed, [classed]))
    if (explained === null || explained <= (strongest?.explained ?? 0)) continue
    strongest = { column: classed.column, explained }
  }
  return strongest
}

function countsByGrant(closed: ClosedQuotes): readonly RankedCounts[] {
  const counts = new Map<number, { won: number; lost: number }>()
  for (let at = 0; at < closed.rows.length; at += 1) {
    const granted = closed.granted[at] as number
    const count = counts.get(granted) ?? { won: 0, lost: 0 }
    if (closed.won[at] === 1) count.won += 1
    else count.lost += 1
    counts.set(granted, count)
  }
  return [...counts].sort(([left], [right]) => left - right).map(([, count]) => count)
}

function standardDeviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
}
