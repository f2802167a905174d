import { csvText } from '../domain/csv-text.ts'
import type { RejectedCell } from '../domain/quote-file.ts'

/** The report on rejected rows as CSV, a line for each bad cell in order of the file. */
export const rejectReport = (rejects: readonly RejectedCell[]): string =>
  csvText(
    ['row', 'line', 'quote_id', 'column', 'reason', 'raw_value'],
    rejects.map(({ row, line, quoteId, column, reason, raw }) => [row, line, quoteId, column, reason, raw]),
  )
