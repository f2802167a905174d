import type { QuoteColumns, TextColumn } from '../../domain/quote.ts'
import { compareText } from '../../domain/text.ts'
import { type LatencyMeans, latencyMeans } from './latency.ts'
import { type SupportTables, supportTables } from './support-table.ts'

/** A text column without absence: `''` stands for it, as quoteAt says. */
export interface KeyColumn {
  readonly codes: Int32Array
  readonly keys: readonly string[]
}

export type AttributeColumn =
  | { readonly kind: 'text'; readonly codes: Int32Array; readonly keys: readonly string[] }
  | { readonly kind: 'integer'; readonly values: Float64Array }

/** What the loops read of a snapshot; every array can lie in shared memory, so that workers read one copy. */
export interface PreparedSnapshot {
  readonly rows: number
  readonly listCents: Float64Array
  /** NaN where absent. */
  readonly costCents: Float64Array
  readonly requestedDiscountBps: Float64Array
  readonly loggedDiscountBps: Float64Array
  /** 0, 1, or -1 where absent. */
  readonly loggedApproval: Int8Array
  /** Codes of OUTCOMES; 0 is open. */
  readonly outcome: Int8Array
  readonly group: Uint8Array
  readonly segment: KeyColumn
  readonly region: KeyColumn
  readonly productFamily: KeyColumn
  readonly clusterCodes: Int32Array
  readonly clusters: number
  /** By key without the `attr.` prefix. Text codes are -1 where absent. */
  readonly attributes: ReadonlyMap<string, AttributeColumn>
  readonly support: SupportTables
  readonly latency: LatencyMeans | null
  /** Place of each row by quote_id in UTF-8 order; null where rows already stand so. */
  readonly rank: Int32Array | null
}

/** Prepares once per snapshot. With `shared`, arrays that do not lie in shared memory are copied there. */
export function prepareSnapshot(columns: QuoteColumns, shared: boolean): PreparedSnapshot {
  const keep = shared ? inSharedMemory : <T>(array: T): T => array
  const segment = keyColumn(columns.segment)
  const clusters = keyColumn(columns.cluster)
  const loggedApproval = Int8Array.from(columns.approvalRequired, value => (Number.isNaN(value) ? -1 : value))
  const rank = rankOf(columns.quoteIds)
  const support = supportTables(columns, segment, loggedApproval)
  return {
    rows: columns.rows,
    listCents: keep(columns.listCents),
    costCents: keep(columns.costCents),
    requestedDiscountBps: keep(columns.requestedDiscountBps),
    loggedDiscountBps: keep(columns.grantedDiscountBps),
    loggedApproval: keep(loggedApproval),
    outcome: keep(columns.outcome),
    group: keep(columns.group),
    segment: { ...segment, codes: keep(segment.codes) },
    region: keptKeys(keyColumn(columns.region), keep),
    productFamily: keptKeys(keyColumn(columns.productFamily), keep),
    clusterCodes: keep(clusters.codes),
    clusters: clusters.keys.length,
    attributes: new Map(
      Object.entries(columns.attributes).map(([key, column]) => [
        key,
        column.kind === 'text'
          ? { kind: 'text', codes: keep(column.codes), keys: column.dictionary }
          : { kind: 'integer', values: keep(column.values) },
      ]),
    ),
    support: { tableOf: keep(support.tableOf), tables: keep(support.tables) },
    latency: latencyMeans(columns, segment),
    rank: rank === null ? null : keep(rank),
  }
}

const keptKeys = (column: KeyColumn, keep: <T extends TypedArray>(array: T) => T): KeyColumn => ({
  codes: keep(column.codes),
  keys: column.keys,
})

/** Gives absence the code of the empty text, which is added to the keys if it is not there. */
function keyColumn(column: TextColumn): KeyColumn {
  if (!column.codes.includes(-1)) return { codes: column.codes, keys: column.dictionary }
  const known = column.dictionary.indexOf('')
  const empty = known >= 0 ? known : column.dictionary.length
  return {
    codes: column.codes.map(code => (code < 0 ? empty : code)),
    keys: known >= 0 ? column.dictionary : [...column.dictionary, ''],
  }
}

function rankOf(quoteIds: readonly string[]): Int32Array | null {
  const inOrder = quoteIds.every((id, row) => row === 0 || compareText(quoteIds[row - 1] as string, id) < 0)
  if (inOrder) return null
  const rows = Array.from(quoteIds.keys()).sort((left, right) =>
    compareText(quoteIds[left] as string, quoteIds[right] as string),
  )
  const rank = new Int32Array(quoteIds.length)
  for (const [place, row] of rows.entries()) rank[row] = place
  return rank
}

type TypedArray = Float64Array | Int32Array | Int8Array | Uint8Array

function inSharedMemory<T extends TypedArray>(array: T): T {
  if (array.buffer instanceof SharedArrayBuffer) return array
  const make = array.constructor as new (buffer: SharedArrayBuffer) => T
  const copy = new make(new SharedArrayBuffer(array.byteLength))
  copy.set(array)
  return copy
}
