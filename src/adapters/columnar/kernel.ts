import type { CheckedPolicy, CheckedRule } from '../../domain/policy.ts'
import { compiledLoop } from './compiled-loop.ts'
import { decidingText } from './deciding-text.ts'
import { ChangedRules, type EffectIndex, type EffectMeaning, effectMeaning } from './effect-index.ts'
import { fastMarginBps, fastNetCents } from './fast-arithmetic.ts'
import { type LoopInputs, LoopParts } from './loop-parts.ts'
import { knownIn, type Run } from './runs.ts'
import { type SettledRule, settlePolicy } from './settle.ts'
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
  readonly grantedBps: Float64Array
  readonly netCents: Float64Array
  /** NaN without cost. */
  readonly marginBps: Float64Array
  readonly approval: Uint8Array
  readonly violations: Int32Array
  /** Bits of EffectIndex: rules that have an effect and approvers called. */
  readonly words: Int32Array
}

export const emptyDecisions = (words: number): BlockDecisions => ({
  status: new Uint8Array(BLOCK_ROWS),
  grantedBps: new Float64Array(BLOCK_ROWS),
  netCents: new Float64Array(BLOCK_ROWS),
  marginBps: new Float64Array(BLOCK_ROWS),
  approval: new Uint8Array(BLOCK_ROWS),
  violations: new Int32Array(BLOCK_ROWS),
  words: new Int32Array(BLOCK_ROWS * words),
})

type Decide = (
  inputs: LoopInputs,
  count: number,
  rows: Int32Array,
  out: BlockDecisions,
  netOf: typeof fastNetCents,
  marginOf: typeof fastMarginBps,
) => void

interface Loop {
  readonly inputs: LoopInputs
  readonly run: Decide
}

/** A policy as loops over the rows of one run. */
export class RunKernel {
  readonly #rules: readonly SettledRule[]
  readonly #of: { readonly run: Run; readonly snapshot: PreparedSnapshot; readonly index: EffectIndex }
  #decide: Loop | null = null
  #changes: { readonly base: RunKernel; readonly rules: ChangedRules } | null = null
  #meaning: string | null = null

  constructor(
    rules: readonly SettledRule[],
    of: { run: Run; snapshot: PreparedSnapshot; index: EffectIndex },
  ) {
    this.#rules = rules
    this.#of = of
  }

  /** Whether both do the same to every row of the run, as far as what is left of their rules tells. */
  means(other: RunKernel): boolean {
    return this.#text() === other.#text()
  }

  /** Decides `count` rows of the run, given by number. */
  decide(count: number, rows: Int32Array, out: BlockDecisions): void {
    this.#decide ??= this.#decidingLoop()
    this.#decide.run(this.#decide.inputs, count, rows, out, fastNetCents, fastMarginBps)
  }

  /** What tells the rules that changed a decision of `base`. */
  changesOf(base: RunKernel): ChangedRules {
    if (this.#changes?.base !== base) {
      const rules = new ChangedRules(base.#meaningOfBits(), this.#meaningOfBits(), this.#of.index)
      this.#changes = { base, rules }
    }
    return this.#changes.rules
  }

  #meaningOfBits(): EffectMeaning {
    return effectMeaning(
      this.#rules.map(({ rule }) => rule),
      this.#of.index,
    )
  }

  #text(): string {
    this.#meaning ??= JSON.stringify(
      this.#rules.map(({ rule, condition }) => [rule.id, rule.kind, rule.limitBps, rule.approver, condition]),
    )
    return this.#meaning
  }

  #decidingLoop(): Loop {
    const { run, snapshot, index } = this.#of
    const parts = new LoopParts()
    const deciding = decidingText(this.#rules, run, snapshot, parts)
    const { absent, costNeeded, marginBps, approval, effects, capHits } = deciding
    const violations = effects.filter(({ rule }) => rule.kind !== 'approval').map(({ hit }) => hit)
    const words = Array.from({ length: index.words }, (_, word) => {
      const bits = [...effects, ...capHits].flatMap(({ rule, hit }) => {
        const mask = maskOf(rule, index, word)
        return mask === 0 ? [] : [`(-${hit} & ${parts.constant(mask)})`]
      })
      return `out.words[at * ${index.words} + ${word}] = ${bits.length === 0 ? '0' : bits.join(' | ')}`
    })
    const text = `${parts.bindings}
const { status, grantedBps, netCents, approval, violations } = out
for (let at = 0; at < count; at += 1) {
const row = rows[at]
${parts.loads}
${deciding.lines}
${absent === null ? '' : `if (${absent}) { status[at] = ${ATTRIBUTE_ABSENT}; continue }`}
${costNeeded === null ? '' : `if (${costNeeded}) { status[at] = ${COST_ABSENT}; continue }`}
status[at] = ${DECIDED}
grantedBps[at] = granted
netCents[at] = net
out.marginBps[at] = ${marginBps ?? 'NaN'}
approval[at] = ${approval}
violations[at] = ${violations.length === 0 ? '0' : violations.join(' + ')}
${words.join('\n')}
}`
    const parameters = ['inputs', 'count', 'rows', 'out', 'netOf', 'marginOf']
    return { inputs: parts.inputs, run: compiledLoop<Decide>(parameters, text) }
  }
}

/** A policy over a snapshot, settled run by run when first asked for. */
export class Kernel {
  readonly #policy: CheckedPolicy
  readonly #snapshot: PreparedSnapshot
  readonly #index: EffectIndex
  readonly #runs: RunKernel[] = []

  constructor(policy: CheckedPolicy, snapshot: PreparedSnapshot, index: EffectIndex) {
    this.#policy = policy
    this.#snapshot = snapshot
    this.#index = index
  }

  /** The loops for the rows of a run, by its number. */
  over(number: number): RunKernel {
    const known = this.#runs[number]
    if (known !== undefined) return known
    const snapshot = this.#snapshot
    const run = snapshot.runs[number] as Run
    const rules = settlePolicy(this.#policy, knownIn(run, snapshot.attributes))
    const made = new RunKernel(rules, { run, snapshot, index: this.#index })
    this.#runs[number] = made
    return made
  }
}

/** The bits of a rule, and of whom it calls, in one word. */
function maskOf(rule: CheckedRule, index: EffectIndex, word: number): number {
  const bits = [index.ruleBit(rule.id), ...(rule.approver === null ? [] : [index.approverBit(rule.approver)])]
  return bits.filter(bit => bit >> 5 === word).reduce((mask, bit) => mask | (1 << (bit & 31)), 0)
}
