import type { CheckedPolicy, CheckedRule } from '../../domain/policy.ts'
import { CodeParts, conditionCode, truthTests } from './condition-code.ts'
import type { EffectIndex } from './effect-index.ts'
import { CAP_EFFECT_OFFSET, VIOLATION_EFFECT } from './effect-index.ts'
import { fastMarginBps, fastNetCents } from './fast-arithmetic.ts'
import type { PreparedSnapshot } from './snapshot.ts'

/** Rows decided at a time: small enough for the processor's cache and for sums of one block to stay below 2^53. */
export const BLOCK_ROWS = 1024

export const DECIDED = 0
export const ATTRIBUTE_ABSENT = 1
export const COST_ABSENT = 2

/** Decisions of one policy on one block, by place in the block. */
export interface BlockDecisions {
  /** DECIDED, ATTRIBUTE_ABSENT or COST_ABSENT; the other arrays hold nothing of use where not decided. */
  readonly status: Uint8Array
  /** NaN where not decided. */
  readonly grantedBps: Float64Array
  readonly netCents: Float64Array
  /** NaN without cost. */
  readonly marginBps: Float64Array
  readonly approval: Uint8Array
  readonly violations: Int32Array
  /** Bits of EffectIndex: violated rules and approvers. */
  readonly words: Int32Array
}

export const emptyDecisions = (words: number): BlockDecisions => ({
  status: new Uint8Array(BLOCK_ROWS),
  grantedBps: new Float64Array(BLOCK_ROWS).fill(Number.NaN),
  netCents: new Float64Array(BLOCK_ROWS),
  marginBps: new Float64Array(BLOCK_ROWS),
  approval: new Uint8Array(BLOCK_ROWS),
  violations: new Int32Array(BLOCK_ROWS),
  words: new Int32Array(BLOCK_ROWS * words),
})

/** A policy as a loop. */
export interface Kernel {
  /** Decides `count` rows, given by number. Net and margin are taken from `base` where the grant is the same. */
  decide(count: number, rows: Int32Array, base: BlockDecisions, out: BlockDecisions): void
  /** Writes what each rule does to a decided row, by EffectIndex; `effects` must be zero before. */
  explain(row: number, grantedBps: number, marginBps: number, effects: Float64Array): void
}

type Factory = (
  snapshot: PreparedSnapshot,
  parts: CodeParts,
  netOf: typeof fastNetCents,
  marginOf: typeof fastMarginBps,
) => Kernel

/** Compiled text by source. Policies that differ in numbers or texts alone have the same source. */
const compiled = new Map<string, Factory>()
const COMPILED_MAX = 512

/** Makes the loop of a policy over a snapshot. The text is built from checked trees only and holds no text of the policy. */
export function kernelOf(policy: CheckedPolicy, snapshot: PreparedSnapshot, index: EffectIndex): Kernel {
  const parts = new CodeParts()
  const source = kernelSource(policy, snapshot, index, parts)
  let factory = compiled.get(source)
  if (factory === undefined) {
    factory = new Function('snapshot', 'parts', 'netOf', 'marginOf', source) as Factory
    if (compiled.size >= COMPILED_MAX) compiled.clear()
    compiled.set(source, factory)
  }
  return factory(snapshot, parts, fastNetCents, fastMarginBps)
}

