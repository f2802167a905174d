import fc from 'fast-check'
import type { Quote, QuoteColumns, TextColumn } from '../../src/domain/quote.ts'
import { GROUPS } from '../../src/domain/quote.ts'
import { type CohortScope, WHOLE_SNAPSHOT } from '../../src/domain/replay.ts'
import type { FrozenFit, ResponseModel } from '../../src/domain/response.ts'
import { CHANNELS, FOREIGN, PRODUCT_FAMILIES, REGIONS, SEGMENTS } from './generate-policy.ts'
import { columnsOfQuotes } from './quote-columns.ts'

const SEGMENT_WORDS = [...SEGMENTS, '', ...FOREIGN.segment]
const REGION_WORDS = [...REGIONS, '', ...FOREIGN.region]
const QUOTED_AT = ['2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z', '2026-03-01T12:30:00.000Z']

const maybe = <T>(value: fc.Arbitrary<T>, freq = 4): fc.Arbitrary<T | null> =>
  fc.option(value, { nil: null, freq })

const money = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(50_000, 1_000_000, 25_000_000, 49_999) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 3_000_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 499_999_999_000, max: 1_000_000_000_000 }) },
  { weight: 1, arbitrary: fc.constant(1_000_000_000_000) },
)
const discount = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(-500, 0, 1_000, 1_800, 2_500, 1_850) },
  { weight: 3, arbitrary: fc.integer({ min: -10_000, max: 10_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(-10_000, 10_000) },
)

const quote: fc.Arbitrary<Omit<Quote, 'quoteId'>> = fc.record({
  segment: fc.constantFrom(...SEGMENT_WORDS),
  region: fc.constantFrom(...REGION_WORDS),
  productFamily: fc.constantFrom(...PRODUCT_FAMILIES, ''),
  listCents: money,
  costCents: maybe(fc.oneof(money, fc.constant(0))),
  requestedDiscountBps: discount,
  grantedDiscountBps: discount,
  netCents: fc.constant(null),
  approvalRequired: maybe(fc.boolean()),
  approvalOutcome: maybe(fc.constantFrom('approved', 'rejected')),
  approvalLatencySeconds: maybe(fc.integer({ min: 0, max: 1_000_000 })),
  outcome: fc.constantFrom('won', 'won', 'lost', 'lost', 'open'),
  quotedAt: maybe(fc.constantFrom(...QUOTED_AT)),
  closedAt: fc.constant(null),
  policyVersion: fc.constant(null),
  cluster: fc.integer({ min: 0, max: 40 }).map(number => `tender-${number}`),
  attributes: fc.record({
    term: maybe(fc.constantFrom(0, 12, 24, 36, 11)),
    channel: maybe(fc.constantFrom<string>(...CHANNELS, ...FOREIGN.channel)),
  }),
})

/** Columns that a whole snapshot may lack: absent in every row, and attributes without a column at all. */
const LACKING = {
  cost: { costCents: null },
  approval: { approvalRequired: null, approvalOutcome: null },
  latency: { approvalLatencySeconds: null },
  quoted_at: { quotedAt: null },
  segment: { segment: '' },
  attributes: { attributes: {} },
} as const satisfies Readonly<Record<string, Partial<Quote>>>

/**
 * Snapshots of 0 to 240 quotes: negative and full discounts, absent costs, approvals and attributes, columns that are absent as a
 * whole, money up to 10^12, open quotes, text beyond ASCII. `wrongType`: attr.term holds text and attr.channel integers, against
 * what rules expect.
 */
export const arbitraryColumns = (): fc.Arbitrary<QuoteColumns> =>
  fc
    .record({
      quotes: fc.oneof(
        { weight: 1, arbitrary: fc.array(quote, { maxLength: 3 }) },
        { weight: 5, arbitrary: fc.array(quote, { minLength: 20, maxLength: 60, size: 'max' }) },
      ),
      // The same quote again and again is what makes a price well supported.
      repeats: fc.constantFrom(1, 1, 4),
      alike: fc.constantFrom('no', 'no', 'no', 'approved', 'unapproved'),
      wrongType: fc.integer({ min: 0, max: 9 }).map(number => number === 0),
      absentCodes: fc.boolean(),
      lacking: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 2, arbitrary: fc.subarray(Object.values(LACKING), { minLength: 1, maxLength: 2 }) },
      ),
    })
    .map(({ quotes, repeats, alike, wrongType, absentCodes, lacking }) => {
      const without: Partial<Quote> = Object.assign({}, ...lacking)
      const rows = Array.from({ length: alike === 'no' ? repeats : 4 }, () => quotes).flat()
      const columns = columnsOfQuotes(
        rows.map((made, at) => ({
          ...made,
          ...(alike === 'no' ? {} : likeOthers(made, alike === 'approved')),
          quoteId: `${[...'é🌍a公'][at % 4]}${at}`,
          attributes: wrongType
            ? { term: made.attributes.channel ?? null, channel: made.attributes.term ?? null }
            : alike === 'no'
              ? made.attributes
              : { term: made.attributes.term ?? 12, channel: made.attributes.channel ?? 'web' },
          ...without,
        })),
      )
      return absentCodes
        ? { ...columns, segment: emptyAsAbsent(columns.segment), region: emptyAsAbsent(columns.region) }
        : columns
    })

