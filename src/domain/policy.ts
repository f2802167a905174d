import type { Expression } from './expression.ts'
import type { Bps } from './units.ts'

export const RULE_KINDS = ['discount_cap', 'margin_floor', 'approval', 'prohibit'] as const
export type RuleKind = (typeof RULE_KINDS)[number]

/** The range in which the optimizer may move a parameter: min <= value <= max, in steps from min. */
export interface TuneRange {
  readonly min: number
  readonly max: number
  readonly step: number
}

/** One rule as written (schema `clo_policy.v1`). Keys that were not written are absent, so that the document's bytes stay. */
export interface Rule {
  readonly id: string
  readonly kind: RuleKind
  /** CEL text, see the fragment in SPEC.md. */
  readonly when: string
  /** discount_cap needs `cap_bps`, margin_floor needs `floor_bps`; any other name may be used by `when` as `params.name`. */
  readonly params?: Readonly<Record<string, number>>
  readonly tune?: Readonly<Record<string, TuneRange>>
  /** No candidate may remove, narrow, disable or loosen a protected rule. */
  readonly protected?: boolean
  /** Who signs, on approval rules. */
  readonly approver?: string
  readonly rationale?: string
}

export interface PolicyDocument {
  readonly schema: 'clo_policy.v1'
  readonly name: string
  readonly rules: readonly Rule[]
}

/** A rule that passed the check: its condition as a tree with parameters filled in. */
export interface CheckedRule {
  readonly id: string
  readonly kind: RuleKind
  readonly condition: Expression
  /** `cap_bps` of a discount_cap, `floor_bps` of a margin_floor, null otherwise. */
  readonly limitBps: Bps | null
  readonly approver: string | null
  readonly protected: boolean
}

/** A policy that passed the check, ready to be evaluated. */
export interface CheckedPolicy {
  readonly document: PolicyDocument
  readonly rules: readonly CheckedRule[]
}

export type RuleOperation = 'add' | 'update' | 'remove'

/**
 * One change of a candidate diff. `field` is a parameter's name, `when`, or `rule` for a whole rule added (`from` null, `to`
 * the rule) or removed (`from` the rule, `to` null). JSON names, as people and scripts hand it in.
 */
export interface RuleDiff {
  readonly rule_id: string
  readonly operation: RuleOperation
  readonly field: string
  readonly from: Rule | string | number | null
  readonly to: Rule | string | number | null
  readonly rationale: string
}

/** A proposed change of one exact base version. */
export interface CandidateDiff {
  readonly base_policy_version: number
  readonly rule_diffs: readonly RuleDiff[]
}
