import type { AttributeName } from '../../domain/expression.ts'
import type { CheckedRule } from '../../domain/policy.ts'
import { ABSENT, type Code, conditionCode, TRUE, type Variable } from './condition-code.ts'
import type { LoopParts } from './loop-parts.ts'
import type { Run } from './runs.ts'
import type { SettledRule } from './settle.ts'
import type { PreparedSnapshot } from './snapshot.ts'

/** What one row's decision is called in the text of a loop: names or expressions, null where it is so on no row. */
export interface DecidingText {
  readonly lines: string
  readonly marginBps: string | null
  /** True where a rule ends absent. */
  readonly absent: string | null
  /** True where a floor matches and no cost is known. */
  readonly costNeeded: string | null
  /** 0 or 1. */
  readonly approval: string
  /** Rules other than caps, with 0 or 1 for what they do: an approval called, a floor undercut, a prohibition met. */
  readonly effects: readonly RuleHit[]
  /** Caps, with 0 or 1 for lying below what was requested. */
  readonly capHits: readonly RuleHit[]
}

/** A rule and the bitwise code of whether it has an effect. */
export interface RuleHit {
  readonly rule: CheckedRule
  readonly hit: string
}

/** The variables of a run's loop. The discount is the requested one for caps, the granted one for all others. */
export function variablesOf(
  run: Run,
  snapshot: PreparedSnapshot,
  parts: LoopParts,
  discountBps: () => string,
) {
  const text = (column: PreparedSnapshot['segment']): Variable => ({
    kind: 'text',
    name: parts.column(column.codes),
    keys: column.keys,
    nullable: false,
  })
  const integer = (name: string, nullable = false): Variable => ({ kind: 'integer', name, nullable })
  return (attribute: AttributeName): Variable => {
    switch (attribute) {
      case 'list_cents':
        return integer(parts.column(snapshot.listCents))
      case 'cost_cents':
        return integer(parts.column(snapshot.costCents))
      case 'requested_discount_bps':
        return integer(parts.column(snapshot.requestedDiscountBps))
      case 'discount_bps':
        return integer(discountBps())
      case 'margin_bps':
        return integer('marginBps')
      case 'segment':
        return text(snapshot.segment)
      case 'region':
        return text(snapshot.region)
      case 'product_family':
        return text(snapshot.productFamily)
      default: {
        const column = snapshot.attributes.get(attribute.slice('attr.'.length))
        if (column === undefined) throw new RangeError(`no column ${attribute}: its conditions are settled`)
        return column.kind === 'integer'
          ? integer(parts.column(column.values), !run.present.has(attribute))
          : { kind: 'text', name: parts.column(column.codes), keys: column.keys, nullable: true }
      }
    }
  }
}

/** Up to here the rounded quotients below are exact in doubles: see plainNet and plainMargin. */
const LIST_CENTS_PLAIN = 2 ** 35
const COST_CENTS_PLAIN = 2 ** 38

/** The text that decides the row at hand. */
export function decidingText(
  rules: readonly SettledRule[],
  run: Run,
  snapshot: PreparedSnapshot,
  parts: LoopParts,
): DecidingText {
  const requested = parts.column(snapshot.requestedDiscountBps)
  const list = parts.column(snapshot.listCents)
  const cost = run.costKnown ? parts.column(snapshot.costCents) : null
  const caps = rules.filter(({ rule }) => rule.kind === 'discount_cap')
  const others = rules.filter(({ rule }) => rule.kind !== 'discount_cap')
  const lines = [`let granted = ${requested}`]
  const absences: string[] = []
  let names = 0
  const holds = (code: Code): string => {
    if (code.text === '1' && code.total) return '1'
    const name = `k${names++}`
    lines.push(`const ${name} = ${code.text}`)
    if (code.total) return name
    absences.push(`(${name} === ${ABSENT})`)
    return `(${name} === ${TRUE})`
  }
  const always = caps.filter(({ condition }) => condition.kind === 'truth' && condition.value === true)
  const capHits: RuleHit[] = always.map(({ rule }) => ({
    rule,
    hit: `(${parts.constant(limitOf(rule))} < ${requested})`,
  }))
  if (always.length > 0) {
    const cap = parts.constant(Math.min(...always.map(({ rule }) => limitOf(rule))))
    lines.push(`if (${cap} < granted) granted = ${cap}`)
  }
  const asRequested = variablesOf(run, snapshot, parts, () => requested)
  for (const each of caps.filter(other => !always.includes(other))) {
    const test = holds(conditionCode(each.condition, asRequested, parts))
    const cap = parts.constant(limitOf(each.rule))
    lines.push(`if (${test} & (${cap} < granted)) granted = ${cap}`)
    capHits.push({ rule: each.rule, hit: `(${test} & (${cap} < ${requested}))` })
  }
  const plain =
    run.listCentsMax <= LIST_CENTS_PLAIN &&
    run.costCentsMax <= COST_CENTS_PLAIN &&
    run.requestedBpsMin >= 0 &&
    caps.every(({ rule }) => limitOf(rule) >= 0)
  lines.push(`const net = ${plain ? plainNet(list) : `netOf(${list}, granted)`}`)
  if (cost !== null) lines.push(plain ? plainMargin(cost) : `const marginBps = marginOf(net, ${cost})`)

  const asGranted = variablesOf(run, snapshot, parts, () => 'granted')
  const floorsWithoutCost: string[] = []
  const effects = others.flatMap(({ rule, condition }) => {
    const test = holds(conditionCode(condition, asGranted, parts))
    if (rule.kind !== 'margin_floor') return [{ rule, hit: `(${test} & 1)` }]
    if (cost !== null) return [{ rule, hit: `(${test} & (marginBps < ${parts.constant(limitOf(rule))}))` }]
    floorsWithoutCost.push(test)
    return []
  })
  const approvals = effects.filter(({ rule }) => rule.kind === 'approval').map(({ hit }) => hit)
  return {
    lines: lines.join('\n'),
    marginBps: cost === null ? null : 'marginBps',
    absent: anyOf(absences),
    costNeeded: anyOf(floorsWithoutCost),
    approval: anyOf(approvals) ?? '0',
    effects,
    capHits,
  }
}

export const limitOf = (rule: CheckedRule): number => rule.limitBps as number

const anyOf = (tests: readonly string[]): string | null =>
  tests.length === 0 ? null : `(${tests.join(' | ')})`

/**
 * `list - div(list * granted, 10000)` for granted >= 0: the product stays below 2^53 and the quotient below 2^36, where doubles lie closer
 * than 1/10000, so that the rounded division never crosses an integer.
 */
const plainNet = (list: string): string => `${list} - Math.floor((${list} * granted + 5000) / 10000)`

/**
 * `div((net - cost) * 10000, net)`, not below -100000, for 0 <= net < 2^36. Unless it is a half, the true quotient lies at least
 * 1 / (2 * net) > 2^-37 from every half, and doubles below 2^17 lie 2^-36 apart: the rounded quotient is on the same side of
 * each half, or on it.
 */
const plainMargin = (cost: string): string => `const quotient = (net - ${cost}) * 10000 / net
const marginBps = net === 0 ? -100000 : quotient < 0 ? Math.max(-100000, Math.ceil(quotient - 0.5)) : Math.floor(quotient + 0.5)`
