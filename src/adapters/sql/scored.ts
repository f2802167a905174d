import { MARGIN_DELTA_BINS } from '../../domain/replay.ts'
import type { ResponseModel } from '../../domain/response.ts'
import { type ColumnOf, textSql } from './condition.ts'
import { CAP_EFFECT, CAP_EFFECTS_FROM, type PolicyPair, VIOLATION_EFFECT } from './decided.ts'
import { winsSql } from './model.ts'

/** Which quotes are scored, what differs on each, and how far does history speak for the candidate's offer? */
export function comparedView(pair: PolicyPair, thinSegments: readonly string[]): string {
  return `
    CREATE OR REPLACE TEMP VIEW compared AS
    WITH differing AS (
      SELECT decided.*,
        base_granted <> candidate_granted AS regranted,
        base_granted <> candidate_granted OR base_approval <> candidate_approval AS reoffered,
        ${violationsSql(pair, 'base')} AS base_violations,
        ${violationsSql(pair, 'candidate')} AS candidate_violations,
        ${anyOf([...violatedOtherwise(pair), ...approvedOtherwise(pair)])} AS regoverned,
        candidate_margin - base_margin AS margin_delta,
        coalesce(segment_latency.latency_seconds, overall_latency.latency_seconds) AS latency_seconds,
        CASE
          WHEN logged_discount_bps = candidate_granted AND logged_approval = candidate_approval THEN 'observed'
          WHEN reweighted.granted_bps IS NOT NULL THEN 'reweighted'
          ELSE 'extrapolated'
        END AS support
      FROM decided
      CROSS JOIN overall_latency
      LEFT JOIN segment_latency ON segment_latency.segment = decided.segment
      LEFT JOIN reweighted
        ON reweighted.segment = decided.segment
        AND reweighted.approval = candidate_approval
        AND reweighted.granted_bps = candidate_granted
      WHERE closed
        AND NOT (base_absent OR candidate_absent OR base_cost_absent OR candidate_cost_absent)
    )
    SELECT *,
      reoffered OR regoverned AS impacted,
      ${thinSegments.length === 0 ? 'false' : `segment IN (${thinSegments.map(textSql).join(', ')})`} AS thin,
      ${binSql()} AS margin_bin
    FROM differing`
}

const anyOf = (tests: readonly string[]): string => (tests.length === 0 ? 'false' : `(${tests.join(' OR ')})`)

const violationsSql = ({ ruleIds }: PolicyPair, side: string): string =>
  ['0', ...ruleIds.map((_, at) => `CAST(${side}_effect_${at} = ${VIOLATION_EFFECT} AS INTEGER)`)].join(' + ')

const violatedOtherwise = ({ ruleIds }: PolicyPair): readonly string[] =>
  ruleIds.map(
    (_, at) => `(base_effect_${at} = ${VIOLATION_EFFECT}) <> (candidate_effect_${at} = ${VIOLATION_EFFECT})`,
  )

const approvedOtherwise = ({ approvers }: PolicyPair): readonly string[] =>
  approvers.map((_, at) => `base_approver_${at} <> candidate_approver_${at}`)

/** Number of the first bin whose upper bound is not below the delta; NULL where the margin is not known. */
const binSql = (): string => `
      CASE
        WHEN margin_delta IS NULL THEN NULL
        ${MARGIN_DELTA_BINS.map((upper, bin) => `WHEN margin_delta <= ${upper} THEN ${bin}`).join(' ')}
        ELSE ${MARGIN_DELTA_BINS.length}
      END`

/** What is each scored quote worth under both policies, by the full fit at the point slope, or in profit without a model? */
export function scoredView(model: ResponseModel | null, columnOf: ColumnOf): string {
  if (model === null) {
    return `
    CREATE OR REPLACE TEMP VIEW scored AS
    SELECT *,
      CAST(NULL AS BIGINT) AS win_delta,
      CAST(NULL AS BIGINT) AS expected_delta,
      candidate_profit - base_profit AS mover_delta
    FROM compared`
  }
  return `
    CREATE OR REPLACE TEMP VIEW scored AS
    SELECT *,
      candidate_point_win - base_point_win AS win_delta,
      candidate_point_win * candidate_profit - base_point_win * base_profit AS expected_delta,
      candidate_point_win * candidate_profit - base_point_win * base_profit AS mover_delta
    FROM (${winsSql('compared', 'fits.fit = 0', model, columnOf)})`
}

/**
 * The numbers of the rules that changed a quote, as changedRules of the domain says: the effect differs, and for a cap the
 * grant differs too and the cap's limit is the grant of either policy.
 */
export function changedRulesSql({ ruleIds }: PolicyPair): string {
  const counts = (effect: string, granted: string): string =>
    `(${effect} <> 0 AND (${effect} < ${CAP_EFFECTS_FROM} OR (regranted AND ${effect} - ${CAP_EFFECT} = ${granted})))`
  const changed = ruleIds.map((_, at) => {
    const was = `base_effect_${at}`
    const is = `candidate_effect_${at}`
    return `CASE WHEN ${was} <> ${is} AND (${counts(was, 'base_granted')} OR ${counts(is, 'candidate_granted')}) THEN ${at} END`
  })
  return `[${['CAST(NULL AS INTEGER)', ...changed].join(', ')}]`
}
