import {
  sharedBytes,
  sharedCodes,
  sharedFloats,
  sharedSmallCodes,
  sortedTextColumn,
} from './column-buffers.ts'
import {
  APPROVAL_OUTCOMES,
  type IntegerColumn,
  OUTCOMES,
  type QuoteColumns,
  type TextColumn,
} from './quote.ts'
import { compareText } from './text.ts'

/** A column of a snapshot under its canonical name; `instant` integers are milliseconds since 1970 UTC. */
export type SnapshotColumn =
  | ({ readonly name: string } & TextColumn)
  | ({ readonly name: string; readonly instant: boolean } & IntegerColumn)

const text = (name: string, { codes, dictionary }: TextColumn): SnapshotColumn => ({
  name,
  kind: 'text',
  codes,
  dictionary,
})

const integer = (name: string, values: Float64Array, instant = false): SnapshotColumn => ({
  name,
  kind: 'integer',
  values,
  instant,
})

/**
 * Every column of a snapshot as text or integers, in the one order of its digest and of its file: the canonical columns, then
 * `group`, then `attr.*` by name.
 */
export function snapshotColumns(quotes: QuoteColumns): readonly SnapshotColumn[] {
  const attributes = Object.entries(quotes.attributes).sort(([left], [right]) => compareText(left, right))
  return [
    text('quote_id', { kind: 'text', codes: rowNumbers(quotes.rows), dictionary: quotes.quoteIds }),
    text('segment', quotes.segment),
    text('region', quotes.region),
    text('product_family', quotes.productFamily),
    text('currency', {
      kind: 'text',
      codes: sharedCodes(quotes.rows),
      dictionary: quotes.rows === 0 ? [] : [quotes.currency],
    }),
    integer('list_cents', quotes.listCents),
    integer('cost_cents', quotes.costCents),
    integer('requested_discount_bps', quotes.requestedDiscountBps),
    integer('granted_discount_bps', quotes.grantedDiscountBps),
    integer('net_cents', quotes.netCents),
    integer('approval_required', quotes.approvalRequired),
    text('approval_outcome', sortedTextColumn(Int32Array.from(quotes.approvalOutcome), APPROVAL_OUTCOMES)),
    integer('approval_latency_seconds', quotes.approvalLatencySeconds),
    text('outcome', sortedTextColumn(Int32Array.from(quotes.outcome), OUTCOMES)),
    integer('quoted_at', quotes.quotedAt, true),
    integer('closed_at', quotes.closedAt, true),
    integer('policy_version', quotes.policyVersion),
    text('cluster', quotes.cluster),
    integer('group', Float64Array.from(quotes.group)),
    ...attributes.map(([name, column]) =>
      column.kind === 'text' ? text(`attr.${name}`, column) : integer(`attr.${name}`, column.values),
    ),
  ]
}

/** The inverse of `snapshotColumns`; null when a column is missing, of the wrong kind, or holds what no snapshot can say. */
export function quotesFromSnapshotColumns(
  rows: number,
  columns: ReadonlyMap<string, SnapshotColumn>,
): QuoteColumns | null {
  let whole = true
  const textOf = (name: string): TextColumn => {
    const column = columns.get(name)
    if (column?.kind === 'text') return { kind: 'text', codes: column.codes, dictionary: column.dictionary }
    whole = false
    return { kind: 'text', codes: sharedCodes(0), dictionary: [] }
  }
  const integersOf = (name: string): Float64Array => {
    const column = columns.get(name)
    if (column?.kind === 'integer') return column.values
    whole = false
    return sharedFloats(0)
  }
  const wordsOf = (name: string, words: readonly string[]): Int8Array => {
    const column = textOf(name)
    if (!column.dictionary.every(word => words.includes(word))) whole = false
    return wordCodes(column, words)
  }
  const currency = textOf('currency')
  if (currency.codes.some(code => code !== 0)) whole = false
  const quotes: QuoteColumns = {
    rows,
    currency: currency.dictionary[0] ?? '',
    quoteIds: textOf('quote_id').dictionary,
    segment: textOf('segment'),
    region: textOf('region'),
    productFamily: textOf('product_family'),
    listCents: integersOf('list_cents'),
    costCents: integersOf('cost_cents'),
    requestedDiscountBps: integersOf('requested_discount_bps'),
    grantedDiscountBps: integersOf('granted_discount_bps'),
    netCents: integersOf('net_cents'),
    approvalRequired: integersOf('approval_required'),
    approvalOutcome: wordsOf('approval_outcome', APPROVAL_OUTCOMES),
    approvalLatencySeconds: integersOf('approval_latency_seconds'),
    outcome: wordsOf('outcome', OUTCOMES),
    quotedAt: integersOf('quoted_at'),
    closedAt: integersOf('closed_at'),
    policyVersion: integersOf('policy_version'),
    cluster: textOf('cluster'),
    group: smallIntegers(integersOf('group')),
    attributes: Object.fromEntries(
      [...columns.values()]
        .filter(column => column.name.startsWith('attr.'))
        .map(column => [column.name.slice('attr.'.length), withoutName(column)]),
    ),
  }
  return whole ? quotes : null
}

const withoutName = (column: SnapshotColumn): TextColumn | IntegerColumn =>
  column.kind === 'text'
    ? { kind: 'text', codes: column.codes, dictionary: column.dictionary }
    : { kind: 'integer', values: column.values }

function rowNumbers(rows: number): Int32Array {
  const codes = sharedCodes(rows)
  for (let row = 0; row < rows; row += 1) codes[row] = row
  return codes
}

function wordCodes(column: TextColumn, words: readonly string[]): Int8Array {
  const byCode = column.dictionary.map(word => words.indexOf(word))
  const codes = sharedSmallCodes(column.codes.length)
  for (let row = 0; row < codes.length; row += 1) codes[row] = byCode[column.codes[row] as number] ?? -1
  return codes
}

function smallIntegers(values: Float64Array): Uint8Array {
  const bytes = sharedBytes(values.length)
  bytes.set(values)
  return bytes
}
