import type { ReplayReport, RiskFlag } from './replay-report.ts'

type Judged = Pick<
  ReplayReport,
  'deterministic_pass' | 'counts' | 'inputs' | 'intervals' | 'blast_radius' | 'support'
>

const PREDICATES: Readonly<Record<RiskFlag, (report: Judged) => boolean>> = {
  not_deterministic: report => !report.deterministic_pass,
  nothing_scored: report => report.counts.scored === 0,
  no_response_model: report => report.inputs.model_digest === null,
  interval_unknown: report =>
    Object.values(report.intervals).some(({ point, lower }) => point !== null && lower === null),
  thin_segment_touched: report => report.blast_radius.impacted_thin_quote_count > 0,
  not_replayable_increased: ({ counts }) =>
    counts.not_replayable.attribute_absent + counts.not_replayable.cost_absent > counts.not_replayable_base,
  violations_increased: report => (report.intervals.hard_violation_delta.point ?? 0) > 0,
  mostly_extrapolated: report => (report.support.extrapolated_bps ?? 0) > 5000,
  cost_missing: ({ counts }) => counts.with_cost < counts.scored,
  nothing_impacted: report => report.blast_radius.impacted_quote_count === 0,
}

/** The flags a report raises, most serious first. They inform; guardrails and attacks block. */
export const riskFlagsOf = (report: Judged): readonly RiskFlag[] =>
  (Object.keys(PREDICATES) as RiskFlag[]).filter(flag => PREDICATES[flag](report))
