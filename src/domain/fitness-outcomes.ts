import type { ClosedQuotes } from './closed-quotes.ts'
import { type FitnessFinding, type FitnessOptions, shareBps } from './fitness-finding.ts'
import { approvalColumn, type ClassedColumn } from './partition.ts'

const OUTCOMES_MIN = 50
const OUTCOMES_PER_PARAMETER_SOUND = 10
const OUTCOMES_PER_PARAMETER_MIN = 5
const SEGMENTS_LISTED_MAX = 20

/** Without a lost quote nothing says where winning ends: the share of closed quotes that were lost is 0. */
export function noLosses(closed: ClosedQuotes): FitnessFinding | null {
  if (closed.lostCount > 0 || closed.rows.length === 0) return null
  return {
    code: 'no_losses',
    severity: 'unfit',
    message: 'no quote was lost, so nothing shows what a price costs in deals',
    facts: { closed_quotes: closed.rows.length, lost_quotes: 0 },
    remedy: 'import the quotes that were lost as well, with the price that was offered',
  }
}

/**
 * Outcomes per parameter of the response model: the rarer of won and lost over the number of coefficients. Ten are held to be
 * enough (Peduzzi et al. 1996, J. Clin. Epidemiol. 49), below five estimates go astray (Vittinghoff and McCulloch 2007, Am. J.
 * Epidemiol. 165); never fewer than 50.
 */
export function tooFewOutcomes(
  closed: ClosedQuotes,
  deciding: readonly ClassedColumn[],
): FitnessFinding | null {
  const levels = [...deciding, approvalColumn(closed)].map(({ classOf }) => new Set(classOf).size)
  // One intercept and one slope, and for each column a coefficient for every class but the first.
  const parameters = levels.reduce((sum, count) => sum + Math.max(0, count - 1), 2)
  const rarer = Math.min(closed.wonCount, closed.lostCount)
  const sound = Math.max(OUTCOMES_MIN, OUTCOMES_PER_PARAMETER_SOUND * parameters)
  if (rarer >= sound) return null
  const least = Math.max(OUTCOMES_MIN, OUTCOMES_PER_PARAMETER_MIN * parameters)
  return {
    code: 'too_few_outcomes',
    severity: rarer < least ? 'unfit' : 'limited',
    message: `${closed.wonCount} won and ${closed.lostCount} lost quotes are few for what has to be learned from them`,
    facts: {
      won_quotes: closed.wonCount,
      lost_quotes: closed.lostCount,
      parameters,
      needed_of_each: sound,
      needed_at_least: least,
    },
    remedy: `bring a longer history, until at least ${sound} quotes are won and ${sound} lost`,
  }
}

/** Closed quotes of each segment against the limit of the thresholds; a proposal leaves thin segments alone. */
export function thinSegments(closed: ClosedQuotes, options: FitnessOptions): FitnessFinding | null {
  const { codes, dictionary } = closed.columns.segment
  const counts = new Int32Array(dictionary.length)
  for (const row of closed.rows) {
    const code = codes[row] as number
    if (code >= 0) counts[code] = (counts[code] as number) + 1
  }
  const thin = dictionary
    .map((segment, code) => ({ segment, closed_quotes: counts[code] as number }))
    .filter(entry => entry.closed_quotes < options.thinSegmentQuotes)
  if (thin.length === 0) return null
  const quotes = thin.reduce((sum, entry) => sum + entry.closed_quotes, 0)
  return {
    code: 'thin_segment',
    severity: 'limited',
    message: `${thin.length} of ${dictionary.length} segments hold fewer than ${options.thinSegmentQuotes} closed quotes`,
    facts: {
      limit_closed_quotes: options.thinSegmentQuotes,
      thin_segments: thin.length,
      share_of_closed_bps: shareBps(quotes, closed.rows.length),
      segments: thin.slice(0, SEGMENTS_LISTED_MAX),
    },
    remedy:
      'leave them as they are, join segments that are alike, or wait for more outcomes; no proposal will touch them',
  }
}
