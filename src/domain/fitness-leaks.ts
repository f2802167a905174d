import type { ClosedQuotes } from './closed-quotes.ts'
import { type FitnessFinding, shareBps } from './fitness-finding.ts'
import { attributeColumns, type ClassedColumn, classText } from './partition.ts'
import { type RankedCounts, rankSeparation } from './rank-separation.ts'

const SEPARATION_UNFIT = 0.95
const SEPARATION_LIMITED = 0.85
/** A level with one outcome only is chance with this probability at most. */
const CHANCE_MAX = 1e-9
const PURE_SHARE_BPS_UNFIT = 1000
const PURE_LEVELS_LISTED_MAX = 10

/**
 * A column written after the outcome gives it away. For each text column and attribute: (1) the area under the ROC curve of its
 * levels ordered by their win rate in one half of the groups and judged in the other, both ways and averaged, so that a column of
 * identifiers scores one half; (2) levels that hold one outcome only where chance would do that with probability below 10^-9,
 * that is rate^n for n quotes and the overall rate of that outcome.
 */
export function leakingColumns(closed: ClosedQuotes): readonly FitnessFinding[] {
  const { segment, region, productFamily } = closed.columns
  const columns = [
    classText(closed, 'segment', segment),
    classText(closed, 'region', region),
    classText(closed, 'product_family', productFamily),
    ...attributeColumns(closed),
  ]
  return columns.flatMap(column => leakOf(closed, column) ?? [])
}

function leakOf(closed: ClosedQuotes, column: ClassedColumn): FitnessFinding | null {
  const halves = countHalves(closed, column)
  const separation = (separationAcross(closed, halves, 0) + separationAcross(closed, halves, 1)) / 2
  const pure = pureLevels(closed, column, halves)
  const pureBps = shareBps(
    pure.reduce((sum, level) => sum + level.quotes, 0),
    closed.rows.length,
  )
  if (separation < SEPARATION_LIMITED && pure.length === 0) return null
  return {
    code: 'leaking_column',
    severity: separation >= SEPARATION_UNFIT || pureBps >= PURE_SHARE_BPS_UNFIT ? 'unfit' : 'limited',
    message: `column \`${column.column}\` tells the outcome: it seems to be filled in when a deal closes`,
    facts: {
      column: column.column,
      separation_thousandths: Math.round(1000 * separation),
      levels_of_one_outcome: pure.length,
      quotes_in_those_bps: pureBps,
      levels: pure.slice(0, PURE_LEVELS_LISTED_MAX),
    },
    remedy: `leave \`${column.column}\` out of the mapping, or import it as it was when the quote was sent`,
  }
}

/** Won and lost by class, for even and for odd groups; whole groups, so that one customer is never in both halves. */
type Halves = readonly [Counts, Counts]
interface Counts {
  readonly won: Int32Array
  readonly lost: Int32Array
}

function countHalves(closed: ClosedQuotes, column: ClassedColumn): Halves {
  const empty = (): Counts => ({ won: new Int32Array(column.classes), lost: new Int32Array(column.classes) })
  const halves = [empty(), empty()] as const
  for (let at = 0; at < closed.rows.length; at += 1) {
    const half = halves[(closed.columns.group[closed.rows[at] as number] as number) % 2] as Counts
    const counts = closed.won[at] === 1 ? half.won : half.lost
    const code = column.classOf[at] as number
    counts[code] = (counts[code] as number) + 1
  }
  return halves
}

function separationAcross(closed: ClosedQuotes, halves: Halves, judged: 0 | 1): number {
  const learnt = halves[1 - judged] as Counts
  const seen = halves[judged]
  const base = closed.wonCount / closed.rows.length
  // Two pseudo-quotes at the overall rate keep rare levels from ranking at the ends.
  const rate = (code: number): number => {
    const won = learnt.won[code] as number
    return (won + 2 * base) / (won + (learnt.lost[code] as number) + 2)
  }
  const byRate = new Map<number, { won: number; lost: number }>()
  for (let code = 0; code < seen.won.length; code += 1) {
    const rank = byRate.get(rate(code)) ?? { won: 0, lost: 0 }
    rank.won += seen.won[code] as number
    rank.lost += seen.lost[code] as number
    byRate.set(rate(code), rank)
  }
  const ranks: readonly RankedCounts[] = [...byRate]
    .sort(([left], [right]) => left - right)
    .map(([, counts]) => counts)
  return rankSeparation(ranks)
}

function pureLevels(closed: ClosedQuotes, column: ClassedColumn, [even, odd]: Halves) {
  const pure: { level: string; outcome: 'won' | 'lost'; quotes: number }[] = []
  if (closed.wonCount === 0 || closed.lostCount === 0) return pure
  const logRate = {
    won: Math.log(closed.wonCount / closed.rows.length),
    lost: Math.log(closed.lostCount / closed.rows.length),
  }
  for (let code = 0; code < column.classes; code += 1) {
    const won = (even.won[code] as number) + (odd.won[code] as number)
    const lost = (even.lost[code] as number) + (odd.lost[code] as number)
    if (won > 0 && lost > 0) continue
    const outcome = lost === 0 ? 'won' : 'lost'
    const quotes = won + lost
    if (quotes * logRate[outcome] < Math.log(CHANCE_MAX))
      pure.push({ level: column.nameOf(code), outcome, quotes })
  }
  return pure
}