/** What was offered in one segment, for an approval or not, within a few hundred basis points: so that one offer supports another. */
const likeOthers = (made: Omit<Quote, 'quoteId'>, approvalRequired: boolean): Partial<Quote> => ({
  segment: SEGMENTS[0],
  costCents: made.costCents ?? 40_000,
  requestedDiscountBps: 1_500 + 25 * (Math.abs(made.requestedDiscountBps) % 21),
  grantedDiscountBps: 1_600 + 50 * (Math.abs(made.grantedDiscountBps) % 7),
  approvalRequired,
})

/** The empty text may lie in a column as text or as absence; both mean the same. */
const emptyAsAbsent = (column: TextColumn): TextColumn => ({
  ...column,
  codes: column.codes.map(code => (column.dictionary[code] === '' ? -1 : code)),
})

/** Scopes that no quote lies in: by a name, by a window that ends before it begins. */
const NOTHING_IN_SCOPE: readonly CohortScope[] = [
  { ...WHOLE_SNAPSHOT, quote_ids: ['nobody'] },
  { ...WHOLE_SNAPSHOT, segments: ['nowhere'] },
  { ...WHOLE_SNAPSHOT, window: { from: '2027-01-01T00:00:00.000Z', to: '2026-01-01T00:00:00.000Z' } },
]

const arbitraryWindow = fc.record({
  from: maybe(fc.constantFrom(...QUOTED_AT)),
  to: maybe(fc.constantFrom(...QUOTED_AT)),
})

export const arbitraryScope = (): fc.Arbitrary<CohortScope> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constant<CohortScope>(WHOLE_SNAPSHOT),
    },
    { weight: 1, arbitrary: fc.constantFrom(...NOTHING_IN_SCOPE) },
    { weight: 2, arbitrary: arbitraryWindow.map(window => ({ ...WHOLE_SNAPSHOT, window })) },
    {
      weight: 4,
      arbitrary: fc.record({
        segments: fc.subarray(SEGMENT_WORDS),
        regions: fc.subarray(REGION_WORDS),
        quote_ids: fc.constantFrom([], [], [], ['a2', 'é0', 'nobody']),
        window: maybe(arbitraryWindow),
      }),
    },
  )

const micro = fc.integer({ min: -4_000_000, max: 4_000_000 })
const LEVELS = { segment: ['enterprise', 'smb', 'öffentlich'], 'attr.channel': ['partner', 'web'] }

const frozenFit: fc.Arbitrary<FrozenFit> = fc.record({
  intercept_micro: micro,
  level_micro: fc.tuple(
    fc.array(micro, { minLength: 3, maxLength: 3 }),
    fc.array(micro, { minLength: 2, maxLength: 2 }),
  ),
  size_micro: fc.array(micro, { minLength: 3, maxLength: 3 }),
  approval_micro: micro,
  slope_nano: fc.integer({ min: -2_000_000, max: 3_000_000 }),
  slope_nano_by_segment: fc.oneof(
    fc.constant({}),
    fc.record({
      smb: fc.integer({ min: -2_000_000, max: 3_000_000 }),
      公共部門: fc.integer({ min: -900, max: 900 }),
    }),
  ),
})

/** Any frozen model, sensible or not: engines must agree on all of them. */
export const arbitraryModel = (): fc.Arbitrary<ResponseModel> =>
  fc
    .record({
      fits: fc.array(frozenFit, { minLength: 1, maxLength: 4 }),
      slope_offset_nano: fc.integer({ min: 0, max: 1_000_000 }),
      thin_segments: fc.subarray(SEGMENT_WORDS),
    })
    .map(({ fits, slope_offset_nano, thin_segments }) => ({
      schema: 'clo_response_model.v1',
      size_bounds_cents: [50_000, 1_000_001],
      factors: Object.entries(LEVELS).map(([column, levels]) => ({ column, levels })),
      fits: Array.from({ length: GROUPS + 1 }, (_, fit) => fits[fit % fits.length] as FrozenFit),
      slope_offset_nano,
      thin_segments,
      student_t_ppm: {
        two_sided_95: 2_039_513,
        one_sided_by_tunables: Array.from({ length: 40 }, () => 1_695_519),
      },
      groups_used: Array.from({ length: GROUPS }, (_, group) => group),
    }))
