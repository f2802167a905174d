import type { CheckedPolicy } from '../../domain/policy.ts'

/** What a rule does to a quote, as one number: 0 nothing, 1 a violation, 2 + k an approval, CAP_EFFECT_OFFSET + limit a cap. */
export const VIOLATION_EFFECT = 1
const APPROVAL_EFFECT = 2
/** Limits are at least -100000, so caps never meet the numbers of approvals. */
export const CAP_EFFECT_OFFSET = 2 ** 30

/** One numbering of rules and approvers over all policies of a task, so that their bits can be compared. */
export interface EffectIndex {
  readonly ruleIds: readonly string[]
  readonly ruleAt: ReadonlyMap<string, number>
  /** 32-bit words that hold one bit per rule (violated) and one per approver (called). */
  readonly words: number
  ruleBit(ruleId: string): number
  approverBit(approver: string): number
  approverEffect(approver: string | null): number
}

export function effectIndexOf(policies: readonly CheckedPolicy[]): EffectIndex {
  const rules = policies.flatMap(policy => policy.rules)
  const ruleIds = [...new Set(rules.map(rule => rule.id))]
  const approvers = [...new Set(rules.flatMap(rule => rule.approver ?? []))]
  const ruleAt = new Map(ruleIds.map((id, at) => [id, at]))
  const approverAt = new Map(approvers.map((approver, at) => [approver, at]))
  return {
    ruleIds,
    ruleAt,
    words: Math.max(1, Math.ceil((ruleIds.length + approvers.length) / 32)),
    ruleBit: ruleId => ruleAt.get(ruleId) as number,
    approverBit: approver => ruleIds.length + (approverAt.get(approver) as number),
    approverEffect: approver =>
      APPROVAL_EFFECT + (approver === null ? 0 : 1 + (approverAt.get(approver) as number)),
  }
}

/**
 * The rules that changed a decision, as changedRules of the domain says: the effect differs, and for a cap the grant differs
 * too and the cap's limit is the grant of either policy. Writes their numbers and returns how many there are.
 */
export function changedRulesInto(
  changed: Int32Array,
  base: { readonly effects: Float64Array; readonly grantedBps: number },
  candidate: { readonly effects: Float64Array; readonly grantedBps: number },
): number {
  const regranted = base.grantedBps !== candidate.grantedBps
  let count = 0
  for (let rule = 0; rule < changed.length; rule += 1) {
    const was = base.effects[rule] as number
    const is = candidate.effects[rule] as number
    if (was === is) continue
    if (counts(was, base.grantedBps, regranted) || counts(is, candidate.grantedBps, regranted)) {
      changed[count] = rule
      count += 1
    }
  }
  return count
}

const CAP_EFFECTS_FROM = CAP_EFFECT_OFFSET - 200_000

function counts(effect: number, grantedBps: number, regranted: boolean): boolean {
  if (effect === 0) return false
  if (effect < CAP_EFFECTS_FROM) return true
  return regranted && effect - CAP_EFFECT_OFFSET === grantedBps
}
