import { ATTACK_NAMES, type Attack, type AttackCase, type AttackName, type AttackResult } from './attack.ts'
import { evidenceSwap, stackedCandidates, staleEvidence } from './attacks-on-evidence.ts'
import {
  biasedCohortRegression,
  extrapolation,
  marginCollapse,
  thinSegment,
  thresholdGaming,
  violationLaundering,
} from './attacks-on-figures.ts'
import { policyBypass, protectedAttribute } from './attacks-on-policy.ts'

/** The corpus: every candidate meets every one. */
export const ATTACKS: Readonly<Record<AttackName, Attack>> = {
  margin_collapse: marginCollapse,
  policy_bypass: policyBypass,
  biased_cohort_regression: biasedCohortRegression,
  violation_laundering: violationLaundering,
  threshold_gaming: thresholdGaming,
  thin_segment: thinSegment,
  extrapolation,
  stacked_candidates: stackedCandidates,
  evidence_swap: evidenceSwap,
  stale_evidence: staleEvidence,
  protected_attribute: protectedAttribute,
}

/** All results in the order of ATTACK_NAMES, and whether the candidate may go on. */
export interface SafetyEvaluation {
  readonly passed: boolean
  readonly attacks: readonly AttackResult[]
  /** Attacks that refuse approval: blocked ones, and unknown ones that the thresholds require. */
  readonly blocking: readonly AttackName[]
}

/** Runs the whole corpus over one candidate. */
export function attackCandidate(attacked: AttackCase): SafetyEvaluation {
  const attacks = ATTACK_NAMES.map(attack => ({ attack, ...ATTACKS[attack](attacked) }))
  const blocking = blockingAttacks(attacks, attacked.thresholds.guardrails.not_required)
  return { passed: blocking.length === 0, attacks, blocking }
}

/** Unknown blocks like a block, unless the measure is declared not required; a block is never excused. */
export const blockingAttacks = (
  attacks: readonly AttackResult[],
  notRequired: readonly string[],
): readonly AttackName[] =>
  attacks
    .filter(
      ({ attack, outcome }) =>
        outcome === 'blocked' || (outcome === 'unknown' && !notRequired.includes(attack)),
    )
    .map(({ attack }) => attack)