function kernelSource(
  policy: CheckedPolicy,
  snapshot: PreparedSnapshot,
  index: EffectIndex,
  parts: CodeParts,
): string {
  const caps = policy.rules.filter(rule => rule.kind === 'discount_cap')
  const others = policy.rules.filter(rule => rule.kind !== 'discount_cap')
  const conditions = new Map(policy.rules.map(rule => [rule, conditionCode(rule.condition, snapshot, parts)]))
  const limits = new Map(
    policy.rules.flatMap(rule => (rule.limitBps === null ? [] : [[rule, parts.constant(rule.limitBps)]])),
  ) as ReadonlyMap<CheckedRule, string>
  const each = (rules: readonly CheckedRule[], line: (rule: CheckedRule, holds: Holds) => string): string =>
    rules
      .map((rule, at) => {
        const code = conditions.get(rule) as { text: string; total: boolean }
        const holds = truthTests(code, `k${at}`)
        return `      const k${at} = ${code.text}\n${line(rule, holds)}`
      })
      .join('\n')
  const loads = rowLoads(parts)
  return `'use strict'
${bindings(parts)}
return {
  decide(count, rows, base, out) {
    for (let at = 0; at < count; at += 1) {
      const row = rows[at]
${loads}
      let absent = false
      let granted = requestedBps
      {
      const discountBps = requestedBps, marginBps = NaN
${each(caps, (rule, holds) => `${markAbsent(holds)}      if (${holds.isTrue} && ${limits.get(rule)} < granted) granted = ${limits.get(rule)}`)}
      }
      if (absent) { out.status[at] = ${ATTRIBUTE_ABSENT}; out.grantedBps[at] = NaN; continue }
      const asBase = granted === base.grantedBps[at]
      const net = asBase ? base.netCents[at] : netOf(listCents, granted)
      const marginBps = asBase ? base.marginBps[at] : marginOf(net, costCents)
      const discountBps = granted
      let approval = 0, violations = 0, costNeeded = false
${words(index, word => `      let w${word} = 0`)}
${each(others, (rule, holds) => `${markAbsent(holds)}      ${effectLine(rule, holds, limits, index)}`)}
      if (absent || costNeeded) {
        out.status[at] = absent ? ${ATTRIBUTE_ABSENT} : ${COST_ABSENT}
        out.grantedBps[at] = NaN
        continue
      }
      out.status[at] = ${DECIDED}
      out.grantedBps[at] = granted
      out.netCents[at] = net
      out.marginBps[at] = marginBps
      out.approval[at] = approval
      out.violations[at] = violations
${words(index, word => `      out.words[at * ${index.words} + ${word}] = w${word}`)}
    }
  },
  explain(row, granted, marginBps, effects) {
${loads}
      {
      const discountBps = requestedBps
${each(caps, (rule, holds) => `      if (${holds.isTrue} && ${limits.get(rule)} < requestedBps) effects[${index.ruleAt.get(rule.id)}] = ${limits.get(rule)} + ${CAP_EFFECT_OFFSET}`)}
      }
      const discountBps = granted
${each(others, (rule, holds) => `      if (${violationTest(rule, holds, limits)}) effects[${index.ruleAt.get(rule.id)}] = ${effectCode(rule, index)}`)}
  },
}`
}

interface Holds {
  readonly isTrue: string
  readonly isAbsent: string | null
}

function bindings({ constants, tables, sets, attributes }: CodeParts): string {
  return [
    'const { listCents: LIST, costCents: COST, requestedDiscountBps: REQUESTED } = snapshot',
    'const SEGMENT = snapshot.segment.codes, REGION = snapshot.region.codes, FAMILY = snapshot.productFamily.codes',
    ...constants.map((_, at) => `const c${at} = parts.constants[${at}]`),
    ...tables.map((_, at) => `const t${at} = parts.tables[${at}]`),
    ...sets.map((_, at) => `const s${at} = parts.sets[${at}]`),
    ...attributes.map((column, at) => {
      const array = column.kind === 'text' ? 'codes' : 'values'
      return `const A${at} = parts.attributes[${at}].${array}`
    }),
  ].join('\n')
}

const rowLoads = ({ attributes }: CodeParts): string =>
  [
    'const listCents = LIST[row], costCents = COST[row], requestedBps = REQUESTED[row]',
    'const segmentCode = SEGMENT[row], regionCode = REGION[row], familyCode = FAMILY[row]',
    ...attributes.map((_, at) => `const a${at} = A${at}[row]`),
  ]
    .map(line => `      ${line}`)
    .join('\n')

const words = (index: EffectIndex, line: (word: number) => string): string =>
  Array.from({ length: index.words }, (_, word) => line(word)).join('\n')

const markAbsent = ({ isAbsent }: Holds): string =>
  isAbsent === null ? '' : `      if (${isAbsent}) absent = true\n`

const setBit = (bit: number): string => `w${bit >> 5} |= ${1 << (bit & 31)}`

function effectLine(
  rule: CheckedRule,
  holds: Holds,
  limits: ReadonlyMap<CheckedRule, string>,
  index: EffectIndex,
): string {
  switch (rule.kind) {
    case 'approval': {
      const bit = rule.approver === null ? '' : `; ${setBit(index.approverBit(rule.approver))}`
      return `if (${holds.isTrue}) { approval = 1${bit} }`
    }
    case 'margin_floor': {
      const violated = `{ violations += 1; ${setBit(index.ruleBit(rule.id))} }`
      return `if (${holds.isTrue}) { if (marginBps !== marginBps) costNeeded = true; else if (marginBps < ${limits.get(rule)}) ${violated} }`
    }
    default:
      return `if (${holds.isTrue}) { violations += 1; ${setBit(index.ruleBit(rule.id))} }`
  }
}

const violationTest = (rule: CheckedRule, holds: Holds, limits: ReadonlyMap<CheckedRule, string>): string =>
  rule.kind === 'margin_floor' ? `${holds.isTrue} && marginBps < ${limits.get(rule)}` : holds.isTrue

const effectCode = (rule: CheckedRule, index: EffectIndex): number =>
  rule.kind === 'approval' ? index.approverEffect(rule.approver) : VIOLATION_EFFECT
