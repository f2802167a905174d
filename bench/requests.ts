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
export const generatedRequests = (rows: number): QuoteColumns => {
  const next = randomIntegers(20_261_122)
  return requests(rows, next, {
    listCents: () => 50_000 + next(1_000) * next(1_000) * 40,
    costCents: list => (next(50) === 0 ? Number.NaN : Math.floor((list * (40 + next(35))) / 100)),
    requestedBps: () => next(81) * 50,
  })
}

/** The same from a list of ten prices with a cost each, in steps of 2.5%, so that a million quotes are some 80,000 different ones. */
export const requestsFromPriceList = (rows: number): QuoteColumns => {
  const next = randomIntegers(20_261_122)
  return requests(rows, next, {
    listCents: () => 1_000_000 * 2 ** next(10),
    costCents: list => (next(50) === 0 ? Number.NaN : (list * (50 + 3 * Math.log2(list / 1_000_000))) / 100),
    requestedBps: () => next(17) * 250,
  })
}

interface Amounts {
  readonly listCents: () => number
  readonly costCents: (listCents: number) => number
  readonly requestedBps: () => number
}

function requests(rows: number, next: (bound: number) => number, amounts: Amounts): QuoteColumns {
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
  const listCents = numbers(amounts.listCents)
  const absent = new Float64Array(rows).fill(Number.NaN)
  const one: TextColumn = { kind: 'text', dictionary: [''], codes: new Int32Array(rows) }
  const requestedDiscountBps = numbers(amounts.requestedBps)
  return {
    rows,
    currency: 'EUR',
    quoteIds: [],
    segment: texts(SEGMENTS),
    region: texts(REGIONS),
    productFamily: one,
    listCents,
    costCents: numbers(row => amounts.costCents(listCents[row] as number)),
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
