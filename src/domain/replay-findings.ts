import { div, divWide } from './arithmetic.ts'
import { judgeReport } from './guardrails.ts'
import { moversAt } from './movers.ts'
import type { CheckedPolicy } from './policy.ts'
import type { QuoteColumns } from './quote.ts'
import { ENGINE_VERSION, type ReplaySums } from './replay.ts'
import { replayIntervals } from './replay-measures.ts'
import type { BlastRadius, ReplayCounts, ReplayInputs, ReplayReport, SupportShares } from './replay-report.ts'
import { expectedCents, histogramBins, replaySlices } from './replay-slices.ts'
import type { ResponseModel } from './response.ts'
import { riskFlagsOf } from './risk-flags.ts'
import type { Thresholds } from './thresholds.ts'
import type { CandidateId } from './units.ts'

/** What was replayed, and what engines made of it. */
export interface Replayed {
  readonly candidateId: CandidateId | null
  readonly inputs: ReplayInputs
  readonly columns: QuoteColumns
  readonly base: CheckedPolicy
  readonly candidate: CheckedPolicy
  readonly model: ResponseModel | null
  readonly thresholds: Thresholds
  readonly sums: ReplaySums
  readonly deterministicPass: boolean
}

/** The whole report of a replay but its checksum. */
export function replayFindings(replayed: Replayed): Omit<ReplayReport, 'replay_checksum'> {
  const { sums, model, columns } = replayed
  const intervals = replayIntervals(sums, model)
  const counts = replayCounts(sums)
  const judged = {
    deterministic_pass: replayed.deterministicPass,
    inputs: replayed.inputs,
    counts,
    intervals,
    blast_radius: blastRadius(sums),
    support: supportShares(sums, counts.with_cost),
  }
  return {
    schema: 'clo_replay_report.v1',
    candidate_id: replayed.candidateId,
    engine_version: ENGINE_VERSION,
    currency: columns.currency,
    ...judged,
    projected_margin_delta_bps: intervals.margin_delta_bps.point,
    revenue_weighted_margin_delta_bps: intervals.revenue_weighted_margin_delta_bps.point,
    projected_win_rate_delta_bps: intervals.win_rate_delta_bps.point,
    projected_approval_load_delta_bps: intervals.approval_load_delta_bps.point,
    projected_approval_latency_delta_seconds: intervals.approval_latency_delta_seconds.point,
    projected_hard_violation_delta: intervals.hard_violation_delta.point,
    expected_margin_delta_cents: expectedCents(
      sums.response?.[0]?.expected_delta.point ?? null,
      counts.with_cost,
    ),
    approval_coverage_loss_bps: intervals.approval_coverage_loss_bps.point,
    guardrails: judgeReport(judged, replayed.thresholds.guardrails),
    risk_flags: riskFlagsOf(judged),
    by_segment: replaySlices(sums.by_segment),
    by_region: replaySlices(sums.by_region),
    by_rule: replaySlices(sums.by_rule),
    margin_delta_histogram: histogramBins(sums.margin_delta_histogram),
    movers: {
      losing: moversAt(sums.losing_rows, columns, replayed, model),
      gaining: moversAt(sums.gaining_rows, columns, replayed, model),
    },
  }
}

const replayCounts = (sums: ReplaySums): ReplayCounts => ({
  in_scope: sums.in_scope,
  scored: sums.scored,
  with_cost: sums.groups.reduce((total, group) => total + group.with_cost, 0),
  open: sums.open,
  not_replayable: sums.not_replayable,
  not_replayable_base: sums.not_replayable_base,
})

const blastRadius = (sums: ReplaySums): BlastRadius => ({
  impacted_quote_count: sums.impacted,
  impacted_quote_ratio_bps: sums.scored === 0 ? 0 : div(sums.impacted * 10_000, sums.scored),
  impacted_segment_keys: Object.entries(sums.by_segment)
    .filter(([, slice]) => slice.impacted > 0)
    .map(([segment]) => segment),
  impacted_rule_ids: Object.keys(sums.by_rule),
  impacted_cohort_ids: Object.keys(sums.impacted_cohorts),
  impacted_cluster_count: sums.impacted_clusters,
  impacted_thin_quote_count: sums.impacted_thin,
  impacted_value_cents: String(sums.impacted_value_cents),
  impacted_value_ratio_bps:
    sums.value_cents === 0n ? 0 : Number(divWide(sums.impacted_value_cents * 10_000n, sums.value_cents)),
})

function supportShares({ support, scored, response }: ReplaySums, withCost: number): SupportShares {
  const share = (quotes: number): number | null => (scored === 0 ? null : div(quotes * 10_000, scored))
  const worst = response?.[0]?.worst_case_expected_delta
  const worstSum = worst === undefined ? null : [worst.low, worst.point, worst.high].reduce(smaller)
  return {
    observed_bps: share(support.observed),
    reweighted_bps: share(support.reweighted),
    extrapolated_bps: share(support.extrapolated),
    worst_case_expected_margin_delta_cents_per_quote: expectedCents(worstSum, withCost).per_quote,
  }
}

const smaller = (left: bigint, right: bigint): bigint => (left < right ? left : right)
