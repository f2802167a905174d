import { MARGIN_BPS_MIN } from '../../domain/arithmetic.ts'
import type { Expression } from '../../domain/expression.ts'
import type { CheckedPolicy, CheckedRule } from '../../domain/policy.ts'
import { type ColumnOf, conditionSql } from './condition.ts'

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

/** What do both policies decide on each quote in scope? One step of the arithmetic a stage; NULL is absent. */
export function decidedView(pair: PolicyPair, columnOf: ColumnOf, scope: string): string {
  const both = (of: (side: Side) => readonly string[]): string => SIDES.flatMap(of).join(',\n      ')
  return `
    CREATE OR REPLACE TEMP VIEW decided AS
    WITH in_scope AS (
      SELECT * FROM quotes WHERE ${scope}
    ),
    capped AS (
      SELECT *, ${both(side => matches(pair, side, columnOf, true))}
      FROM in_scope
    ),
    granted AS (
      SELECT *, ${both(side => [`${grantSql(pair[side], side, pair)} AS ${side}_granted`])}
      FROM capped
    ),
    priced AS (
      SELECT *, ${both(side => [`list_cents - div_half_away(list_cents * ${side}_granted, 10000) AS ${side}_net`])}
      FROM granted
    ),
    earned AS (
      SELECT *, ${both(side => [`${side}_net - cost_cents AS ${side}_profit`])}
      FROM priced
    ),
    margined AS (
      SELECT *, ${both(side => [`${marginSql(side)} AS ${side}_margin`])}
      FROM earned
    ),
    matched AS (
      SELECT *, ${both(side => matches(pair, side, columnOf, false))}
      FROM margined
    )
    SELECT *,
      ${both(side => [
        `${anyOf(pair[side].rules.map(rule => `${matchOf(rule, side, pair)} IS NULL`))} AS ${side}_absent`,
        `(cost_cents IS NULL AND ${anyMatch(pair, side, rule => rule.kind === 'margin_floor')}) AS ${side}_cost_absent`,
        `CAST(${anyMatch(pair, side, rule => rule.kind === 'approval')} AS INTEGER) AS ${side}_approval`,
        ...pair.approvers.map(
          (approver, at) =>
            `${anyMatch(pair, side, rule => rule.kind === 'approval' && rule.approver === approver)} AS ${side}_approver_${at}`,
        ),
        ...pair.ruleIds.map((id, at) => `${effectSql(pair, side, id)} AS ${side}_effect_${at}`),
      ])}
    FROM matched`
}

const isCap = (rule: CheckedRule): boolean => rule.kind === 'discount_cap'
const anyOf = (tests: readonly string[]): string => (tests.length === 0 ? 'false' : `(${tests.join(' OR ')})`)
const matchOf = (rule: CheckedRule, side: Side, { ruleIds }: PolicyPair): string =>
  `${side}_matches_${ruleIds.indexOf(rule.id)}`

const anyMatch = (pair: PolicyPair, side: Side, of: (rule: CheckedRule) => boolean): string =>
  `coalesce(${anyOf(pair[side].rules.filter(of).map(rule => matchOf(rule, side, pair)))}, false)`

function matches(pair: PolicyPair, side: Side, columnOf: ColumnOf, caps: boolean): readonly string[] {
  const withDecision: ColumnOf = attribute => {
    if (attribute === 'discount_bps') {
      return { sql: caps ? 'requested_discount_bps' : `${side}_granted`, kind: 'integer' }
    }
    return attribute === 'margin_bps' ? { sql: `${side}_margin`, kind: 'integer' } : columnOf(attribute)
  }
  const truth = (condition: Expression): string => conditionSql(condition, withDecision)
  return [
    // A column in any case, so that a stage never has an empty list.
    `true AS ${side}_${caps ? 'caps' : 'rules'}_known`,
    ...pair[side].rules
      .filter(rule => isCap(rule) === caps)
      .map(rule => `${truth(rule.condition)} AS ${matchOf(rule, side, pair)}`),
  ]
}

const grantSql = ({ rules }: CheckedPolicy, side: Side, pair: PolicyPair): string =>
  `least(${[
    'requested_discount_bps',
    ...rules
      .filter(isCap)
      .map(
        rule =>
          `CASE WHEN ${matchOf(rule, side, pair)} THEN ${rule.limitBps} ELSE requested_discount_bps END`,
      ),
  ].join(', ')})`

const marginSql = (side: Side): string => `
        CASE
          WHEN ${side}_profit IS NULL THEN NULL
          WHEN ${side}_net = 0 THEN ${MARGIN_BPS_MIN}
          ELSE greatest(${MARGIN_BPS_MIN}, div_half_away(${side}_profit * 10000, ${side}_net))
        END`

function effectSql(pair: PolicyPair, side: Side, ruleId: string): string {
  const rule = pair[side].rules.find(each => each.id === ruleId)
  if (rule === undefined) return '0'
  const match = matchOf(rule, side, pair)
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
