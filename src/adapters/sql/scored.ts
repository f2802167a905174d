import { MARGIN_DELTA_BINS } from '../../domain/replay.ts'
import type { ResponseModel } from '../../domain/response.ts'
import type { ColumnOf } from './condition.ts'
import { CAP_EFFECT, CAP_EFFECTS_FROM, type PolicyPair, VIOLATION_EFFECT } from './decided.ts'
import { anyOf, type Dialect, oneWhere, withColumns } from './dialect.ts'
import type { History } from './history.ts'
import { winsSql } from './model.ts'

/** Which of the `decided` quotes are scored, what differs on each, and how far does history speak for the candidate's offer? */
export function comparedSql(
  decided: string,
  pair: PolicyPair,
  history: History,
  thinSegments: readonly string[],
  dialect: Dialect,
): string {
  const scored = `
    SELECT * FROM (${decided})
    WHERE closed AND NOT (base_absent OR candidate_absent OR base_cost_absent OR candidate_cost_absent)`
  const differing = [
    'base_granted <> candidate_granted AS regranted',
    '(base_granted <> candidate_granted OR base_approval <> candidate_approval) AS reoffered',
    `${violationsSql(pair, 'base')} AS base_violations`,
    `${violationsSql(pair, 'candidate')} AS candidate_violations`,
    `${anyOf([...violatedOtherwise(pair), ...approvedOtherwise(pair)])} AS regoverned`,
    'candidate_margin - base_margin AS margin_delta',
    `${history.latencySecondsSql} AS latency_seconds`,
    `CASE
      WHEN logged_discount_bps = candidate_granted AND logged_approval = candidate_approval THEN 'observed'
      WHEN ${history.reweightedSql} THEN 'reweighted'
      ELSE 'extrapolated'
    END AS support`,
  ]
  const judged = [
    '(reoffered OR regoverned) AS impacted',
    `${anyOf(thinSegments.map(segment => `segment = ${dialect.text(segment)}`))} AS thin`,
    `${binSql()} AS margin_bin`,
  ]
  return [differing, judged].reduce(withColumns, scored)
}

const violationsSql = ({ ruleIds }: PolicyPair, side: string): string =>
  ['0', ...ruleIds.map((_, at) => oneWhere(`${side}_effect_${at} = ${VIOLATION_EFFECT}`))].join(' + ')

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

/** What is each of the `compared` quotes worth under both policies, by the full fit at the point slope, or in profit without a model? */
export function scoredSql(
  compared: string,
  model: ResponseModel | null,
  columnOf: ColumnOf,
  dialect: Dialect,
): string {
  if (model === null) return withColumns(compared, ['candidate_profit - base_profit AS mover_delta'])
  const expected = 'candidate_point_win * candidate_profit - base_point_win * base_profit'
  return withColumns(winsSql(withColumns(compared, ['0 AS fit']), model, columnOf, dialect), [
    'candidate_point_win - base_point_win AS win_delta',
    `${expected} AS expected_delta`,
    `${expected} AS mover_delta`,
  ])
}

/**
 * The numbers of the rules that changed a quote, as changedRules of the domain says: the effect differs, and for a cap the
 * grant differs too and the cap's limit is the grant of either policy; and the number that stands for every quote.
 */
export function changedRulesSql({ ruleIds }: PolicyPair, everyRule: number, dialect: Dialect): string {
  const counts = (effect: string, granted: string): string =>
    `(${effect} <> 0 AND (${effect} < ${CAP_EFFECTS_FROM} OR (regranted AND ${effect} - ${CAP_EFFECT} = ${granted})))`
  const changed = ruleIds.map((_, at) => {
    const was = `base_effect_${at}`
    const is = `candidate_effect_${at}`
    return `CASE WHEN ${was} <> ${is} AND (${counts(was, 'base_granted')} OR ${counts(is, 'candidate_granted')}) THEN ${at} END`
  })
  return dialect.nullableIntegers([String(everyRule), ...changed])
}
