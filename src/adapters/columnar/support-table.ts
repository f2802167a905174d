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

/** Counts closed quotes of the whole snapshot; semantics in domain/support.ts. */
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
    if (cell >= 0) counts[cell] = (counts[cell] as number) + 1
  }
  let tableCount = 0
  const tableOf = counts.map(count => (count >= REWEIGHTED_QUOTES_MIN ? tableCount++ : -1))
  const tables = new Uint8Array(tableCount * GRANTS)
  if (tableCount === 0) return { tableOf, tables }

  const grantsByTable: number[][] = Array.from({ length: tableCount }, () => [])
  for (let row = 0; row < columns.rows; row += 1) {
    const cell = cellOf(row)
    const table = cell < 0 ? -1 : (tableOf[cell] as number)
    if (table >= 0) grantsByTable[table]?.push(columns.grantedDiscountBps[row] as number)
  }
  for (const [table, grants] of grantsByTable.entries()) {
    markReweighted(tables.subarray(table * GRANTS, (table + 1) * GRANTS), grants)
  }
  return { tableOf, tables }
}

function markReweighted(table: Uint8Array, grants: readonly number[]): void {
  const upTo = new Int32Array(GRANTS + 1)
  for (const grant of grants) upTo[grant + GRANT_OFFSET + 1] = (upTo[grant + GRANT_OFFSET + 1] as number) + 1
  for (let at = 1; at <= GRANTS; at += 1) upTo[at] = (upTo[at] as number) + (upTo[at - 1] as number)
  for (let at = 0; at < GRANTS; at += 1) {
    const lowest = Math.max(0, at - REWEIGHTED_WINDOW_BPS)
    const highest = Math.min(GRANTS - 1, at + REWEIGHTED_WINDOW_BPS)
    const near = (upTo[highest + 1] as number) - (upTo[lowest] as number)
    table[at] = near >= REWEIGHTED_QUOTES_MIN ? 1 : 0
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
