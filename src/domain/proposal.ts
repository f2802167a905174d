import type { Proposal } from './appraisal.ts'
import { div } from './arithmetic.ts'
import type { FitnessAudit, FitnessVerdict } from './fitness-finding.ts'
import type { LifecycleStatus } from './lifecycle.ts'
import { moneyEstimateText, moneyText } from './money-text.ts'
import { overturningText } from './overturning.ts'
import { changeText, estimateText } from './packet-summary.ts'
import type { PolicyDocument, RuleDiff } from './policy.ts'
import type { Estimate, ReplayIntervals, SupportShares } from './replay-report.ts'
import type { Bps, CandidateId, Cents, PolicyVersion } from './units.ts'

/** Where a candidate came from. */
export const PROPOSAL_SOURCES = ['optimizer', 'diff', 'revert'] as const
export type ProposalSource = (typeof PROPOSAL_SOURCES)[number]

/** A candidate as `policy-opt propose` and `show` print it, JSON names. */
export interface ProposedCandidate {
  readonly candidate_id: CandidateId
  readonly base_policy_version: PolicyVersion
  readonly proposed_policy_version: PolicyVersion
  readonly status: LifecycleStatus
  /** What the optimizer chose it for; null for a change that somebody brought. */
  readonly chosen_for: Proposal['kind'] | null
  readonly rule_diffs: readonly RuleDiff[]
  readonly policy: PolicyDocument
  readonly estimates: ProposalEstimates
  readonly support: Pick<SupportShares, 'observed_bps' | 'reweighted_bps' | 'extrapolated_bps'>
  readonly robust_lower_bound_cents_per_quote: Cents | null
  /** See `overturningShareBps`. */
  readonly overturning_slope_share_bps: Bps | null
  readonly confidence_score: number
  readonly summary: readonly string[]
}

export type ProposalEstimates = Pick<
  ReplayIntervals,
  | 'margin_delta_bps'
  | 'win_rate_delta_bps'
  | 'approval_load_delta_bps'
  | 'hard_violation_delta'
  | 'expected_margin_delta_cents_per_quote'
>

/** What was measured of a change, before it is a candidate. */
export interface ProposalFigures {
  readonly estimates: ProposalEstimates
  readonly support: ProposedCandidate['support']
  readonly robust_lower_bound_cents_per_quote: Cents | null
  /** How strong a hidden cause would overturn a proven gain; see `overturningShareBps`. */
  readonly overturning_slope_share_bps: Bps | null
  /** Guardrail codes that block, as far as this history shows. */
  readonly guardrail_codes: readonly string[]
}

/** Whether a gain is proven: the robust lower bound of DESIGN section 7 lies above zero. Unknown is not proven. */
export const isProven = (figures: ProposalFigures): boolean =>
  (figures.robust_lower_bound_cents_per_quote ?? 0) > 0

/**
 * Confidence 0..1 in four decimals, for ordering candidates; it decides nothing. The share of scored quotes whose decision is
 * observed or reweighted, times 1 where the gain is proven, 1/2 where only its point estimate is above zero, 0 otherwise.
 */
export function confidenceScore(figures: ProposalFigures): number {
  const { observed_bps, reweighted_bps } = figures.support
  const supported: Bps = (observed_bps ?? 0) + (reweighted_bps ?? 0)
  if (isProven(figures)) return supported / 10_000
  const point = figures.estimates.expected_margin_delta_cents_per_quote.point ?? 0
  return point > 0 ? div(supported, 2) / 10_000 : 0
}

const CHANGES_SHOWN_MAX = 3

/** At most five lines for a first reading; every number is one of the figures, and what is not proven is called so. */
export function proposalSummary(
  diffs: readonly RuleDiff[],
  figures: ProposalFigures,
  fitness: FitnessAudit,
  currency: string,
): readonly string[] {
  const { estimates, support } = figures
  const more = diffs.length - CHANGES_SHOWN_MAX
  const changes = diffs.slice(0, CHANGES_SHOWN_MAX).map(changeText)
  return [
    `change: ${changes.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
    `${isProven(figures) ? 'effect' : 'effect: unproven'}: ${gainText(figures, currency)}`,
    `beside it: win rate ${text(estimates.win_rate_delta_bps)}, approval load ${text(estimates.approval_load_delta_bps)}`,
    `history: ${VERDICT_WORDS[fitness.verdict]}; ${sharesText(support)}`,
    figures.guardrail_codes.length === 0
      ? 'guardrails: all pass on this history'
      : `guardrails: cannot be approved as it stands, blocked by ${figures.guardrail_codes.join(', ')}`,
  ]
}

const text = (estimate: Estimate): string => estimateText(estimate, 'bps')

function gainText(
  {
    estimates,
    robust_lower_bound_cents_per_quote: robust,
    overturning_slope_share_bps: overturning,
  }: ProposalFigures,
  currency: string,
) {
  const expected = estimates.expected_margin_delta_cents_per_quote
  if (expected.point === null) return 'this history gives no response to price, so no effect can be told'
  const bound =
    robust === null ? 'no robust lower bound' : `robust lower bound ${moneyText(robust, currency)}`
  return `expected margin ${moneyEstimateText(expected, currency)}, ${bound}; ${overturningText(overturning)}`
}

const sharesText = ({
  observed_bps,
  reweighted_bps,
  extrapolated_bps,
}: ProposedCandidate['support']): string =>
  extrapolated_bps === null
    ? 'no quote could be scored'
    : `decisions ${observed_bps} bps as observed, ${reweighted_bps} bps reweighted, ${extrapolated_bps} bps extrapolated`

const VERDICT_WORDS: Readonly<Record<FitnessVerdict, string>> = {
  fit: 'fit',
  limited: 'limited, read the findings of `quotey history audit`',
  unfit: 'unfit, it cannot prove the effect of a price',
}
