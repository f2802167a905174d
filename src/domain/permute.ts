import type { QuoteColumns, TextColumn } from './quote.ts'

/** A snapshot's rows in another order: `order[place]` is the row that stands at `place`. For checks that order is nothing. */
export function permuteRows(columns: QuoteColumns, order: Int32Array): QuoteColumns {
  const text = (column: TextColumn): TextColumn => ({
    ...column,
    codes: column.codes.map((_, at) => column.codes[order[at] as number] as number),
  })
  const floats = (values: Float64Array): Float64Array =>
    values.map((_, at) => values[order[at] as number] as number)
  const signed = (values: Int8Array): Int8Array =>
    values.map((_, at) => values[order[at] as number] as number)
  return {
    rows: columns.rows,
    currency: columns.currency,
    quoteIds: Array.from(order, row => columns.quoteIds[row] as string),
    segment: text(columns.segment),
    region: text(columns.region),
    productFamily: text(columns.productFamily),
    listCents: floats(columns.listCents),
    costCents: floats(columns.costCents),
    requestedDiscountBps: floats(columns.requestedDiscountBps),
    grantedDiscountBps: floats(columns.grantedDiscountBps),
    netCents: floats(columns.netCents),
    approvalRequired: floats(columns.approvalRequired),
    approvalOutcome: signed(columns.approvalOutcome),
    approvalLatencySeconds: floats(columns.approvalLatencySeconds),
    outcome: signed(columns.outcome),
    quotedAt: floats(columns.quotedAt),
    closedAt: floats(columns.closedAt),
    policyVersion: floats(columns.policyVersion),
    cluster: text(columns.cluster),
    group: columns.group.map((_, at) => columns.group[order[at] as number] as number),
    attributes: Object.fromEntries(
      Object.entries(columns.attributes).map(([key, column]) => [
        key,
        column.kind === 'text' ? text(column) : { kind: 'integer', values: floats(column.values) },
      ]),
    ),
  }
}

/**
 * A thorough reordering that needs no chance: place p holds row (p * step + rows - 1) mod rows, with a step near the golden
 * section of `rows` and coprime to it, so that neighbours end far apart.
 */
export function scatteredOrder(rows: number): Int32Array {
  let step = Math.max(1, Math.floor(rows * 0.618))
  while (rows > 1 && greatestCommonDivisor(step, rows) !== 1) step += 1
  const order = new Int32Array(rows)
  let row = rows - 1
  for (let place = 0; place < rows; place += 1) {
    order[place] = row
    row = (row + step) % rows
  }
  return order
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right)
}
