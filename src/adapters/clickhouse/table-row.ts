import { type QuoteColumns, quoteAt } from '../../domain/quote.ts'
import { compareText } from '../../domain/text.ts'
import type { WithAttributes } from '../sql/quotes.ts'
import { QUOTES_COLUMNS } from './tables.ts'

/** Names of a snapshot's attributes in the order of the table's two arrays. */
export interface AttributeNames {
  readonly texts: readonly string[]
  readonly integers: readonly string[]
}

export function attributeNames({ attributes }: WithAttributes): AttributeNames {
  const named = (kind: 'text' | 'integer'): readonly string[] =>
    Object.keys(attributes)
      .filter(name => attributes[name]?.kind === kind)
      .toSorted(compareText)
  return { texts: named('text'), integers: named('integer') }
}

export type Cell = string | number | null

/** Columns of the table that say what a quote is: all but `snapshot` and `batch`, and the two arrays. */
export const PLAIN_COLUMNS = Object.keys(QUOTES_COLUMNS).slice(2, -2)

const milliseconds = (instant: string | null): number | null =>
  instant === null ? null : Date.parse(instant)

/** The cells of a row: PLAIN_COLUMNS, then the attributes that are texts, then those that are integers. */
export function cellsOf(columns: QuoteColumns, place: number, names: AttributeNames): readonly Cell[] {
  const quote = quoteAt(columns, place)
  return [
    place,
    quote.quoteId,
    quote.segment,
    quote.region,
    quote.productFamily,
    columns.currency,
    quote.listCents,
    quote.costCents,
    quote.requestedDiscountBps,
    quote.grantedDiscountBps,
    quote.netCents,
    quote.approvalRequired === null ? null : Number(quote.approvalRequired),
    quote.approvalOutcome,
    quote.approvalLatencySeconds,
    quote.outcome,
    milliseconds(quote.quotedAt),
    milliseconds(quote.closedAt),
    quote.policyVersion,
    quote.cluster,
    columns.group[place] as number,
    ...names.texts.map(name => quote.attributes[name] ?? null),
    ...names.integers.map(name => quote.attributes[name] ?? null),
  ]
}

/** The same as a row that the table takes. */
export function tableRow(
  snapshot: string,
  batch: string,
  cells: readonly Cell[],
  { texts }: AttributeNames,
): Readonly<Record<string, unknown>> {
  const attributes = cells.slice(PLAIN_COLUMNS.length)
  return {
    snapshot,
    batch,
    ...Object.fromEntries(PLAIN_COLUMNS.map((name, at) => [name, cells[at]])),
    text_attributes: attributes.slice(0, texts.length),
    integer_attributes: attributes.slice(texts.length),
  }
}
