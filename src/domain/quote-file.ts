import type { QuoteColumns } from './quote.ts'

/** One cell (or whole record, `column` null) of a file that cannot become part of a quote. */
export interface RejectedCell {
  /** Data record in the file, counted from 1; the header is not counted. null where a quote was read and refused later. */
  readonly row: number | null
  /** Line of the file on which the record begins, counted from 1; null where a format has no lines. */
  readonly line: number | null
  /** As far as it could be read. */
  readonly quoteId: string | null
  /** Canonical column. */
  readonly column: string | null
  readonly reason: string
  readonly raw: string
}

/** What became of the records of a file: `rows` = `accepted` + `rejected` + `collapsed`. */
export interface QuoteFileCounts {
  readonly rows: number
  readonly accepted: number
  readonly rejected: number
  /** Records that repeat another one in every column. */
  readonly collapsed: number
  readonly won: number
  readonly lost: number
  readonly open: number
}

/** What a reader of the snapshot ought to know about its making. */
export interface QuoteFileNotes {
  /** The discount column that stood for both requested and granted; null when both were given. */
  readonly single_discount_column: 'requested_discount_bps' | 'granted_discount_bps' | null
  /** Quotes whose price offered is not `list_cents - div(list_cents * granted, 10000)`. */
  readonly net_differences: number
  readonly net_difference_cents_max: number
  /** Decimals of the currency: list_cents counts units of 10^-minor_unit. */
  readonly minor_unit: 0 | 2
  /** Columns of the file that nothing was made of. */
  readonly ignored_columns: readonly string[]
  /** Empty lines between records. */
  readonly blank_lines: number
}

/** A file of quotes as read: the good rows as columns, and an account of all others. */
export interface QuoteFile {
  /** Name without folders. */
  readonly name: string
  readonly columns: QuoteColumns
  readonly counts: QuoteFileCounts
  readonly rejects: readonly RejectedCell[]
  readonly notes: QuoteFileNotes
}
