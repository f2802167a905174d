import type { Bps, Cents, Instant, PolicyVersion, Seconds } from './units.ts'

export type QuoteOutcome = 'won' | 'lost' | 'open'

/** One offer to one customer, with its outcome. Text is normalised; null is absent, and nothing is invented. */
export interface Quote {
  readonly quoteId: string
  readonly segment: string
  readonly region: string
  readonly productFamily: string
  readonly listCents: Cents
  readonly costCents: Cents | null
  readonly requestedDiscountBps: Bps
  readonly grantedDiscountBps: Bps
  readonly netCents: Cents | null
  readonly approvalRequired: boolean | null
  readonly approvalOutcome: 'approved' | 'rejected' | null
  readonly approvalLatencySeconds: Seconds | null
  readonly outcome: QuoteOutcome
  readonly quotedAt: Instant | null
  readonly closedAt: Instant | null
  readonly policyVersion: PolicyVersion | null
  readonly cluster: string
  /** Keys without the `attr.` prefix. An absent attribute has no key or null. */
  readonly attributes: Readonly<Record<string, string | number | null>>
}

/** Text by code into a dictionary sorted by UTF-8 bytes; -1 is absent. */
export interface TextColumn {
  readonly kind: 'text'
  readonly codes: Int32Array
  readonly dictionary: readonly string[]
}

/** Integers within 2^53 - 1; NaN is absent. */
export interface IntegerColumn {
  readonly kind: 'integer'
  readonly values: Float64Array
}

/** Codes of the outcome column. */
export const OUTCOMES = ['open', 'won', 'lost'] as const
/** Codes of the approval outcome column; -1 is absent. */
export const APPROVAL_OUTCOMES = ['rejected', 'approved'] as const

export const GROUPS = 32

/**
 * A snapshot in memory, column by column, rows in UTF-8 byte order of `quoteIds`. Float64Arrays hold integers, NaN where
 * absent; instants are milliseconds since 1970 UTC. Arrays may lie in shared memory.
 */
export interface QuoteColumns {
  readonly rows: number
  readonly currency: string
  readonly quoteIds: readonly string[]
  readonly segment: TextColumn
  readonly region: TextColumn
  readonly productFamily: TextColumn
  readonly listCents: Float64Array
  readonly costCents: Float64Array
  readonly requestedDiscountBps: Float64Array
  readonly grantedDiscountBps: Float64Array
  readonly netCents: Float64Array
  /** 0, 1 or NaN. */
  readonly approvalRequired: Float64Array
  readonly approvalOutcome: Int8Array
  readonly approvalLatencySeconds: Float64Array
  readonly outcome: Int8Array
  readonly quotedAt: Float64Array
  readonly closedAt: Float64Array
  readonly policyVersion: Float64Array
  readonly cluster: TextColumn
  /** Stable hash of the cluster modulo GROUPS, fixed at import; the statistics resample whole groups. */
  readonly group: Uint8Array
  readonly attributes: Readonly<Record<string, TextColumn | IntegerColumn>>
}

/** What a replay reads of each quote by itself: no id, no instant, no customer. */
export type DecidedColumns = Pick<
  QuoteColumns,
  | 'rows'
  | 'segment'
  | 'region'
  | 'productFamily'
  | 'listCents'
  | 'costCents'
  | 'requestedDiscountBps'
  | 'grantedDiscountBps'
  | 'approvalRequired'
  | 'outcome'
  | 'group'
  | 'attributes'
>

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)
const instantOrNull = (value: number): Instant | null =>
  Number.isNaN(value) ? null : new Date(value).toISOString()

/** The text of a row, null where absent. */
export function textAt(column: TextColumn, row: number): string | null {
  const code = column.codes[row] as number
  return code < 0 ? null : (column.dictionary[code] as string)
}

/** One row as a quote, for whoever reads row by row. 0 <= row < columns.rows. */
export function quoteAt(columns: QuoteColumns, row: number): Quote {
  // Made from entries, because assigning to the name `__proto__` would store nothing.
  const attributes = Object.fromEntries(
    Object.entries(columns.attributes).map(([key, column]) => [
      key,
      column.kind === 'text' ? textAt(column, row) : orNull(column.values[row] as number),
    ]),
  )
  const approvalRequired = columns.approvalRequired[row] as number
  return {
    quoteId: columns.quoteIds[row] as string,
    segment: textAt(columns.segment, row) ?? '',
    region: textAt(columns.region, row) ?? '',
    productFamily: textAt(columns.productFamily, row) ?? '',
    listCents: columns.listCents[row] as number,
    costCents: orNull(columns.costCents[row] as number),
    requestedDiscountBps: columns.requestedDiscountBps[row] as number,
    grantedDiscountBps: columns.grantedDiscountBps[row] as number,
    netCents: orNull(columns.netCents[row] as number),
    approvalRequired: Number.isNaN(approvalRequired) ? null : approvalRequired === 1,
    approvalOutcome: APPROVAL_OUTCOMES[columns.approvalOutcome[row] as number] ?? null,
    approvalLatencySeconds: orNull(columns.approvalLatencySeconds[row] as number),
    outcome: OUTCOMES[columns.outcome[row] as number] as QuoteOutcome,
    quotedAt: instantOrNull(columns.quotedAt[row] as number),
    closedAt: instantOrNull(columns.closedAt[row] as number),
    policyVersion: orNull(columns.policyVersion[row] as number),
    cluster: textAt(columns.cluster, row) ?? '',
    attributes,
  }
}
