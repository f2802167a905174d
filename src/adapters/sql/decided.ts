import { MARGIN_BPS_MIN } from '../../domain/arithmetic.ts'
import type { Expression } from '../../domain/expression.ts'
import type { CheckedPolicy, CheckedRule } from '../../domain/policy.ts'
import { type ColumnOf, conditionSql, holds, isAbsent } from './condition.ts'
import { anyOf, type Dialect, divHalfAway, oneWhere, withColumns } from './dialect.ts'

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

/** What do both policies decide on each quote of `quotes`? One step of the arithmetic a stage; NULL is absent. */
export function decidedSql(quotes: string, pair: PolicyPair, columnOf: ColumnOf, dialect: Dialect): string {
  const both = (of: (side: Side) => readonly string[]): readonly string[] => SIDES.flatMap(of)
  const stages = [
    both(side => matches(pair, side, columnOf, true, dialect)),
    both(side => [`${grantSql(pair[side], side, pair)} AS ${side}_granted`]),
    both(side => {
      const net = `list_cents - ${divHalfAway(dialect, `(list_cents * ${side}_granted)`, '10000')}`
      return [`${net} AS ${side}_net`, `${net} - cost_cents AS ${side}_profit`]
    }),
    both(side => [`${marginSql(side, dialect)} AS ${side}_margin`]),
    both(side => matches(pair, side, columnOf, false, dialect)),
    both(side => [
      `${anyOf(pair[side].rules.map(rule => isAbsent(matchOf(rule, side, pair))))} AS ${side}_absent`,
      `(cost_cents IS NULL AND ${anyMatch(pair, side, rule => rule.kind === 'margin_floor')}) AS ${side}_cost_absent`,
      `${oneWhere(anyMatch(pair, side, rule => rule.kind === 'approval'))} AS ${side}_approval`,
      ...pair.approvers.map(
        (approver, at) =>
          `${anyMatch(pair, side, rule => rule.kind === 'approval' && rule.approver === approver)} AS ${side}_approver_${at}`,
      ),
      ...pair.ruleIds.map((id, at) => `${effectSql(pair, side, id)} AS ${side}_effect_${at}`),
    ]),
  ]
  return stages.reduce(withColumns, quotes)
}

const isCap = (rule: CheckedRule): boolean => rule.kind === 'discount_cap'
const matchOf = (rule: CheckedRule, side: Side, { ruleIds }: PolicyPair): string =>
  `${side}_matches_${ruleIds.indexOf(rule.id)}`

const anyMatch = (pair: PolicyPair, side: Side, of: (rule: CheckedRule) => boolean): string =>
  anyOf(pair[side].rules.filter(of).map(rule => holds(matchOf(rule, side, pair))))

function matches(
  pair: PolicyPair,
  side: Side,
  columnOf: ColumnOf,
  caps: boolean,
  dialect: Dialect,
): readonly string[] {
  const withDecision: ColumnOf = attribute => {
    if (attribute === 'discount_bps') {
      return { sql: caps ? 'requested_discount_bps' : `${side}_granted`, kind: 'integer' }
    }
    return attribute === 'margin_bps' ? { sql: `${side}_margin`, kind: 'integer' } : columnOf(attribute)
  }
  const truth = (condition: Expression): string => conditionSql(condition, withDecision, dialect)
  return [
    // A column in any case, so that a stage never has an empty list.
    `1 AS ${side}_${caps ? 'caps' : 'rules'}_known`,
    ...pair[side].rules
      .filter(rule => isCap(rule) === caps)
      .map(rule => `${truth(rule.condition)} AS ${matchOf(rule, side, pair)}`),
  ]
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
