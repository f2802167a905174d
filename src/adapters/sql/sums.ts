import { MOVERS_MAX } from '../../domain/replay.ts'
import { SLOPE_SHIFTS } from '../../domain/response.ts'
import type { Row } from './assemble.ts'
import { SIDES } from './decided.ts'
import { countWhere, type Dialect, withColumns } from './dialect.ts'

/** How many quotes are there, how many of them in scope, and what became of those? Over `decided` quotes, each marked `in_scope`. */
export const countsQuestion = (decided: string): string => `
  SELECT
    count(*) AS snapshot_rows,
    ${countWhere('in_scope = 1')} AS in_scope_quotes,
    ${countWhere('in_scope = 1 AND NOT closed')} AS open_quotes,
    ${countWhere('in_scope = 1 AND closed AND (base_absent OR candidate_absent)')} AS attribute_absent,
    ${countWhere(
      'in_scope = 1 AND closed AND NOT base_absent AND NOT candidate_absent AND (base_cost_absent OR candidate_cost_absent)',
    )} AS cost_absent,
    ${countWhere('in_scope = 1 AND closed AND (base_absent OR base_cost_absent)')} AS not_replayable_base
  FROM (${decided})`

/** Which customers, or tenders, does the change touch? Those whose hash is `rest` modulo `slices`. */
export const clusterNamesQuestion = (
  compared: string,
  hash: string,
  slices: number,
  rest: number,
): string => `
  SELECT cluster
  FROM (${compared})
  WHERE impacted
  GROUP BY cluster
  HAVING ${hash} % ${slices} = ${rest}`

/** How many customers, or tenders, does the change touch? By name, because the databases' own distinct counts may be estimates. */
export const clustersQuestion = (compared: string): string => `
  SELECT count(*) AS impacted_clusters, sum(quotes) AS impacted_quotes
  FROM (SELECT cluster, count(*) AS quotes FROM (${compared}) WHERE impacted GROUP BY cluster)`

const where = (test: string, value: string): string => `CASE WHEN ${test} THEN ${value} END`

/** No sum has the name of a column that a sum is made of: ClickHouse would take one for the other. */
function measures(withModel: boolean, { sumAs }: Dialect): string {
  return [
    'count(*) AS scored',
    'count(cost_cents) AS with_cost',
    `${countWhere('impacted')} AS impacted_quotes`,
    `${countWhere('impacted AND thin')} AS impacted_thin_quotes`,
    `${countWhere('reoffered')} AS reoffered_quotes`,
    `${countWhere('mover_delta < 0')} AS losing`,
    `${countWhere('mover_delta > 0')} AS gaining`,
    sumAs(where('impacted', 'base_net'), 'impacted_value_cents'),
    sumAs('margin_delta', 'margin_bps_delta'),
    sumAs('base_net', 'base_net_cents'),
    sumAs('candidate_net', 'candidate_net_cents'),
    sumAs('base_profit', 'base_profit_cents'),
    sumAs('candidate_profit', 'candidate_profit_cents'),
    sumAs(where('cost_cents IS NOT NULL', 'base_net'), 'base_net_with_cost_cents'),
    sumAs(where('cost_cents IS NOT NULL', 'candidate_net'), 'candidate_net_with_cost_cents'),
    sumAs('base_approval', 'base_approvals'),
    sumAs('candidate_approval', 'candidate_approvals'),
    sumAs('base_violations', 'base_violation_count'),
    sumAs('candidate_violations', 'candidate_violation_count'),
    sumAs(where('base_approval > candidate_approval', 'base_net'), 'approval_lost_value_cents'),
    sumAs('(candidate_approval - base_approval) * latency_seconds', 'latency_delta_seconds'),
    ...(withModel
      ? [sumAs('win_delta', 'win_ppm_delta'), sumAs('expected_delta', 'expected_ppm_cents_delta')]
      : []),
  ].join(',\n    ')
}

/** The dimensions of a report with the columns whose values make a slice; a key that a dimension lacks is NULL. */
const KEYS = ['quote_group', 'segment', 'region', 'margin_bin', 'support'] as const
/** The same as the columns of an answer. */
export const DIMENSION_KEYS = KEYS.map(key => `${key}_key`)
const DIMENSIONS = {
  all: [],
  group: ['quote_group'],
  segment: ['segment'],
  region: ['region'],
  cohort: ['segment', 'region'],
  margin_bin: ['margin_bin'],
  support: ['support'],
} as const satisfies Record<string, readonly (typeof KEYS)[number][]>

/** What do the `scored` quotes sum up to, over all of them and by each dimension of a report? One pass. */
export function sumsByDimension(scored: string, withModel: boolean, dialect: Dialect): string {
  const dimensions = Object.entries<readonly string[]>(DIMENSIONS)
  if (dialect.groupingSets) {
    // GROUPING has a bit for each key, the first the highest, set where the key is not grouped by.
    const bits = (keys: readonly string[]): number =>
      KEYS.reduce((number, key) => number * 2 + (keys.includes(key) ? 0 : 1), 0)
    return `
  SELECT
    CASE GROUPING(${KEYS.join(', ')})
      ${dimensions.map(([name, keys]) => `WHEN ${bits(keys)} THEN '${name}'`).join(' ')}
    END AS dimension,
    ${KEYS.map(key => `${key} AS ${key}_key`).join(', ')},
    ${measures(withModel, dialect)}
  FROM (${scored})
  GROUP BY GROUPING SETS (${dimensions.map(([, keys]) => `(${keys.join(', ')})`).join(', ')})`
  }
  const keyed = KEYS.map(key => {
    const having = dimensions.filter(([, keys]) => keys.includes(key)).map(([name]) => `'${name}'`)
    return `CASE WHEN dimension IN (${having.join(', ')}) THEN ${key} END AS ${key}_key`
  })
  const repeated = withColumns(scored, [
    `${dialect.eachOf(`[${dimensions.map(([name]) => `'${name}'`).join(', ')}]`)} AS dimension`,
  ])
  return `
  SELECT dimension, ${KEYS.map(key => `${key}_key`).join(', ')},
    ${measures(withModel, dialect)}
  FROM (${withColumns(repeated, keyed)})
  GROUP BY dimension, ${KEYS.map(key => `${key}_key`).join(', ')}`
}

