import type { NumberColumnName, TextColumnName } from './canonical-columns.ts'
import { groupOfCluster } from './cluster-group.ts'
import {
  sharedBytes,
  sharedCodes,
  sharedFloats,
  sharedSmallCodes,
  sortedTextColumn,
} from './column-buffers.ts'
import type { IntegerColumn, QuoteColumns, TextColumn } from './quote.ts'
import type { QuoteRows, RowColumn } from './quote-rows.ts'
import { compareText } from './text.ts'

export type AttributeTypes = Readonly<Record<string, 'text' | 'integer' | null>>

/** The chosen rows as a snapshot: in order of quote_id, dictionaries sorted, groups fixed. `kept` holds each quote_id once. */
export function quoteColumnsFromRows(
  rows: QuoteRows,
  kept: Int32Array,
  currency: string,
  attributeTypes: AttributeTypes,
): QuoteColumns {
  const order = inOrderOfQuoteId(rows, kept)
  const numbers = (name: NumberColumnName): Float64Array =>
    rows.columns.get(name)?.values.pick(order) ?? sharedFloats(order.length).fill(Number.NaN)
  const smallCodes = (name: NumberColumnName): Int8Array => {
    const codes = sharedSmallCodes(order.length)
    const values = numbers(name)
    for (let row = 0; row < codes.length; row += 1) {
      const code = values[row] as number
      codes[row] = Number.isNaN(code) ? -1 : code
    }
    return codes
  }
  const text = (name: TextColumnName): TextColumn => presentText(rows.columns.get(name), order)
  const quoteIds = text('quote_id')
  const cluster = clusterColumn(rows.columns.get('cluster'), order, quoteIds)
  return {
    rows: order.length,
    currency,
    quoteIds: quoteIds.dictionary,
    segment: text('segment'),
    region: text('region'),
    productFamily: text('product_family'),
    listCents: numbers('list_cents'),
    costCents: numbers('cost_cents'),
    requestedDiscountBps: numbers('requested_discount_bps'),
    grantedDiscountBps: numbers('granted_discount_bps'),
    netCents: numbers('net_cents'),
    approvalRequired: numbers('approval_required'),
    approvalOutcome: smallCodes('approval_outcome'),
    approvalLatencySeconds: numbers('approval_latency_seconds'),
    outcome: smallCodes('outcome'),
    quotedAt: numbers('quoted_at'),
    closedAt: numbers('closed_at'),
    policyVersion: numbers('policy_version'),
    cluster,
    group: groupsOf(cluster),
    attributes: attributesOf(rows, order, attributeTypes),
  }
}

function inOrderOfQuoteId(rows: QuoteRows, kept: Int32Array): Int32Array {
  const ids = rows.columns.get('quote_id') as RowColumn
  const idOf = (row: number): string => ids.dictionary?.texts[ids.values.at(row)] as string
  return kept.slice().sort((left, right) => compareText(idOf(left), idOf(right)))
}

const NO_TEXT: TextColumn = { kind: 'text', codes: new Int32Array(), dictionary: [] }

/** Codes of the rows into the unsorted dictionary, -1 where absent. */
function codesOf(column: RowColumn, order: Int32Array): Int32Array {
  const codes = new Int32Array(order.length)
  for (let at = 0; at < order.length; at += 1) {
    const code = column.values.at(order[at] as number)
    codes[at] = Number.isNaN(code) ? -1 : code
  }
  return codes
}

/** segment, region and product_family are "" when absent, never absent. */
function presentText(column: RowColumn | undefined, order: Int32Array): TextColumn {
  if (order.length === 0) return NO_TEXT
  if (column?.dictionary == null) {
    return { kind: 'text', codes: sharedCodes(order.length), dictionary: [''] }
  }
  const empty = column.dictionary.codeOf('')
  const codes = codesOf(column, order).map(code => (code < 0 ? empty : code))
  return sortedTextColumn(codes, column.dictionary.texts)
}

/** A quote without a cluster stands for itself. */
function clusterColumn(column: RowColumn | undefined, order: Int32Array, quoteIds: TextColumn): TextColumn {
  if (column?.dictionary == null) return quoteIds
  const { dictionary } = column
  const codes = codesOf(column, order)
  for (let row = 0; row < codes.length; row += 1) {
    if (codes[row] === -1) codes[row] = dictionary.codeOf(quoteIds.dictionary[row] as string)
  }
  return sortedTextColumn(codes, dictionary.texts)
}

function groupsOf(cluster: TextColumn): Uint8Array {
  const byCode = Uint8Array.from(cluster.dictionary, groupOfCluster)
  const groups = sharedBytes(cluster.codes.length)
  for (let row = 0; row < groups.length; row += 1)
    groups[row] = byCode[cluster.codes[row] as number] as number
  return groups
}

function attributesOf(rows: QuoteRows, order: Int32Array, types: AttributeTypes) {
  const attributes: [string, TextColumn | IntegerColumn][] = []
  for (const [name, column] of rows.columns) {
    if (!name.startsWith('attr.') || column.dictionary === null) continue
    const text = sortedTextColumn(codesOf(column, order), column.dictionary.texts)
    const type = types[name] ?? inferredType(text.dictionary)
    attributes.push([name.slice('attr.'.length), type === 'integer' ? integersOf(text) : text])
  }
  attributes.sort(([left], [right]) => compareText(left, right))
  return Object.fromEntries(attributes)
}

/** Integers as they are written without ornament; `007` is a code and stays text. */
const INTEGER = /^(?:0|-?[1-9]\d{0,15})$/
export const isInteger = (text: string): boolean => INTEGER.test(text) && Number.isSafeInteger(Number(text))

function integersOf(column: TextColumn): IntegerColumn {
  const numbers = column.dictionary.map(Number)
  const values = sharedFloats(column.codes.length)
  for (let row = 0; row < values.length; row += 1) {
    values[row] = numbers[column.codes[row] as number] ?? Number.NaN
  }
  return { kind: 'integer', values }
}

const inferredType = (texts: readonly string[]): 'text' | 'integer' =>
  texts.length > 0 && texts.every(isInteger) ? 'integer' : 'text'
