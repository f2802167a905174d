import { div } from './arithmetic.ts'
import type { ReplayReport } from './replay-report.ts'
import type { Bps } from './units.ts'

/** Margin at risk counts fully from here on. */
const MARGIN_LOSS_FULL_BPS = 500

/** A candidate that a guardrail or an attack refuses is never below this. */
const BLOCKED_RISK_BPS = 9_000

/**
 * How much there is to lose, 0..10000 bps, for ordering packets; it decides nothing.
 *
 *     risk = (3 reach + 3 extrapolated + 2 coverage + 2 margin) / 10
 *
 *     reach         share of scored quotes that are impacted
 *     extrapolated  share of scored quotes decided as history never was
 *     coverage      upper limit of the share of value that loses an approval
 *     margin        shortfall of the lower limit of the margin delta below zero, 500 bps counting as all
 *
 * What is unknown counts as all (10000), and a blocked candidate has at least 9000. The weights are ours: reach and
 * extrapolation say how much and how blindly, and go before the two losses, which guardrails limit by themselves.
 */
export function riskScoreBps(report: ReplayReport, blocked: boolean): Bps {
  const reach = report.counts.scored === 0 ? 10_000 : report.blast_radius.impacted_quote_ratio_bps
  const extrapolated = report.support.extrapolated_bps ?? 10_000
  const coverage = share(report.intervals.approval_coverage_loss_bps.upper)
  const lowest = report.intervals.margin_delta_bps.lower
  const margin = share(lowest === null ? null : div(-lowest * 10_000, MARGIN_LOSS_FULL_BPS))
  const risk = div(3 * reach + 3 * extrapolated + 2 * coverage + 2 * margin, 10)
  return blocked ? Math.max(risk, BLOCKED_RISK_BPS) : risk
}

const share = (bps: number | null): Bps => (bps === null ? 10_000 : Math.min(10_000, Math.max(0, bps)))