/** The same by rule, over the impacted quotes that the rule changed. */
export function sumsByRule(scored: string, withModel: boolean, dialect: Dialect): string {
  const impacted = `SELECT * FROM (${scored}) WHERE impacted`
  return `
  SELECT rule, ${measures(withModel, dialect)}
  FROM (${withColumns(impacted, [`${dialect.eachOf('changed_rules')} AS rule`])})
  WHERE rule IS NOT NULL
  GROUP BY rule`
}

export const MOVER_SIGNS = ['losing', 'gaining'] as const
export type MoverSign = (typeof MOVER_SIGNS)[number]

/**
 * Which quotes come first, or last, by what the change is worth? Those that neither lose nor gain are left out afterwards: a database
 * that moves such a filter below the stages writes every stage into it, again and again.
 */
export const moversQuestion = (scored: string, sign: MoverSign): string => `
  SELECT place, quote_id, mover_delta
  FROM (${scored})
  ORDER BY mover_delta ${sign === 'losing' ? 'ASC' : 'DESC'} NULLS LAST, quote_id ASC
  LIMIT ${MOVERS_MAX}`

/** Of those who come first, the ones that lose, or gain. */
export const moversOf = (rows: readonly Row[], sign: MoverSign): readonly Row[] =>
  rows.filter(({ mover_delta: delta }) => {
    if (delta === null) return false
    return sign === 'losing' ? BigInt(delta as bigint) < 0n : BigInt(delta as bigint) > 0n
  })

/** The last of the quotes that lose, or gain, most. */
export interface LastMover {
  readonly quoteId: string
  readonly delta: bigint
}

/** How many quotes lose, or gain, at least as much as the last of those who were named? As many as were named, or one was left out. */
export const standingQuestion = (
  scored: string,
  last: Readonly<Record<MoverSign, LastMover | null>>,
  { text }: Dialect,
): string => `
  SELECT
    count(*) AS scored,
    ${MOVER_SIGNS.map(sign => {
      const mover = last[sign]
      if (mover === null) return `0 AS ${sign}`
      const beyond = `mover_delta ${sign === 'losing' ? '<' : '>'} ${mover.delta}`
      return `${countWhere(`${beyond} OR (mover_delta = ${mover.delta} AND quote_id <= ${text(mover.quoteId)})`)} AS ${sign}`
    }).join(',\n    ')}
  FROM (${scored})`

/** What the question about the response asks of a quote besides its wins. */
export const RESPONSE_COLUMNS = [
  'quotes',
  'support',
  ...SIDES.flatMap(side => [`${side}_granted`, `${side}_approval`, `${side}_profit`]),
]

/**
 * What does each fit expect of the change at each slope, and what at worst? Over rows of `wins`, a row a fit. At worst: worstWinPpm
 * of domain/support.ts, on extrapolated quotes.
 */
export function responseQuestion(wins: string, { sumAs }: Dialect): string {
  const sums = SLOPE_SHIFTS.flatMap(shift => [
    sumAs(`quotes * (candidate_${shift}_win - base_${shift}_win)`, `win_${shift}`),
    sumAs(`candidate_${shift}_win * candidate_profit - base_${shift}_win * base_profit`, `expected_${shift}`),
    sumAs(
      `CASE
        WHEN support <> 'extrapolated' THEN candidate_${shift}_win
        WHEN candidate_profit >= 0 AND (candidate_granted < base_granted OR candidate_approval > base_approval) THEN 0
        WHEN candidate_profit < 0 AND (candidate_granted > base_granted OR candidate_approval < base_approval) THEN 1000000
        ELSE base_${shift}_win
      END * candidate_profit - base_${shift}_win * base_profit`,
      `worst_${shift}`,
    ),
  ])
  return `
  SELECT fit, sum(quotes) AS fit_quotes, ${sums.join(',\n    ')}
  FROM (${wins})
  GROUP BY fit`
}

/**
 * The quotes with another offer: no other adds anything. Where sums are wide enough, those that make the same move in the same places are one
 * row: what they win is the same, what they are expected to earn and what is worst for them goes with their profit, by its sign.
 */
export function movesOf(compared: string, places: readonly string[], { wideSums }: Dialect): string {
  const reoffered = `SELECT * FROM (${compared}) WHERE reoffered`
  if (!wideSums) return withColumns(reoffered, ['1 AS quotes'])
  const alike = [
    ...places,
    'logged_discount_bps',
    'logged_approval',
    'support',
    ...SIDES.flatMap(side => [`${side}_granted`, `${side}_approval`]),
  ].join(', ')
  const profits = SIDES.map(side => `sum(${side}_profit) AS ${side}_profit`).join(', ')
  return `
  SELECT ${alike}, count(*) AS quotes, ${profits}
  FROM (${reoffered})
  GROUP BY ${alike}, CASE WHEN candidate_profit IS NULL THEN 2 WHEN candidate_profit >= 0 THEN 1 ELSE 0 END`
}

/** A row for each fit and move. */
export const underFits = (moves: string, fits: number, { eachOf }: Dialect): string => {
  const each = eachOf(`[${Array.from({ length: fits }, (_, fit) => fit).join(', ')}]`)
  return withColumns(moves, [`${each} AS fit`])
}
