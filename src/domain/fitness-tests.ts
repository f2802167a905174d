import type { FitnessCode } from './fitness-finding.ts'

/** The test behind a finding: what is compared, and who described it; no source where it only counts. */
export interface FitnessTest {
  readonly test: string
  readonly source: string | null
}

const SLOPE_SOURCES = 'Liang and Zeger 1986; Cameron and Miller 2015, section II'
const ROC_SOURCES = 'Mann and Whitney 1947; Hanley and McNeil 1982'

/** One named test to every code. Formulas and limits stand with the functions; docs/fitness.md repeats this table. */
export const FITNESS_TESTS: Readonly<Record<FitnessCode, FitnessTest>> = {
  no_losses: { test: 'number of lost quotes', source: null },
  losing_prices_missing: {
    test: 'share without a discount among lost against won quotes',
    source: null,
  },
  discount_follows_outcome: {
    test: 'area under the ROC curve of the grant, and changed grants among won against lost quotes',
    source: ROC_SOURCES,
  },
  no_overlap: {
    test: 'share of the variance of grants between cells of like quotes (epsilon squared)',
    source: 'Kelley 1935; for the need of overlap Rosenbaum and Rubin 1983',
  },
  response_sign_wrong: {
    test: 'slope of winning on the grant among like quotes, error by clusters',
    source: SLOPE_SOURCES,
  },
  response_sign_unstable: {
    test: 'the same slope over all quotes against that among like ones',
    source: SLOPE_SOURCES,
  },
  response_shifted: {
    test: 'slope and win rate among like quotes, the later half of the dates against the earlier',
    source: 'Chow 1960; errors by clusters, Liang and Zeger 1986',
  },
  leaking_column: {
    test: 'area under the ROC curve of a column, learnt on one half and judged on the other; levels of one outcome',
    source: ROC_SOURCES,
  },
  too_few_outcomes: {
    test: 'outcomes per parameter',
    source: 'Peduzzi et al. 1996; Vittinghoff and McCulloch 2007',
  },
  thin_segment: { test: 'closed quotes of a segment against the signed limit', source: null },
  cost_missing: { test: 'share of closed quotes without cost', source: null },
  single_period: { test: 'days between the 1st and the 99th percentile of dates', source: null },
  undated: { test: 'share of closed quotes without a date', source: null },
  approvals_unrecorded: {
    test: 'share of closed quotes that do not say whether a sign-off was needed',
    source: null,
  },
  competing_quotes: { test: 'share of clusters of several quotes with exactly one winner', source: null },
  protected_attribute: {
    test: "words of the signed list in names of attributes; the column closest to each (Cramér's V)",
    source: 'Cramér 1946; Bergsma 2013',
  },
}
