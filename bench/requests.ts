import type { QuoteColumns, TextColumn } from '../src/domain/quote.ts'
import { randomIntegers } from './generated-columns.ts'

/** Words of the starter policy, in order of their bytes as a dictionary is. The peers written by hand name them by place. */
export const SEGMENTS = ['enterprise', 'mid_market', 'other', 'smb'] as const
export const REGIONS = ['apac', 'emea', 'latam', 'na'] as const
export const CHANNELS = ['direct', 'partner', 'web'] as const

/**
 * Closed quotes of which only that is filled in which a policy reads; the other columns are absent and share their memory, so that
 * ten million fit several processes. The same quotes for the same number of rows. One in 50 has no cost.
 */
export function generatedRequests(rows: number): QuoteColumns {
  const next = randomIntegers(20_261_122)
  const numbers = (make: (row: number) => number): Float64Array => {
    const values = new Float64Array(rows)
    for (let row = 0; row < rows; row += 1) values[row] = make(row)
    return values
  }
  const texts = (dictionary: readonly string[]): TextColumn => {
    const codes = new Int32Array(rows)
    for (let row = 0; row < rows; row += 1) codes[row] = next(dictionary.length)
    return { kind: 'text', dictionary, codes }
  }
  const listCents = numbers(() => 50_000 + next(1_000) * next(1_000) * 40)
  const absent = new Float64Array(rows).fill(Number.NaN)
  const one: TextColumn = { kind: 'text', dictionary: [''], codes: new Int32Array(rows) }
  const requestedDiscountBps = numbers(() => next(81) * 50)
  return {
    rows,
    currency: 'EUR',
    quoteIds: [],
    segment: texts(SEGMENTS),
    region: texts(REGIONS),
    productFamily: one,
    listCents,
    costCents: numbers(row =>
      next(50) === 0 ? Number.NaN : Math.floor(((listCents[row] as number) * (40 + next(35))) / 100),
    ),
    requestedDiscountBps,
    grantedDiscountBps: requestedDiscountBps,
    netCents: absent,
    approvalRequired: absent,
    approvalOutcome: new Int8Array(rows).fill(-1),
    approvalLatencySeconds: absent,
    outcome: new Int8Array(rows).fill(1),
    quotedAt: absent,
    closedAt: absent,
    policyVersion: absent,
    cluster: one,
    group: new Uint8Array(rows),
    attributes: {
      channel: texts(CHANNELS),
      term: { kind: 'integer', values: numbers(() => 12 * next(5)) },
    },
  }
}
