import { MARGIN_DELTA_BINS } from '../../domain/replay.ts'
import type { ResponseModel } from '../../domain/response.ts'
import type { ColumnOf } from './condition.ts'
import { CAP_EFFECT, CAP_EFFECTS_FROM, type PolicyPair, VIOLATION_EFFECT } from './decided.ts'
import { anyOf, type Dialect, oneWhere } from './dialect.ts'
import type { History } from './history.ts'
import { placesOf, winsStages } from './model.ts'
import { type Stages, withColumns } from './stages.ts'

/** Stands for every impacted quote, whatever rule changed it: so that an answer by rule tells how many quotes it is about. */
export const EVERY_RULE = -1

/** Which of the `decided` quotes are scored, what differs on each, and how far does history speak for the candidate's offer? */
export function comparedStages(
  decided: Stages,
  pair: PolicyPair,
  history: History,
  model: ResponseModel | null,
  columnOf: ColumnOf,
  dialect: Dialect,
): Stages {
  const reoffered = '(base_granted <> candidate_granted OR base_approval <> candidate_approval)'
  const regoverned = anyOf([...violatedOtherwise(pair), ...approvedOtherwise(pair)])
  const columns = {
    reoffered,
    impacted: `(${reoffered} OR ${regoverned})`,
    base_violations: violationsSql(pair, 'base'),
    candidate_violations: violationsSql(pair, 'candidate'),
    changed_rules: changedRulesSql(pair, dialect),
    margin_delta: MARGIN_DELTA,
    margin_bin: binSql(),
    latency_seconds: history.latencySecondsSql,
    support: `CASE
      WHEN logged_discount_bps = candidate_granted AND logged_approval = candidate_approval THEN 'observed'
      WHEN ${history.reweightedSql} THEN 'reweighted'
      ELSE 'extrapolated'
    END`,
    thin: anyOf((model?.thin_segments ?? []).map(segment => `segment = ${dialect.text(segment)}`)),
    ...(model === null ? {} : placesOf(model, columnOf, dialect)),
  }
  return withColumns(
    decided,
    columns,
    'closed AND NOT (base_absent OR candidate_absent OR base_cost_absent OR candidate_cost_absent)',
  )
}

const MARGIN_DELTA = '(candidate_margin - base_margin)'

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
export function scoredStages(
  compared: Stages,
  model: ResponseModel | null,
  columnOf: ColumnOf,
  dialect: Dialect,
): Stages {
  if (model === null) return withColumns(compared, { mover_delta: 'candidate_profit - base_profit' })
  const expected = 'candidate_point_win * candidate_profit - base_point_win * base_profit'
  const full = { number: '0', fits: model.fits.slice(0, 1) }
  return withColumns(winsStages(compared, full, model, columnOf, dialect), {
    win_delta: 'candidate_point_win - base_point_win',
    expected_delta: expected,
    mover_delta: expected,
  })
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
  return dialect.integers([String(EVERY_RULE), ...changed])
}
