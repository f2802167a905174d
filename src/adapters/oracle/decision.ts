import { type ConditionFacts, interpretCondition } from '../../domain/cel-interpreter.ts'
import type { NotReplayableReason } from '../../domain/decision.ts'
import type { Truth } from '../../domain/expression.ts'
import type { CheckedPolicy, Rule } from '../../domain/policy.ts'
import type { Quote } from '../../domain/quote.ts'

/** A rule as written, with its condition under the CEL library's interpreter. */
export interface OracleRule {
  readonly rule: Rule
  readonly truth: (facts: ConditionFacts) => Truth
}

export interface OracleDecision {
  readonly kind: 'decided'
  readonly granted: bigint
  readonly net: bigint
  /** null where the quote has no cost. */
  readonly profit: bigint | null
  readonly margin: bigint | null
  readonly approval: boolean
  readonly approvers: ReadonlySet<string>
  readonly violations: ReadonlySet<string>
  /** What each rule that has an effect does; a cap by its limit. */
  readonly effects: ReadonlyMap<string, string>
}

export interface OracleRefusal {
  readonly kind: 'not_replayable'
  readonly reason: NotReplayableReason
}

/** Reads the document itself, not the trees that the other engines compile. */
export const oracleRules = (policy: CheckedPolicy): readonly OracleRule[] =>
  policy.document.rules.map(rule => ({ rule, truth: interpretCondition(rule.when) }))

/** The formulas of the design, line by line, in wide integers. */
export function oracleDecision(rules: readonly OracleRule[], quote: Quote): OracleDecision | OracleRefusal {
  const requested = BigInt(quote.requestedDiscountBps)
  const list = BigInt(quote.listCents)

  const caps = rules.filter(({ rule }) => rule.kind === 'discount_cap')
  const others = rules.filter(({ rule }) => rule.kind !== 'discount_cap')
  const capTruths = caps.map(cap => cap.truth(factsOf(quote, cap.rule, requested, null)))
  if (capTruths.includes('absent')) return { kind: 'not_replayable', reason: 'attribute_absent' }

  const limits = caps.filter((_, at) => capTruths[at] === true).map(({ rule }) => limitOf(rule, 'cap_bps'))
  const granted = [requested, ...limits].reduce((lowest, limit) => (limit < lowest ? limit : lowest))
  const net = list - roundedHalfAway(list * granted, 10_000n)
  const profit = quote.costCents === null ? null : net - BigInt(quote.costCents)
  const margin = profit === null ? null : marginOf(profit, net)

  const otherTruths = others.map(other => other.truth(factsOf(quote, other.rule, granted, margin)))
  if (otherTruths.includes('absent')) return { kind: 'not_replayable', reason: 'attribute_absent' }
  const matching = others.filter((_, at) => otherTruths[at] === true).map(({ rule }) => rule)
  if (margin === null && matching.some(rule => rule.kind === 'margin_floor')) {
    return { kind: 'not_replayable', reason: 'cost_absent' }
  }

  const approvals = matching.filter(rule => rule.kind === 'approval')
  const violated = matching.filter(
    rule =>
      rule.kind === 'prohibit' ||
      (rule.kind === 'margin_floor' && (margin as bigint) < limitOf(rule, 'floor_bps')),
  )
  return {
    kind: 'decided',
    granted,
    net,
    profit,
    margin,
    approval: approvals.length > 0,
    approvers: new Set(approvals.flatMap(rule => rule.approver ?? [])),
    violations: new Set(violated.map(rule => rule.id)),
    effects: new Map([
      ...caps
        .filter(({ rule }, at) => capTruths[at] === true && limitOf(rule, 'cap_bps') < requested)
        .map(({ rule }) => [rule.id, `cap ${limitOf(rule, 'cap_bps')}`] as const),
      ...violated.map(rule => [rule.id, 'violation'] as const),
      ...approvals.map(rule => [rule.id, `approval ${JSON.stringify(rule.approver ?? null)}`] as const),
    ]),
  }
}

const limitOf = (rule: Rule, name: string): bigint => BigInt(rule.params?.[name] as number)

function factsOf(quote: Quote, rule: Rule, discount: bigint, margin: bigint | null): ConditionFacts {
  return {
    quote: {
      segment: quote.segment,
      region: quote.region,
      product_family: quote.productFamily,
      list_cents: quote.listCents,
      cost_cents: quote.costCents,
      requested_discount_bps: quote.requestedDiscountBps,
      discount_bps: Number(discount),
      margin_bps: margin === null ? null : Number(margin),
      ...Object.fromEntries(Object.entries(quote.attributes).map(([key, value]) => [`attr.${key}`, value])),
    },
    params: rule.params ?? {},
  }
}

function marginOf(profit: bigint, net: bigint): bigint {
  if (net === 0n) return -100_000n
  const margin = roundedHalfAway(profit * 10_000n, net)
  return margin < -100_000n ? -100_000n : margin
}

/** n / d to the nearest integer, halves away from zero. d > 0. */
export function roundedHalfAway(n: bigint, d: bigint): bigint {
  return n < 0n ? -((-2n * n + d) / (2n * d)) : (2n * n + d) / (2n * d)
}
