import { groupOfCluster } from './cluster-group.ts'
import {
  APPROVAL_OUTCOMES,
  type IntegerColumn,
  OUTCOMES,
  type Quote,
  type QuoteColumns,
  type TextColumn,
} from './quote.ts'
import { compareText } from './text.ts'

/** Quotes as a snapshot in memory, without a file between: rows in order of quote_id, dictionaries sorted. */
export function columnsOfQuotes(quotes: Iterable<Quote>, currency = 'eur'): QuoteColumns {
  const rows = [...quotes].sort((left, right) => compareText(left.quoteId, right.quoteId))
  const numbers = (read: (quote: Quote) => number | null): Float64Array =>
    Float64Array.from(rows, quote => read(quote) ?? Number.NaN)
  const texts = (read: (quote: Quote) => string | null): TextColumn => textColumn(rows.map(read))
  return {
    rows: rows.length,
    currency,
    quoteIds: rows.map(quote => quote.quoteId),
    segment: texts(quote => quote.segment),
    region: texts(quote => quote.region),
    productFamily: texts(quote => quote.productFamily),
    listCents: numbers(quote => quote.listCents),
    costCents: numbers(quote => quote.costCents),
    requestedDiscountBps: numbers(quote => quote.requestedDiscountBps),
    grantedDiscountBps: numbers(quote => quote.grantedDiscountBps),
    netCents: numbers(quote => quote.netCents),
    approvalRequired: numbers(quote =>
      quote.approvalRequired === null ? null : Number(quote.approvalRequired),
    ),
    approvalOutcome: Int8Array.from(rows, quote =>
      quote.approvalOutcome === null ? -1 : APPROVAL_OUTCOMES.indexOf(quote.approvalOutcome),
    ),
    approvalLatencySeconds: numbers(quote => quote.approvalLatencySeconds),
    outcome: Int8Array.from(rows, quote => OUTCOMES.indexOf(quote.outcome)),
    quotedAt: numbers(quote => (quote.quotedAt === null ? null : Date.parse(quote.quotedAt))),
    closedAt: numbers(quote => (quote.closedAt === null ? null : Date.parse(quote.closedAt))),
    policyVersion: numbers(quote => quote.policyVersion),
    cluster: texts(quote => quote.cluster),
    group: Uint8Array.from(rows, quote => groupOfCluster(quote.cluster)),
    attributes: attributeColumns(rows),
  }
}

function attributeColumns(rows: readonly Quote[]): Record<string, TextColumn | IntegerColumn> {
  const keys = [...new Set(rows.flatMap(quote => Object.keys(quote.attributes)))].sort(compareText)
  return Object.fromEntries(
    keys.map(key => {
      const values = rows.map(quote => quote.attributes[key] ?? null)
      const integer = values.every(value => value === null || typeof value === 'number')
      return [
        key,
        integer
          ? { kind: 'integer', values: Float64Array.from(values, value => Number(value ?? Number.NaN)) }
          : textColumn(values.map(value => (value === null ? null : String(value)))),
      ]
    }),
  )
}

function textColumn(values: readonly (string | null)[]): TextColumn {
  const dictionary = [...new Set(values.filter(value => value !== null))].sort(compareText)
  const codes = new Map(dictionary.map((text, code) => [text, code]))
  return {
    kind: 'text',
    codes: Int32Array.from(values, value => (value === null ? -1 : (codes.get(value) as number))),
    dictionary,
  }
}
