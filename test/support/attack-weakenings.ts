import type { Attack, AttackCase, AttackName } from '../../src/domain/attack.ts'
import type { NudgeSide } from '../../src/domain/threshold-nudge.ts'

/** One way in which a check could be weaker than it is. The corpus must hold a case that notices. */
export interface Weakening {
  readonly attack: AttackName
  readonly weakness: string
  /** What the weakened check would see. */
  readonly seen?: (attacked: AttackCase) => AttackCase
  /** What it would conclude. */
  readonly instead?: Attack
}

const passing: ReturnType<Attack> = {
  outcome: 'passed',
  measured: 0,
  limit: 0,
  reason: 'weakened',
  contributors: [],
  smallest_set: [],
}
const blocking = (measured: number): ReturnType<Attack> => ({ ...passing, outcome: 'blocked', measured })

const see = (
  attack: AttackName,
  weakness: string,
  seen: (attacked: AttackCase) => AttackCase,
): Weakening => ({ attack, weakness, seen })
const conclude = (attack: AttackName, weakness: string, instead: Attack): Weakening => ({
  attack,
  weakness,
  instead,
})

const withoutSide = (side: NudgeSide): Weakening =>
  see('threshold_gaming', `escapes along ${side} are not looked for`, attacked => {
    const { just_under, just_under_by_side } = attacked.scan
    return {
      ...attacked,
      scan: {
        ...attacked.scan,
        just_under: { ...just_under, quotes: just_under.quotes - just_under_by_side[side] },
      },
    }
  })

const staleUnnoticed = (input: 'snapshot_digest' | 'model_digest' | 'thresholds_digest'): Weakening =>
  see('stale_evidence', `another ${input} is not noticed`, attacked => ({
    ...attacked,
    current: { ...attacked.current, [input]: attacked.report.inputs[input] },
  }))

const swapUnnoticed = (input: 'base_policy_digest' | 'proposed_policy_digest'): Weakening =>
  see('evidence_swap', `another ${input} is not noticed`, attacked => ({
    ...attacked,
    current: { ...attacked.current, [input]: attacked.report.inputs[input] },
  }))

const limitOf = ({ base }: AttackCase, id: string) => base.rules.find(rule => rule.id === id)

/** Named weakenings of the checks themselves; that a check is missing, or a limit looser, is tried for all of them besides. */
export const WEAKENINGS: readonly Weakening[] = [
  conclude(
    'margin_collapse',
    'the mean margin is judged instead of the share of quotes',
    ({ report, thresholds }) =>
      -(report.projected_margin_delta_bps ?? 0) > thresholds.attacks.margin_collapse.max_margin_loss_bps
        ? blocking(-(report.projected_margin_delta_bps ?? 0))
        : passing,
  ),
  see('biased_cohort_regression', 'regions are not looked at', attacked => ({
    ...attacked,
    report: { ...attacked.report, by_region: {} },
  })),
  see('biased_cohort_regression', 'segments are not looked at', attacked => ({
    ...attacked,
    report: { ...attacked.report, by_segment: {} },
  })),
  conclude('policy_bypass', 'limits are compared and conditions are not', attacked => {
    const looser = attacked.candidate.rules.filter(rule => {
      const before = limitOf(attacked, rule.id)
      return rule.protected && (before?.limitBps ?? 0) > (rule.limitBps ?? 0)
    })
    return looser.length > 0
      ? { ...blocking(looser.length), smallest_set: looser.map(rule => rule.id) }
      : passing
  }),
  conclude('policy_bypass', 'only violations in the history are looked at', ({ report, base }) =>
    (report.projected_hard_violation_delta ?? 0) !== 0
      ? { ...blocking(1), smallest_set: base.rules.filter(rule => rule.protected).map(rule => rule.id) }
      : passing,
  ),
  see('policy_bypass', 'a rule that lost its protection still counts as stopping', attacked => ({
    ...attacked,
    candidate: {
      ...attacked.candidate,
      rules: attacked.candidate.rules.map(rule => ({ ...rule, protected: true })),
    },
  })),
  conclude('violation_laundering', 'missing cost is not counted', ({ report }) =>
    report.counts.not_replayable.attribute_absent > 0
      ? { ...blocking(report.counts.not_replayable.attribute_absent), smallest_set: ['q00000'] }
      : passing,
  ),
  withoutSide('discount'),
  withoutSide('list_size'),
  withoutSide('margin'),
  see('thin_segment', 'what the response model calls thin is not asked for', attacked => ({
    ...attacked,
    thinSegments: [],
  })),
  see('extrapolation', 'the share of all quotes is judged instead of that of changed ones', attacked => ({
    ...attacked,
    scan: { ...attacked.scan, impacted: { ...attacked.scan.impacted, quotes: attacked.scan.scored } },
  })),
  see('extrapolation', 'a new sign-off at the old price counts as seen', attacked => ({
    ...attacked,
    scan: {
      ...attacked.scan,
      extrapolated: {
        ...attacked.scan.extrapolated,
        quotes: attacked.report.projected_margin_delta_bps === 0 ? 0 : attacked.scan.extrapolated.quotes,
      },
    },
  })),
  see('extrapolation', 'the fitted response is believed where nobody has been', attacked => ({
    ...attacked,
    report: {
      ...attacked.report,
      support: {
        ...attacked.report.support,
        worst_case_expected_margin_delta_cents_per_quote:
          attacked.report.inputs.model_digest === null
            ? null
            : Math.max(0, attacked.report.support.worst_case_expected_margin_delta_cents_per_quote ?? 0),
      },
    },
  })),
  see('stacked_candidates', 'unions of three are not tried', attacked => ({
    ...attacked,
    unions: attacked.unions.filter(union => union.withCandidateIds.length < 2),
  })),
  see('stacked_candidates', 'unions of two are not tried', attacked => ({
    ...attacked,
    unions: attacked.unions.filter(union => union.withCandidateIds.length > 1),
  })),
  see('evidence_swap', 'the candidate that a report names is not read', attacked => ({
    ...attacked,
    report: { ...attacked.report, candidate_id: attacked.candidateId },
  })),
  swapUnnoticed('base_policy_digest'),
  swapUnnoticed('proposed_policy_digest'),
  see('stale_evidence', 'another engine version is not noticed', attacked => ({
    ...attacked,
    report: { ...attacked.report, engine_version: attacked.current.engine_version },
  })),
  staleUnnoticed('snapshot_digest'),
  staleUnnoticed('model_digest'),
  staleUnnoticed('thresholds_digest'),
  see('protected_attribute', 'names alone are read, associations are not measured', attacked => ({
    ...attacked,
    scan: { ...attacked.scan, proxies: [] },
  })),
  see('protected_attribute', 'associations alone are measured, names are not read', attacked => ({
    ...attacked,
    thresholds: {
      ...attacked.thresholds,
      evidence: { ...attacked.thresholds.evidence, protected_attributes: [] },
    },
  })),
  see('protected_attribute', 'the list of the thresholds is not read, only the usual words', attacked => ({
    ...attacked,
    thresholds: {
      ...attacked.thresholds,
      evidence: { ...attacked.thresholds.evidence, protected_attributes: ['age', 'gender', 'birth'] },
    },
  })),
]
