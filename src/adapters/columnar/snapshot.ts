import type { DecidedColumns, QuoteColumns, TextColumn } from '../../domain/quote.ts'
import { compareText } from '../../domain/text.ts'
import { type LatencyMeans, latencyMeans } from './latency.ts'
import {
  type Codes,
  inSharedMemory,
  narrowest,
  type PackedArray,
  type PackedArrayMaker,
  permuted,
} from './packed-array.ts'
import { featuresOf, runsOf } from './run-features.ts'
import { combine, orderBy, RUN_ROWS, type Run } from './runs.ts'
import { type SupportTables, supportTables } from './support-table.ts'

/** A text column without absence: `''` stands for it, as quoteAt says. */
export interface KeyColumn {
  readonly codes: Codes
  readonly keys: readonly string[]
}

export type AttributeColumn =
  | { readonly kind: 'text'; readonly codes: Codes; readonly keys: readonly string[] }
  | { readonly kind: 'integer'; readonly values: Float64Array }

/**
 * What the loops read of a snapshot, with rows put into runs and within a run by requested discount, so
 * that like quotes follow each other. Every array can lie in shared memory, so that workers read one copy.
 */
export interface PreparedSnapshot {
  readonly rows: number
  readonly runs: readonly Run[]
  /** Number of each row in the columns it was prepared from. */
  readonly order: Int32Array
  /** Place of each row by quote_id in UTF-8 order. */
  readonly rank: Int32Array
  readonly listCents: Float64Array
  /** NaN where absent. */
  readonly costCents: Float64Array
  readonly requestedDiscountBps: Int16Array
  readonly loggedDiscountBps: Int16Array
  /** 0, 1, or -1 where absent. */
  readonly loggedApproval: Int8Array
  /** Codes of OUTCOMES; 0 is open. */
  readonly outcome: Int8Array
  readonly group: Uint8Array
  readonly segment: KeyColumn
  readonly region: KeyColumn
  readonly productFamily: KeyColumn
  readonly clusterCodes: Codes
  readonly clusters: number
  /** By key without the `attr.` prefix. Text codes are -1 where absent. */
  readonly attributes: ReadonlyMap<string, AttributeColumn>
  readonly support: SupportTables
  readonly latency: LatencyMeans | null
}

/** What rows by themselves do not tell. */
export interface Surroundings extends Pick<PreparedSnapshot, 'support' | 'latency'> {
  /** Place of each row by quote_id in UTF-8 order; null where rows stand in that order. */
  readonly rank: Int32Array | null
  readonly cluster: { readonly codes: Int32Array; readonly count: number }
}

/** Prepares once per snapshot. With `shared`, arrays lie in shared memory. Runs hold `runRows` rows on average, or more. */
export function prepareSnapshot(columns: QuoteColumns, shared: boolean, runRows?: number): PreparedSnapshot {
  const segment = keyColumn(columns.segment)
  const cluster = keyColumn(columns.cluster)
  const surroundings = {
    support: supportTables(columns, segment, withoutNaN(columns.approvalRequired)),
    latency: latencyMeans(columns, segment),
    rank: rankOf(columns.quoteIds),
    cluster: { codes: cluster.codes, count: cluster.keys.length },
  }
  return prepareRows(columns, surroundings, shared, runRows)
}

/** The same for some rows of a snapshot. Where they are not all, segments and regions MUST have the same numbers among any of them. */
export function prepareRows(
  columns: DecidedColumns,
  surroundings: Surroundings,
  shared: boolean,
  runRows: number = RUN_ROWS,
): PreparedSnapshot {
  const { rows } = columns
  const segment = keyColumn(columns.segment)
  const region = keyColumn(columns.region)
  const productFamily = keyColumn(columns.productFamily)

  const features = featuresOf(columns, { segment, region, product_family: productFamily })
  const { codes, count, used } = combine(
    rows,
    features.map(feature => feature.key),
    runRows,
  )
  const order = orderBy(rows, [
    { values: codes, offset: 0, bound: count },
    { values: columns.requestedDiscountBps, offset: 10_000, bound: 20_001 },
  ])
  const put = <T extends PackedArray>(values: PackedArray, make: PackedArrayMaker<T>): T =>
    permuted(values, order, make, shared)
  const keyed = (column: KeyColumn): KeyColumn => ({
    codes: put(column.codes, narrowest(column.keys.length)),
    keys: column.keys,
  })
  const listCents = put(columns.listCents, Float64Array)
  const costCents = put(columns.costCents, Float64Array)
  const requestedDiscountBps = put(columns.requestedDiscountBps, Int16Array)
  const { support, latency, rank, cluster } = surroundings
  return {
    rows,
    runs: runsOf(
      { codes, count, order },
      features.filter((_, at) => used[at]),
      { listCents, costCents, requestedDiscountBps },
    ),
    order: shared ? inSharedMemory(order) : order,
    rank: rank === null ? order : put(rank, Int32Array),
    listCents,
    costCents,
    requestedDiscountBps,
    loggedDiscountBps: put(columns.grantedDiscountBps, Int16Array),
    loggedApproval: put(withoutNaN(columns.approvalRequired), Int8Array),
    outcome: put(columns.outcome, Int8Array),
    group: put(columns.group, Uint8Array),
    segment: keyed(segment),
    region: keyed(region),
    productFamily: keyed(productFamily),
    clusterCodes: put(cluster.codes, narrowest(cluster.count)),
    clusters: cluster.count,
    attributes: new Map(
      Object.entries(columns.attributes).map(([key, column]) => [
        key,
        column.kind === 'text'
          ? {
              kind: 'text',
              codes: put(column.codes, narrowest(column.dictionary.length)),
              keys: column.dictionary,
            }
          : { kind: 'integer', values: put(column.values, Float64Array) },
      ]),
    ),
    support: {
      tableOf: shared ? inSharedMemory(support.tableOf) : support.tableOf,
      tables: shared ? inSharedMemory(support.tables) : support.tables,
    },
    latency,
  }
}

/** 0 and 1 as they stand, -1 for absence. */
function withoutNaN(values: Float64Array): Int8Array {
  const codes = new Int8Array(values.length)
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row] as number
    codes[row] = Number.isNaN(value) ? -1 : value
  }
  return codes
}

/** Gives absence the code of the empty text, which is added to the keys if it is not there. */
function keyColumn(column: TextColumn): KeyColumn & { readonly codes: Int32Array } {
  if (!column.codes.includes(-1)) return { codes: column.codes, keys: column.dictionary }
  const known = column.dictionary.indexOf('')
  const empty = known >= 0 ? known : column.dictionary.length
  return {
    codes: column.codes.map(code => (code < 0 ? empty : code)),
    keys: known >= 0 ? column.dictionary : [...column.dictionary, ''],
  }
}

/** null where rows stand in order of quote_id. */
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
