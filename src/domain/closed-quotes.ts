import { OUTCOMES, type QuoteColumns } from './quote.ts'

const OPEN = OUTCOMES.indexOf('open')
const WON = OUTCOMES.indexOf('won')

/** The quotes of a snapshot that have an outcome: positions run over them, `rows` gives the row of each. */
export interface ClosedQuotes {
  readonly columns: QuoteColumns
  readonly rows: Int32Array
  /** 1 where won, by position. */
  readonly won: Uint8Array
  /** Granted discount by position, bps. */
  readonly granted: Float64Array
  readonly wonCount: number
  readonly lostCount: number
}

export function closedQuotes(columns: QuoteColumns): ClosedQuotes {
  const rows = new Int32Array(columns.rows)
  let closed = 0
  for (let row = 0; row < columns.rows; row += 1) {
    if (columns.outcome[row] === OPEN) continue
    rows[closed] = row
    closed += 1
  }
  const kept = rows.slice(0, closed)
  const won = Uint8Array.from(kept, row => Number(columns.outcome[row] === WON))
  const wonCount = won.reduce((sum, flag) => sum + flag, 0)
  return {
    columns,
    rows: kept,
    won,
    granted: Float64Array.from(kept, row => columns.grantedDiscountBps[row] as number),
    wonCount,
    lostCount: closed - wonCount,
  }
}

/** How many closed quotes fulfil a condition, among the won and among the lost. */
export function countByOutcome(
  closed: ClosedQuotes,
  fulfils: (row: number) => boolean,
): { readonly won: number; readonly lost: number } {
  let won = 0
  let lost = 0
  for (let at = 0; at < closed.rows.length; at += 1) {
    if (!fulfils(closed.rows[at] as number)) continue
    if (closed.won[at] === 1) won += 1
    else lost += 1
  }
  return { won, lost }
}
