import type { QuoteColumns } from '../../domain/quote.ts'
import { REWEIGHTED_QUOTES_MIN, REWEIGHTED_WINDOW_BPS } from '../../domain/support.ts'
import type { KeyColumn } from './snapshot.ts'

/** Discounts lie in -10000..10000. */
const GRANT_OFFSET = 10_000
const GRANTS = 2 * GRANT_OFFSET + 1

/**
 * Whether a grant is reweighted, by segment and approval: `tables[tableOf[segment * 2 + approval] * 20001 + grant + 10000]`.
 * Cells with too few quotes altogether have no table (-1), so that memory stays below rows / 50 tables.
 */
export interface SupportTables {
  readonly tableOf: Int32Array
  readonly tables: Uint8Array
}

const OPEN = 0

/** How often closed quotes of a segment were offered a grant with an approval. */
export interface LoggedOffer {
  readonly segmentCode: number
  /** 0 or 1. */
  readonly approval: number
  readonly grantedBps: number
  readonly quotes: number
}

/** From the closed quotes of the whole snapshot, counted by offer; semantics in domain/support.ts. */
export function supportTablesOf(segments: number, offers: readonly LoggedOffer[]): SupportTables {
  const cellOf = ({ segmentCode, approval }: LoggedOffer): number => 2 * segmentCode + approval
  const counts = new Int32Array(segments * 2)
  for (const offer of offers) counts[cellOf(offer)] = (counts[cellOf(offer)] as number) + offer.quotes
  const support = emptyTables(counts)
  for (const [cell, ofCell] of Map.groupBy(offers, cellOf)) {
    const table = support.tableOf[cell] as number
    if (table < 0) continue
    const grants = new Int32Array(GRANTS)
    for (const { grantedBps, quotes } of ofCell) addAt(grants, grantedBps + GRANT_OFFSET, quotes)
    markReweighted(support, table, grants)
  }
  return support
}

/** The same, counted here. */
export function supportTables(
  columns: QuoteColumns,
  segment: KeyColumn,
  loggedApproval: Int8Array,
): SupportTables {
  const counts = new Int32Array(segment.keys.length * 2)
  const cellOf = (row: number): number => {
    const approval = loggedApproval[row] as number
    return columns.outcome[row] === OPEN || approval < 0 ? -1 : 2 * (segment.codes[row] as number) + approval
  }
  for (let row = 0; row < columns.rows; row += 1) {
    const cell = cellOf(row)
    if (cell >= 0) addAt(counts, cell, 1)
  }
  const support = emptyTables(counts)
  const grantsByTable: number[][] = Array.from({ length: support.tables.length / GRANTS }, () => [])
  if (grantsByTable.length === 0) return support
  for (let row = 0; row < columns.rows; row += 1) {
    const cell = cellOf(row)
    const table = cell < 0 ? -1 : (support.tableOf[cell] as number)
    if (table >= 0) grantsByTable[table]?.push(columns.grantedDiscountBps[row] as number)
  }
  for (const [table, ofTable] of grantsByTable.entries()) {
    const grants = new Int32Array(GRANTS)
    for (const grantedBps of ofTable) addAt(grants, grantedBps + GRANT_OFFSET, 1)
    markReweighted(support, table, grants)
  }
  return support
}

function addAt(counts: Int32Array, place: number, quotes: number): void {
  counts[place] = (counts[place] as number) + quotes
}

/** A table, with nothing marked, for each cell that has enough quotes. */
function emptyTables(quotesByCell: Int32Array): SupportTables {
  let tables = 0
  const tableOf = quotesByCell.map(quotes => (quotes >= REWEIGHTED_QUOTES_MIN ? tables++ : -1))
  return { tableOf, tables: new Uint8Array(tables * GRANTS) }
}

/** Marks the grants that have enough quotes near them, by the quotes at each grant. */
function markReweighted({ tables }: SupportTables, table: number, quotesAt: Int32Array): void {
  const upTo = new Int32Array(GRANTS + 1)
  for (let at = 0; at < GRANTS; at += 1) upTo[at + 1] = (upTo[at] as number) + (quotesAt[at] as number)
  for (let at = 0; at < GRANTS; at += 1) {
    const lowest = Math.max(0, at - REWEIGHTED_WINDOW_BPS)
    const highest = Math.min(GRANTS - 1, at + REWEIGHTED_WINDOW_BPS)
    const near = (upTo[highest + 1] as number) - (upTo[lowest] as number)
    tables[table * GRANTS + at] = near >= REWEIGHTED_QUOTES_MIN ? 1 : 0
  }
}

/** Class of a decision on a row: 0 observed, 1 reweighted, 2 extrapolated. */
export function supportClass(
  support: SupportTables,
  segmentCode: number,
  logged: { readonly discountBps: number; readonly approval: number },
  grantedBps: number,
  approval: number,
): 0 | 1 | 2 {
  if (logged.discountBps === grantedBps && logged.approval === approval) return 0
  const table = support.tableOf[2 * segmentCode + approval] as number
  return table >= 0 && support.tables[table * GRANTS + grantedBps + GRANT_OFFSET] === 1 ? 1 : 2
}
