import { MOVERS_MAX } from '../../domain/replay.ts'
import { type ResponseModel, SLOPE_SHIFTS } from '../../domain/response.ts'
import type { ColumnOf } from './condition.ts'
import type { PolicyPair } from './decided.ts'
import { winsSql } from './model.ts'
import { changedRulesSql } from './scored.ts'

/** How many quotes are in scope, and what became of them? */
export const COUNTS = `
  SELECT
    count(*) AS in_scope,
    count(*) FILTER (WHERE NOT closed) AS open,
    count(*) FILTER (WHERE closed AND (base_absent OR candidate_absent)) AS attribute_absent,
    count(*) FILTER (
      WHERE closed AND NOT base_absent AND NOT candidate_absent AND (base_cost_absent OR candidate_cost_absent)
    ) AS cost_absent,
    count(*) FILTER (WHERE closed AND (base_absent OR base_cost_absent)) AS not_replayable_base,
    (SELECT latency_seconds IS NOT NULL FROM overall_latency) AS latencies_known
  FROM decided`

/** How many customers, or tenders, does the change touch? */
export const CLUSTERS = 'SELECT count(DISTINCT cluster) AS impacted_clusters FROM compared WHERE impacted'

const MEASURES = `
    count(*) AS scored,
    count(cost_cents) AS with_cost,
    count(*) FILTER (WHERE impacted) AS impacted,
    count(*) FILTER (WHERE impacted AND thin) AS impacted_thin,
    sum(base_net) FILTER (WHERE impacted) AS impacted_value_cents,
    sum(margin_delta) AS margin_bps_delta,
    sum(base_net) AS base_net_cents,
    sum(candidate_net) AS candidate_net_cents,
    sum(base_profit) AS base_profit_cents,
    sum(candidate_profit) AS candidate_profit_cents,
    sum(base_net) FILTER (WHERE cost_cents IS NOT NULL) AS base_net_with_cost_cents,
    sum(candidate_net) FILTER (WHERE cost_cents IS NOT NULL) AS candidate_net_with_cost_cents,
    sum(base_approval) AS base_approvals,
    sum(candidate_approval) AS candidate_approvals,
    sum(base_violations) AS base_violations,
    sum(candidate_violations) AS candidate_violations,
    sum(base_net) FILTER (WHERE base_approval > candidate_approval) AS approval_lost_value_cents,
    sum((candidate_approval - base_approval) * latency_seconds) AS latency_delta_seconds,
    sum(win_delta) AS win_ppm_delta,
    sum(expected_delta) AS expected_delta`

/** What do the scored quotes sum up to, over all of them and by each dimension of a report? One pass. */
export const SUMS_BY_DIMENSION = `
  SELECT
    CASE GROUPING(quote_group, segment, region, margin_bin, support)
      WHEN 15 THEN 'group'
      WHEN 23 THEN 'segment'
      WHEN 27 THEN 'region'
      WHEN 19 THEN 'cohort'
      WHEN 29 THEN 'margin_bin'
      WHEN 30 THEN 'support'
      ELSE 'all'
    END AS dimension,
    quote_group, segment, region, margin_bin, support,
    ${MEASURES}
  FROM scored
  GROUP BY GROUPING SETS ((), (quote_group), (segment), (region), (segment, region), (margin_bin), (support))
  ORDER BY segment, region`

/** The same by rule, over the impacted quotes that the rule changed. */
export const sumsByRule = (pair: PolicyPair): string => `
  SELECT rule, ${MEASURES}
  FROM (SELECT *, unnest(${changedRulesSql(pair)}) AS rule FROM scored WHERE impacted)
  WHERE rule IS NOT NULL
  GROUP BY rule`

/** Which quotes lose, or gain, most? */
export const movers = (sign: 'losing' | 'gaining'): string => `
  SELECT place
  FROM scored
  WHERE mover_delta ${sign === 'losing' ? '<' : '>'} 0
  ORDER BY mover_delta ${sign === 'losing' ? 'ASC' : 'DESC'}, quote_id ASC
  LIMIT ${MOVERS_MAX}`

/**
 * What does each fit expect of the change at each slope, and what at worst? Only quotes with another offer add anything; a fit
 * never speaks about the group it left out. At worst: worstWinPpm of domain/support.ts, on extrapolated quotes.
 */
export function responseSums(model: ResponseModel, columnOf: ColumnOf): string {
  const sums = SLOPE_SHIFTS.map(
    shift => `
    sum(candidate_${shift}_win - base_${shift}_win) AS win_${shift},
    sum(candidate_${shift}_win * candidate_profit - base_${shift}_win * base_profit) AS expected_${shift},
    sum(
      CASE
        WHEN support <> 'extrapolated' THEN candidate_${shift}_win
        WHEN candidate_profit >= 0 AND (candidate_granted < base_granted OR candidate_approval > base_approval) THEN 0
        WHEN candidate_profit < 0 AND (candidate_granted > base_granted OR candidate_approval < base_approval) THEN 1000000
        ELSE base_${shift}_win
      END * candidate_profit - base_${shift}_win * base_profit
    ) AS worst_${shift}`,
  )
  const wins = winsSql(
    '(SELECT * FROM compared WHERE reoffered)',
    'fits.fit <> classed.quote_group + 1',
    model,
    columnOf,
  )
  return `
  SELECT fit, ${sums.join(',')}
  FROM (${wins})
  GROUP BY fit`
}
