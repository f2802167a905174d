import type { CheckedPolicy, CheckedRule } from '../../domain/policy.ts'
import type { Bps } from '../../domain/units.ts'

/**
 * One numbering of rules and approvers over all policies of a task: a bit for each rule, set where it has an effect, and one for
 * each approver, set where he is called. Bits lie in 32-bit words, so that what two policies do can be compared by words.
 */
export interface EffectIndex {
  readonly ruleIds: readonly string[]
  readonly words: number
  /** Words with the bits of all approvers. */
  readonly approvers: Int32Array
  ruleBit(ruleId: string): number
  approverBit(approver: string): number
}

export function effectIndexOf(policies: readonly CheckedPolicy[]): EffectIndex {
  const rules = policies.flatMap(policy => policy.rules)
  const ruleIds = [...new Set(rules.map(rule => rule.id))]
  const approvers = [...new Set(rules.flatMap(rule => rule.approver ?? []))]
  const ruleAt = new Map(ruleIds.map((id, at) => [id, at]))
  const approverAt = new Map(approvers.map((approver, at) => [approver, ruleIds.length + at]))
  const words = Math.max(1, Math.ceil((ruleIds.length + approvers.length) / 32))
  return {
    ruleIds,
    words,
    approvers: wordsWith([...approverAt.values()], words),
    ruleBit: ruleId => ruleAt.get(ruleId) as number,
    approverBit: approver => approverAt.get(approver) as number,
  }
}

function wordsWith(bits: readonly number[], words: number): Int32Array {
  const made = new Int32Array(words)
  for (const bit of bits) made[bit >> 5] = (made[bit >> 5] as number) | (1 << (bit & 31))
  return made
}

/** What the bits of one policy's rules mean. */
export interface EffectMeaning {
  /** Floors and prohibitions, and all approvers: what an impacted quote may differ in besides grant and approval. */
  readonly shown: Int32Array
  readonly caps: Int32Array
  readonly ruleByBit: ReadonlyMap<number, CheckedRule>
  /** Limits of caps by bit. */
  readonly capBps: Float64Array
}

export function effectMeaning(rules: readonly CheckedRule[], index: EffectIndex): EffectMeaning {
  const bitsOf = (kept: readonly CheckedRule[]): number[] => kept.map(rule => index.ruleBit(rule.id))
  const violating = rules.filter(rule => rule.kind === 'margin_floor' || rule.kind === 'prohibit')
  const caps = rules.filter(rule => rule.kind === 'discount_cap')
  const capBps = new Float64Array(32 * index.words).fill(Number.NaN)
  for (const cap of caps) capBps[index.ruleBit(cap.id)] = cap.limitBps as Bps
  return {
    capBps,
    shown: wordsWith(bitsOf(violating), index.words).map(
      (word, at) => word | (index.approvers[at] as number),
    ),
    caps: wordsWith(bitsOf(caps), index.words),
    ruleByBit: new Map(rules.map(rule => [index.ruleBit(rule.id), rule])),
  }
}

/** Finds the rules that changed a decision, as changedRules of the domain says. */
export class ChangedRules {
  /** Bits of the rules found last. */
  readonly words: Int32Array
  readonly #base: EffectMeaning
  readonly #candidate: EffectMeaning
  readonly #approvers: Int32Array
  /** Rules that have another effect under each policy, where both have one. */
  readonly #other: Int32Array

  constructor(base: EffectMeaning, candidate: EffectMeaning, index: EffectIndex) {
    this.#base = base
    this.#candidate = candidate
    this.#approvers = index.approvers
    this.words = new Int32Array(index.words)
    const other = [...base.ruleByBit].filter(([bit, rule]) => {
      const after = candidate.ruleByBit.get(bit)
      return after !== undefined && !sameEffect(rule, after)
    })
    this.#other = wordsWith(
      other.map(([bit]) => bit),
      index.words,
    )
  }

  /** Whether the words show another violation or approver. */
  shows(was: Int32Array, is: Int32Array, from: number): boolean {
    for (let word = 0; word < this.words.length; word += 1) {
      const before = (was[from + word] as number) & (this.#base.shown[word] as number)
      const after = (is[from + word] as number) & (this.#candidate.shown[word] as number)
      if (before !== after) return true
    }
    return false
  }

  /** Looks at words from `from` on and the grants; the answer is in `words`. */
  find(was: Int32Array, is: Int32Array, from: number, grantedWas: Bps, grantedIs: Bps): void {
    for (let word = 0; word < this.words.length; word += 1) {
      const before = was[from + word] as number
      const after = is[from + word] as number
      const differs =
        ((before ^ after) | (before & after & (this.#other[word] as number))) &
        ~(this.#approvers[word] as number)
      const capBefore = before & (this.#base.caps[word] as number)
      const capAfter = after & (this.#candidate.caps[word] as number)
      let changed = differs & ((before & ~capBefore) | (after & ~capAfter))
      if (grantedWas !== grantedIs) {
        changed |= boundBits(differs & capBefore, word, this.#base, grantedWas)
        changed |= boundBits(differs & capAfter, word, this.#candidate, grantedIs)
      }
      this.words[word] = changed
    }
  }
}

/** The caps among the bits whose limit is the grant. */
function boundBits(bits: number, word: number, { capBps }: EffectMeaning, granted: Bps): number {
  let bound = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) {
    const place = 31 - Math.clz32(rest & -rest)
    if (capBps[32 * word + place] === granted) bound |= 1 << place
  }
  return bound
}

/** Whether a rule that has an effect under both policies has the same. */
function sameEffect(before: CheckedRule, after: CheckedRule): boolean {
  if (before.kind === 'discount_cap' || after.kind === 'discount_cap') {
    return before.kind === after.kind && before.limitBps === after.limitBps
  }
  if (before.kind === 'approval' || after.kind === 'approval') {
    return before.kind === after.kind && before.approver === after.approver
  }
  return true
}
