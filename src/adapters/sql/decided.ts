import { MARGIN_BPS_MIN } from '../../domain/arithmetic.ts'
import type { Expression } from '../../domain/expression.ts'
import type { CheckedPolicy, CheckedRule } from '../../domain/policy.ts'
import { type ColumnOf, conditionSql, holds, isAbsent } from './condition.ts'
import { anyOf, type Dialect, divHalfAway, oneWhere } from './dialect.ts'
import { type Columns, type Stages, withColumns } from './stages.ts'

export const SIDES = ['base', 'candidate'] as const
type Side = (typeof SIDES)[number]

/** A base and a candidate with their rules and approvers numbered together, so that their columns can be compared. */
export interface PolicyPair {
  readonly base: CheckedPolicy
  readonly candidate: CheckedPolicy
  readonly ruleIds: readonly string[]
  readonly approvers: readonly string[]
}

export function policyPair(base: CheckedPolicy, candidate: CheckedPolicy): PolicyPair {
  const rules = [...base.rules, ...candidate.rules]
  return {
    base,
    candidate,
    ruleIds: [...new Set(rules.map(rule => rule.id))],
    approvers: [...new Set(rules.flatMap(rule => rule.approver ?? []))],
  }
}

/** What a rule does to a quote, as one number: 0 nothing, 1 a violation, 2 + k an approval, CAP_EFFECT + limit a cap. */
export const VIOLATION_EFFECT = 1
const APPROVAL_EFFECT = 2
export const CAP_EFFECT = 2 ** 30
/** Limits are at least -100000, so caps never meet the numbers of approvals. */
export const CAP_EFFECTS_FROM = CAP_EFFECT - 200_000

/** What do both policies decide on each of the `quotes` that pass `where`? NULL is absent. */
export function decidedStages(
  quotes: Stages,
  where: string | null,
  pair: PolicyPair,
  columnOf: ColumnOf,
  dialect: Dialect,
): Stages {
  const both = (of: (side: Side) => Columns): Columns => ({ ...of('base'), ...of('candidate') })
  const capped = both(side => matches(pair, side, columnOf, true, dialect))
  const stages = [
    both(side => ({ [`${side}_granted`]: grantSql(pair[side], side, pair) })),
    both(side => {
      const net = `list_cents - ${divHalfAway(dialect, `(list_cents * ${side}_granted)`, '10000')}`
      return { [`${side}_net`]: net, [`${side}_profit`]: `${net} - cost_cents` }
    }),
    both(side => ({ [`${side}_margin`]: marginSql(side, dialect) })),
    both(side => matches(pair, side, columnOf, false, dialect)),
    both(side => ({
      [`${side}_absent`]: anyOf(pair[side].rules.map(rule => isAbsent(matchOf(rule, side, pair)))),
      [`${side}_cost_absent`]: `(cost_cents IS NULL AND ${anyMatch(pair, side, rule => rule.kind === 'margin_floor')})`,
      [`${side}_approval`]: oneWhere(anyMatch(pair, side, rule => rule.kind === 'approval')),
      ...numbered(pair.approvers, `${side}_approver`, approver =>
        anyMatch(pair, side, rule => rule.kind === 'approval' && rule.approver === approver),
      ),
      ...numbered(pair.ruleIds, `${side}_effect`, id => effectSql(pair, side, id)),
    })),
  ]
  return stages.reduce((rows, columns) => withColumns(rows, columns), withColumns(quotes, capped, where))
}

const numbered = (texts: readonly string[], name: string, sql: (text: string) => string): Columns =>
  Object.fromEntries(texts.map((text, at) => [`${name}_${at}`, sql(text)]))

const isCap = (rule: CheckedRule): boolean => rule.kind === 'discount_cap'
const matchOf = (rule: CheckedRule, side: Side, { ruleIds }: PolicyPair): string =>
  `${side}_matches_${ruleIds.indexOf(rule.id)}`

const anyMatch = (pair: PolicyPair, side: Side, of: (rule: CheckedRule) => boolean): string =>
  anyOf(pair[side].rules.filter(of).map(rule => holds(matchOf(rule, side, pair))))

function matches(pair: PolicyPair, side: Side, columnOf: ColumnOf, caps: boolean, dialect: Dialect): Columns {
  const withDecision: ColumnOf = attribute => {
    if (attribute === 'discount_bps') {
      const sql = caps ? 'requested_discount_bps' : `${side}_granted`
      return { sql, kind: 'integer', mayBeAbsent: false }
    }
    return attribute === 'margin_bps'
      ? { sql: `${side}_margin`, kind: 'integer', mayBeAbsent: true }
      : columnOf(attribute)
  }
  const truth = (condition: Expression): string => conditionSql(condition, withDecision, dialect)
  return Object.fromEntries(
    pair[side].rules
      .filter(rule => isCap(rule) === caps)
      .map(rule => [matchOf(rule, side, pair), truth(rule.condition)]),
  )
}

const grantSql = ({ rules }: CheckedPolicy, side: Side, pair: PolicyPair): string =>
  rules
    .filter(isCap)
    .reduce(
      (granted, rule) =>
        `least(${granted}, CASE WHEN ${holds(matchOf(rule, side, pair))} THEN ${rule.limitBps} ELSE requested_discount_bps END)`,
      'requested_discount_bps',
    )

/** A divisor of nothing is guarded where it stands, because some databases compute the branch that is not taken. */
const marginSql = (side: Side, dialect: Dialect): string => `
    CASE
      WHEN ${side}_profit IS NULL THEN NULL
      WHEN ${side}_net = 0 THEN ${MARGIN_BPS_MIN}
      ELSE greatest(${MARGIN_BPS_MIN}, ${divHalfAway(dialect, `(${side}_profit * 10000)`, `(CASE WHEN ${side}_net = 0 THEN 1 ELSE ${side}_net END)`)})
    END`

function effectSql(pair: PolicyPair, side: Side, ruleId: string): string {
  const rule = pair[side].rules.find(each => each.id === ruleId)
  if (rule === undefined) return '0'
  const match = holds(matchOf(rule, side, pair))
  const when = (condition: string, effect: number): string =>
    `CASE WHEN ${condition} THEN ${effect} ELSE 0 END`
  switch (rule.kind) {
    case 'discount_cap':
      return when(`${match} AND ${rule.limitBps} < requested_discount_bps`, CAP_EFFECT + (rule.limitBps ?? 0))
    case 'margin_floor':
      return when(`${match} AND ${side}_margin < ${rule.limitBps}`, VIOLATION_EFFECT)
    case 'prohibit':
      return when(match, VIOLATION_EFFECT)
    case 'approval':
      return when(
        match,
        APPROVAL_EFFECT + (rule.approver === null ? 0 : 1 + pair.approvers.indexOf(rule.approver)),
      )
  }
}
