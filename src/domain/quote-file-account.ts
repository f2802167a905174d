import { netCents } from './arithmetic.ts'
import { OUTCOMES, type QuoteColumns } from './quote.ts'
import type { QuoteFileCounts, RejectedCell } from './quote-file.ts'
import { type Result, refuse } from './refusal.ts'
import type { JsonObject } from './units.ts'

/** Records by outcome, and what became of the others. A rejected record counts once, however many of its cells are bad. */
export function countsOf(
  quotes: QuoteColumns,
  records: number,
  rejects: readonly RejectedCell[],
  collapsed: number,
): QuoteFileCounts {
  const byOutcome = new Array<number>(OUTCOMES.length).fill(0)
  for (const code of quotes.outcome) byOutcome[code] = (byOutcome[code] as number) + 1
  const [open = 0, won = 0, lost = 0] = byOutcome
  return {
    rows: records,
    accepted: quotes.rows,
    rejected: new Set(rejects.map(reject => reject.row)).size,
    collapsed,
    won,
    lost,
    open,
  }
}

/** How the prices offered differ from what list and granted discount come to. */
export function netDifferences(quotes: QuoteColumns): { readonly count: number; readonly centsMax: number } {
  let count = 0
  let centsMax = 0
  for (let row = 0; row < quotes.rows; row += 1) {
    const net = quotes.netCents[row] as number
    if (Number.isNaN(net)) continue
    const formula = netCents(quotes.listCents[row] as number, quotes.grantedDiscountBps[row] as number)
    const difference = Math.abs(net - formula)
    if (difference === 0) continue
    count += 1
    if (difference > centsMax) centsMax = difference
  }
  return { count, centsMax }
}

/**
 * Refuses `bad_input` a file of which nothing is left, or more was rejected than `rejectsMax` (null: than was accepted), with
 * the counts and the first example of each of the most frequent reasons.
 */
export function refuseTooManyRejects(
  counts: QuoteFileCounts,
  rejects: readonly RejectedCell[],
  rejectsMax: number | null,
): Result<never> | null {
  const most = rejectsMax ?? counts.accepted
  if (counts.accepted > 0 && counts.rejected <= most) return null
  const message =
    counts.rows === 0
      ? 'the file has a header and no rows'
      : `${counts.rejected} of ${counts.rows} rows were rejected, and at most ${most} may be`
  const remedy =
    counts.rows === 0
      ? 'hand in a file with rows'
      : 'correct the mapping or the file, or allow more with `--max-rejects N`'
  return refuse('bad_input', message, remedy, { ...counts, reasons: frequentReasons(rejects) })
}

const REASONS_SHOWN = 5

/** Why cells were rejected, JSON names; column null: the whole row. */
export type RejectReason = JsonObject & {
  readonly column: string | null
  readonly reason: string
  readonly cells: number
}

/** One reason in a line. */
export const rejectReasonText = ({ column, reason, cells }: RejectReason): string =>
  `${column === null ? 'the row' : `\`${column}\``} ${reason} (${cells})`

/** The most frequent reasons, at most five, with the number of bad cells and the first of them. */
export function frequentReasons(rejects: readonly RejectedCell[]): readonly RejectReason[] {
  const byReason = new Map<string, { cells: number; first: RejectedCell }>()
  for (const reject of rejects) {
    const key = `${reject.column ?? ''} ${reject.reason}`
    const known = byReason.get(key)
    if (known === undefined) byReason.set(key, { cells: 1, first: reject })
    else known.cells += 1
  }
  return [...byReason.values()]
    .sort((left, right) => right.cells - left.cells)
    .slice(0, REASONS_SHOWN)
    .map(({ cells, first }) => ({
      column: first.column,
      reason: first.reason,
      cells,
      example: { row: first.row, line: first.line, raw_value: first.raw.slice(0, 200) },
    }))
}
