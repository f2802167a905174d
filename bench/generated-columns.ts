import type { QuoteColumns, TextColumn } from '../src/domain/quote.ts'
import { GROUPS } from '../src/domain/quote.ts'
import type { FrozenFit, ResponseModel } from '../src/domain/response.ts'

const SEGMENTS = ['enterprise', 'mid_market', 'smb']
const REGIONS = ['apac', 'emea', 'na']
const FAMILIES = ['hardware', 'services', 'software']
const CHANNELS = ['direct', 'partner', 'web']
const QUOTES_PER_CLUSTER = 2

/** Quotes in the words of the starter policy, the same for the same number of rows, column by column without objects between. */
export function generatedColumns(rows: number): QuoteColumns {
  const next = randomIntegers(20_261_122)
  const numbers = (make: () => number): Float64Array => Float64Array.from({ length: rows }, make)
  const texts = (dictionary: readonly string[]): TextColumn => ({
    kind: 'text',
    dictionary,
    codes: Int32Array.from({ length: rows }, () => next(dictionary.length)),
  })
  const listCents = numbers(() => 50_000 + next(1_000) * next(1_000) * 40)
  const requestedDiscountBps = numbers(() => next(81) * 50)
  const approvalRequired = numbers(() => (next(10) === 0 ? Number.NaN : next(2)))
  return {
    rows,
    currency: 'EUR',
    quoteIds: Array.from({ length: rows }, (_, row) => `q${String(row).padStart(8, '0')}`),
    segment: texts(SEGMENTS),
    region: texts(REGIONS),
    productFamily: texts(FAMILIES),
    listCents,
    costCents: listCents.map(list =>
      next(50) === 0 ? Number.NaN : Math.floor((list * (40 + next(35))) / 100),
    ),
    requestedDiscountBps,
    grantedDiscountBps: requestedDiscountBps.map(requested => Math.min(requested, 2_500)),
    netCents: numbers(() => Number.NaN),
    approvalRequired,
    approvalOutcome: Int8Array.from(approvalRequired, required => (required === 1 ? 1 : -1)),
    approvalLatencySeconds: approvalRequired.map(required => (required === 1 ? next(200_000) : Number.NaN)),
    outcome: Int8Array.from({ length: rows }, () => (next(12) === 0 ? 0 : 1 + next(2))),
    quotedAt: numbers(() => Number.NaN),
    closedAt: numbers(() => Number.NaN),
    policyVersion: numbers(() => 1),
    ...clusters(rows),
    attributes: {
      channel: texts(CHANNELS),
      term: { kind: 'integer', values: numbers(() => 12 * next(5)) },
    },
  }
}

function clusters(rows: number): Pick<QuoteColumns, 'cluster' | 'group'> {
  const count = Math.ceil(rows / QUOTES_PER_CLUSTER)
  const clusterOf = (row: number): number => Math.floor(row / QUOTES_PER_CLUSTER)
  return {
    cluster: {
      kind: 'text',
      dictionary: Array.from({ length: count }, (_, at) => `c${String(at).padStart(8, '0')}`),
      codes: Int32Array.from({ length: rows }, (_, row) => clusterOf(row)),
    },
    group: Uint8Array.from({ length: rows }, (_, row) => clusterOf(row) % GROUPS),
  }
}

/** A frozen model of the usual size: 33 fits, three factors, slopes by segment. */
export function generatedModel(): ResponseModel {
  const fit = (at: number): FrozenFit => ({
    intercept_micro: -400_000 + 1_000 * at,
    level_micro: [SEGMENTS, REGIONS, CHANNELS].map((levels, factor) =>
      levels.map((_, level) => 90_000 * (level - factor) + at),
    ),
    size_micro: [100_000, 0, -100_000 - at],
    approval_micro: -150_000 + 500 * at,
    slope_nano: 700_000 + 300 * at,
    slope_nano_by_segment: { smb: 900_000 - 200 * at },
  })
  return {
    schema: 'clo_response_model.v1',
    size_bounds_cents: [2_000_000, 10_000_000],
    factors: [
      { column: 'segment', levels: SEGMENTS },
      { column: 'region', levels: REGIONS },
      { column: 'attr.channel', levels: CHANNELS },
    ],
    fits: Array.from({ length: GROUPS + 1 }, (_, at) => fit(at)),
    slope_offset_nano: 350_000,
    thin_segments: [],
    student_t_ppm: { two_sided_95: 2_039_513, one_sided_by_tunables: [1_695_519] },
    groups_used: Array.from({ length: GROUPS }, (_, group) => group),
  }
}

/** Integers 0 <= n < bound by a multiplicative congruential generator (Park and Miller 1988). */
export function randomIntegers(seed: number): (bound: number) => number {
  let state = seed
  return bound => {
    state = (state * 48_271) % 2_147_483_647
    return state % bound
  }
}
