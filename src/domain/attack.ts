import type { AttackScan } from './attack-scan.ts'
import type { CheckedPolicy } from './policy.ts'
import type { ReplayReport } from './replay-report.ts'
import type { Thresholds } from './thresholds.ts'
import type { CandidateId, Digest } from './units.ts'

export const ATTACK_NAMES = [
  'margin_collapse',
  'policy_bypass',
  'biased_cohort_regression',
  'violation_laundering',
  'threshold_gaming',
  'thin_segment',
  'extrapolation',
  'stacked_candidates',
  'evidence_swap',
  'stale_evidence',
  'protected_attribute',
] as const
export type AttackName = (typeof ATTACK_NAMES)[number]

/** Everything an attack may look at. Pure values: the same case always has the same outcome. */
export interface AttackCase {
  readonly candidateId: CandidateId
  readonly base: CheckedPolicy
  readonly candidate: CheckedPolicy
  readonly report: ReplayReport
  readonly scan: AttackScan
  readonly thresholds: Thresholds
  /** Segments the response model calls thin; empty without a model. */
  readonly thinSegments: readonly string[]
  /** What the report ought to stand on, as the store holds it now. */
  readonly current: CurrentEvidence
  readonly unions: readonly CandidateUnion[]
}

/** The evidence in force, to hold a report against. */
export interface CurrentEvidence {
  readonly engine_version: string
  readonly base_policy_digest: Digest
  readonly proposed_policy_digest: Digest
  readonly snapshot_digest: Digest
  readonly model_digest: Digest | null
  readonly thresholds_digest: Digest
}

/** The candidate together with one or two others in flight: what their union's replay failed that fewer of them pass. */
export interface CandidateUnion {
  readonly withCandidateIds: readonly CandidateId[]
  /** Guardrail codes that block the union and no part of it; null where the union was not replayed. */
  readonly newBlocks: readonly string[] | null
}

/** `blocked` and `unknown` both refuse approval, unless the thresholds declare the attack's measure not required. */
export type AttackOutcome = 'passed' | 'blocked' | 'unknown'

export interface AttackResult {
  readonly attack: AttackName
  readonly outcome: AttackOutcome
  /** In the unit of the limit; null where unknown. */
  readonly measured: number | null
  readonly limit: number
  readonly reason: string
  /** What drives an aggregate, greatest share first; at most five. */
  readonly contributors: readonly Contributor[]
  /** The fewest quotes (ids) or rules that still exhibit the attack; empty where it is not about single ones. */
  readonly smallest_set: readonly string[]
}

export interface Contributor {
  readonly key: string
  readonly measured: number
}

/** One predicate of the corpus. */
export type Attack = (attacked: AttackCase) => Omit<AttackResult, 'attack'>

export const CONTRIBUTORS_MAX = 5

/** Greatest measure first, then by key, so that the order never depends on the data's. */
export const topContributors = (all: readonly Contributor[]): readonly Contributor[] =>
  [...all]
    .sort((left, right) => right.measured - left.measured || (left.key < right.key ? -1 : 1))
    .slice(0, CONTRIBUTORS_MAX)
