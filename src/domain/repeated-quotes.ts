import type { RejectedCell } from './quote-file.ts'
import { type QuoteRows, rowsAgree, rowText } from './quote-rows.ts'

/** Rows left when every quote_id stands once. */
export interface DistinctRows {
  /** Ascending. */
  readonly kept: Int32Array
  /** Rows that repeat a kept one in every column. */
  readonly collapsed: number
  /** Every row of a quote_id whose rows do not all agree. */
  readonly rejects: readonly RejectedCell[]
}

/** Collapses equal rows of a quote_id and rejects all rows of one that contradicts itself: nobody can tell which is right. */
export function distinctRows(rows: QuoteRows): DistinctRows {
  const ids = rows.columns.get('quote_id')
  const count = rows.recordNumbers.length
  const firstOf = new Int32Array(ids?.dictionary?.texts.length ?? 0).fill(-1)
  const contradicted = new Uint8Array(firstOf.length)
  const repeats = new Uint8Array(count)
  for (let row = 0; row < count; row += 1) {
    const id = ids?.values.at(row) as number
    const first = firstOf[id] as number
    if (first < 0) firstOf[id] = row
    else {
      repeats[row] = 1
      if (!rowsAgree(rows, first, row)) contradicted[id] = 1
    }
  }
  const kept: number[] = []
  const rejects: RejectedCell[] = []
  let collapsed = 0
  for (let row = 0; row < count; row += 1) {
    if (contradicted[ids?.values.at(row) as number] === 1) rejects.push(contradiction(rows, row))
    else if (repeats[row] === 1) collapsed += 1
    else kept.push(row)
  }
  return { kept: Int32Array.from(kept), collapsed, rejects }
}

function contradiction(rows: QuoteRows, row: number): RejectedCell {
  const quoteId = rowText(rows, 'quote_id', row)
  const line = rows.lines.at(row)
  return {
    row: rows.recordNumbers.at(row),
    line: Number.isNaN(line) ? null : line,
    quoteId,
    column: 'quote_id',
    reason: 'stands on rows that contradict each other',
    raw: quoteId ?? '',
  }
}
