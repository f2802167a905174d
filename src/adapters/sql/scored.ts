import { MARGIN_DELTA_BINS } from '../../domain/replay.ts'
import type { ResponseModel } from '../../domain/response.ts'
import type { ColumnOf } from './condition.ts'
import { CAP_EFFECT, CAP_EFFECTS_FROM, type PolicyPair, SIDES, VIOLATION_EFFECT } from './decided.ts'
import { anyOf, type Dialect, oneWhere, selecting, withColumns } from './dialect.ts'
import type { History } from './history.ts'
import { placesOf, winsSql } from './model.ts'

/** Stands for every impacted quote, whatever rule changed it: so that an answer by rule tells how many quotes it is about. */
export const EVERY_RULE = -1

/** Which of the `decided` quotes are scored, what differs on each, and how far does history speak for the candidate's offer? */
export function comparedSql(
  decided: string,
  pair: PolicyPair,
  history: History,
  model: ResponseModel | null,
  columnOf: ColumnOf,
  dialect: Dialect,
): string {
  const reoffered = '(base_granted <> candidate_granted OR base_approval <> candidate_approval)'
  const regoverned = anyOf([...violatedOtherwise(pair), ...approvedOtherwise(pair)])
  const columns = [
    `${reoffered} AS reoffered`,
    `(${reoffered} OR ${regoverned}) AS impacted`,
    `${violationsSql(pair, 'base')} AS base_violations`,
    `${violationsSql(pair, 'candidate')} AS candidate_violations`,
    `${changedRulesSql(pair, dialect)} AS changed_rules`,
    `${MARGIN_DELTA} AS margin_delta`,
    `${binSql()} AS margin_bin`,
    `${history.latencySecondsSql} AS latency_seconds`,
    `CASE
      WHEN logged_discount_bps = candidate_granted AND logged_approval = candidate_approval THEN 'observed'
      WHEN ${history.reweightedSql} THEN 'reweighted'
      ELSE 'extrapolated'
    END AS support`,
    `${anyOf((model?.thin_segments ?? []).map(segment => `segment = ${dialect.text(segment)}`))} AS thin`,
    ...(model === null ? [] : placesOf(model, columnOf, dialect)),
  ]
  return `${selecting(decided, DECIDED, columns)}
    WHERE closed AND NOT (base_absent OR candidate_absent OR base_cost_absent OR candidate_cost_absent)`
}

const MARGIN_DELTA = '(candidate_margin - base_margin)'

/** What is still asked of a quote once both policies are compared: what was decided, and what they differ in. */
const DECIDED = [
  ...['place', 'quote_id', 'cluster', 'quote_group', 'segment', 'region', 'cost_cents'],
  ...['logged_discount_bps', 'logged_approval'],
  ...SIDES.flatMap(side => ['granted', 'approval', 'net', 'profit'].map(name => `${side}_${name}`)),
]
const COMPARED = [
  ...DECIDED,
  ...['reoffered', 'impacted', 'base_violations', 'candidate_violations', 'changed_rules'],
  ...['margin_delta', 'margin_bin', 'latency_seconds', 'support', 'thin'],
]
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
        WHEN ${MARGIN_DELTA} IS NULL THEN NULL
        ${MARGIN_DELTA_BINS.map((upper, bin) => `WHEN ${MARGIN_DELTA} <= ${upper} THEN ${bin}`).join(' ')}
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
  const underFullFit = winsSql(compared, '0', COMPARED, model, columnOf, dialect)
  return selecting(underFullFit, COMPARED, [
    'candidate_point_win - base_point_win AS win_delta',
    `${expected} AS expected_delta`,
    `${expected} AS mover_delta`,
  ])
}

/**
 * The numbers of the rules that changed a quote, as changedRules of the domain says: the effect differs, and for a cap the
 * grant differs too and the cap's limit is the grant of either policy; and EVERY_RULE.
 */
function changedRulesSql({ ruleIds }: PolicyPair, dialect: Dialect): string {
  const counts = (effect: string, granted: string): string =>
    `(${effect} <> 0 AND (${effect} < ${CAP_EFFECTS_FROM} OR (base_granted <> candidate_granted AND ${effect} - ${CAP_EFFECT} = ${granted})))`
  const changed = ruleIds.map((_, at) => {
    const was = `base_effect_${at}`
    const is = `candidate_effect_${at}`
    return `CASE WHEN ${was} <> ${is} AND (${counts(was, 'base_granted')} OR ${counts(is, 'candidate_granted')}) THEN ${at} END`
  })
  return dialect.nullableIntegers([String(EVERY_RULE), ...changed])
}
