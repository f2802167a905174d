import type { RejectedCell } from '../domain/quote-file.ts'

/** The report on rejected rows as CSV, a line for each bad cell in order of the file. */
export function rejectReport(rejects: readonly RejectedCell[]): string {
  const lines = rejects.map(({ row, line, quoteId, column, reason, raw }) =>
    [row, line, quoteId, column, reason, raw].map(csvCell).join(','),
  )
  return ['row,line,quote_id,column,reason,raw_value', ...lines, ''].join('\n')
}

function csvCell(value: string | number | null): string {
  const text = value === null ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
