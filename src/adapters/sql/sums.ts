import { MOVERS_MAX } from '../../domain/replay.ts'
import { SLOPE_SHIFTS } from '../../domain/response.ts'
import type { Row } from './assemble.ts'
import { SIDES } from './decided.ts'
import { countWhere, type Dialect } from './dialect.ts'
import { rowsOf, type Stages, selectFrom, withColumns } from './stages.ts'

/** How many quotes are there, how many of them in scope, and what became of those? Over `decided` quotes, each marked `in_scope`. */
export const countsQuestion = (decided: Stages): string =>
  selectFrom(
    decided,
    `
  SELECT
    count(*) AS snapshot_rows,
    ${countWhere('in_scope = 1')} AS in_scope_quotes,
    ${countWhere('in_scope = 1 AND NOT closed')} AS open_quotes,
    ${countWhere('in_scope = 1 AND closed AND (base_absent OR candidate_absent)')} AS attribute_absent,
    ${countWhere(
      'in_scope = 1 AND closed AND NOT base_absent AND NOT candidate_absent AND (base_cost_absent OR candidate_cost_absent)',
    )} AS cost_absent,
    ${countWhere('in_scope = 1 AND closed AND (base_absent OR base_cost_absent)')} AS not_replayable_base`,
  )

/** Which customers, or tenders, does the change touch? Those whose hash is `rest` modulo `slices`. */
export const clusterNamesQuestion = (compared: Stages, hash: string, slices: number, rest: number): string =>
  selectFrom(
    compared,
    'SELECT cluster',
    `WHERE impacted GROUP BY cluster HAVING ${hash} % ${slices} = ${rest}`,
  )

/** How many customers, or tenders, does the change touch? By name, because the databases' own distinct counts may be estimates. */
export const clustersQuestion = (compared: Stages): string => `
  SELECT count(*) AS impacted_clusters, sum(quotes) AS impacted_quotes
  FROM (${selectFrom(compared, 'SELECT cluster, count(*) AS quotes', 'WHERE impacted GROUP BY cluster')})`

export const MOVER_SIGNS = ['losing', 'gaining'] as const
export type MoverSign = (typeof MOVER_SIGNS)[number]

/**
 * Which quotes come first, or last, by what the change is worth? Those that neither lose nor gain are left out afterwards: a database
 * that moves such a filter below the stages writes every stage into it, again and again.
 */
export const moversQuestion = (scored: Stages, sign: MoverSign): string =>
  selectFrom(
    scored,
    'SELECT place, quote_id, mover_delta',
    `ORDER BY mover_delta ${sign === 'losing' ? 'ASC' : 'DESC'} NULLS LAST, quote_id ASC LIMIT ${MOVERS_MAX}`,
  )

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
  scored: Stages,
  last: Readonly<Record<MoverSign, LastMover | null>>,
  { text }: Dialect,
): string =>
  selectFrom(
    scored,
    `
  SELECT
    count(*) AS scored,
    ${MOVER_SIGNS.map(sign => {
      const mover = last[sign]
      if (mover === null) return `0 AS ${sign}`
      const beyond = `mover_delta ${sign === 'losing' ? '<' : '>'} ${mover.delta}`
      return `${countWhere(`${beyond} OR (mover_delta = ${mover.delta} AND quote_id <= ${text(mover.quoteId)})`)} AS ${sign}`
    }).join(',\n    ')}`,
  )

/**
 * What does each fit expect of the change at each slope, and what at worst? Over rows of `wins`, a row a fit. At worst: worstWinPpm
 * of domain/support.ts, on extrapolated quotes.
 */
export function responseQuestion(wins: Stages, { sumAs }: Dialect): string {
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
  return selectFrom(wins, `SELECT fit, sum(quotes) AS fit_quotes, ${sums.join(',\n    ')}`, 'GROUP BY fit')
}

/**
 * The quotes with another offer: no other adds anything. Where sums are wide enough, those that make the same move in the same places are one
 * row: what they win is the same, what they are expected to earn and what is worst for them goes with their profit, by its sign.
 */
export function movesOf(compared: Stages, places: readonly string[], { wideSums }: Dialect): Stages {
  if (!wideSums) return withColumns(compared, { quotes: '1' }, 'reoffered')
  const alike = [
    ...places,
    'logged_discount_bps',
    'logged_approval',
    'support',
    ...SIDES.flatMap(side => [`${side}_granted`, `${side}_approval`]),
  ]
  const profits = SIDES.map(side => `${side}_profit`)
  const sums = ['count(*) AS quotes', ...profits.map(profit => `sum(${profit}) AS ${profit}`)]
  const sameSign = 'CASE WHEN candidate_profit IS NULL THEN 2 WHEN candidate_profit >= 0 THEN 1 ELSE 0 END'
  const moves = selectFrom(
    compared,
    `SELECT ${[...alike, ...sums].join(', ')}`,
    `WHERE reoffered GROUP BY ${alike.join(', ')}, ${sameSign}`,
  )
  return rowsOf(moves, [...alike, ...profits, 'quotes'])
}

/** A row for each fit and move. */
export const underFits = (moves: Stages, fits: number, { eachOf }: Dialect): Stages =>
  withColumns(moves, { fit: eachOf(`[${Array.from({ length: fits }, (_, fit) => fit).join(', ')}]`) })
