import { div } from './arithmetic.ts'
import { judgeGuardrails } from './guardrails.ts'
import { judgeGain } from './judgement.ts'
import type { ProposalFigures } from './proposal.ts'
import type { ReplaySums } from './replay.ts'
import { replayIntervals } from './replay-measures.ts'
import type { ResponseModel } from './response.ts'
import type { Thresholds } from './thresholds.ts'
import type { Bps } from './units.ts'

const MICRO_CENTS_PER_CENT = 1_000_000

/**
 * Measures a change from the sums of its replay. `tunables` sets the level of the robust lower bound: the number searched at
 * once, or for a change somebody brings the number of its parts. The bound is rounded downwards to the cent. What would overturn
 * it needs further replays and is handed in.
 */
export function proposalFigures(
  sums: ReplaySums,
  model: ResponseModel | null,
  thresholds: Thresholds,
  tunables: number,
  overturningShareBps: Bps | null,
): ProposalFigures {
  const intervals = replayIntervals(sums, model)
  const gain = judgeGain(sums, model, tunables)
  const share = (quotes: number): Bps | null => (sums.scored === 0 ? null : div(quotes * 10_000, sums.scored))
  return {
    estimates: {
      margin_delta_bps: intervals.margin_delta_bps,
      win_rate_delta_bps: intervals.win_rate_delta_bps,
      approval_load_delta_bps: intervals.approval_load_delta_bps,
      hard_violation_delta: intervals.hard_violation_delta,
      expected_margin_delta_cents_per_quote: intervals.expected_margin_delta_cents_per_quote,
    },
    support: {
      observed_bps: share(sums.support.observed),
      reweighted_bps: share(sums.support.reweighted),
      extrapolated_bps: share(sums.support.extrapolated),
    },
    robust_lower_bound_cents_per_quote:
      gain === null ? null : Math.floor(gain.robustLowerMicroCents / MICRO_CENTS_PER_CENT),
    overturning_slope_share_bps: overturningShareBps,
    guardrail_codes: judgeGuardrails(intervals, thresholds.guardrails).blocks.map(block => block.code),
  }
}
