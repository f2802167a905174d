import type { MarginDrift } from '../domain/margin-drift.ts'
import { driftAfter } from '../domain/margin-drift.ts'
import { changedOutcomes, type MonitoringAlert, monitoringAlerts } from '../domain/monitoring-alert.ts'
import type { MergeCounts, MergedOutcomes } from '../domain/outcome-merge.ts'
import type { ForeignReason } from '../domain/outcome-rows.ts'
import type { Packet } from '../domain/packet.ts'
import { judgePromise, PROMISED_MEASURES, type PromiseKept } from '../domain/promise.ts'
import type { QuoteFile } from '../domain/quote-file.ts'
import { measureRealized, type RealizedCounts, type RealizedEstimates } from '../domain/realized.ts'
import { realizedDeltas } from '../domain/realized-deltas.ts'
import type { Bps, CandidateId, Digest, Instant, Seconds } from '../domain/units.ts'
import type { Applied } from './applied-version.ts'

/** What became of the rows of one file: rows = rejected + collapsed + foreign (all reasons) + the four counts of the merge. */
export interface IntakeCounts extends MergeCounts {
  readonly rows: number
  readonly rejected: number
  readonly collapsed: number
  readonly foreign: Readonly<Record<ForeignReason, number>>
}

/** One file of outcomes as taken in; JSON names. */
export interface Intake extends IntakeCounts {
  /** From 1, for each apply. */
  readonly number: number
  readonly name: string
  /** The file's quotes are kept as a snapshot of that digest. */
  readonly digest: Digest
  /** Path of the report on rejected rows and on changed outcomes; null when there are none. */
  readonly reject_report: string | null
}

/** `policy-opt monitor`, JSON names: the payload of the event `monitoring_started`, over all outcomes so far. */
export interface MonitoringResult {
  readonly candidate_id: CandidateId
  readonly apply_record_id: string
  readonly applied_policy_version: number
  readonly prior_policy_version: number
  readonly monitored_at: Instant
  /** Of the outcomes; amounts are in its minor units. */
  readonly currency: string
  readonly realized_margin_delta_bps: Bps | null
  readonly realized_win_rate_delta_bps: Bps | null
  readonly realized_approval_latency_delta_seconds: Seconds | null
  readonly realized_expected_margin_delta_cents_per_quote: number | null
  readonly realized_intervals: RealizedEstimates
  /** Promise of the approved packet against observation, the objective first. */
  readonly promises: readonly PromiseKept[]
  /** What holds at any moment, however often one looks. */
  readonly margin_drift: MarginDrift
  readonly alerts: readonly MonitoringAlert[]
  /** Of all quotes taken in so far: open + not_replayable (all reasons) + scored. */
  readonly counts: RealizedCounts
  readonly intake: Intake
  /** All outcomes so far, kept as a snapshot of that digest. */
  readonly outcomes_digest: Digest
  readonly response_model_digest: Digest | null
  readonly packet_id: Digest
}

export type Measured = Omit<MonitoringResult, 'monitored_at' | 'outcomes_digest'>

/** Measures everything taken in so far; the confidence sequence goes on with what is fresh. */
export function measureOutcomes(
  applied: Applied,
  before: MonitoringResult | null,
  merged: MergedOutcomes,
  intake: Intake,
): Measured {
  const { candidate, apply, packet, prior, now } = applied
  const rows = Array.from({ length: merged.quotes.rows }, (_, row) => row)
  const model = packet.evidence.response_model
  const { estimates, counts } = measureRealized(merged.quotes, rows, prior, now, model)
  const promised = packet.replay.intervals.margin_delta_bps
  const deltas = realizedDeltas(merged.quotes, merged.fresh, prior)
  const drift = driftAfter(before?.margin_drift ?? null, deltas, promised)
  const changed = changedOutcomes(intake, intake.reject_report)
  return {
    candidate_id: candidate.id,
    apply_record_id: apply.id,
    applied_policy_version: apply.applied_policy_version,
    prior_policy_version: apply.prior_policy_version,
    currency: merged.quotes.currency,
    realized_margin_delta_bps: estimates.margin_delta_bps.point,
    realized_win_rate_delta_bps: estimates.win_rate_delta_bps.point,
    realized_approval_latency_delta_seconds: estimates.approval_latency_delta_seconds.point,
    realized_expected_margin_delta_cents_per_quote: estimates.expected_margin_delta_cents_per_quote.point,
    realized_intervals: estimates,
    promises: promisesOf(packet, estimates),
    margin_drift: drift,
    alerts: [...monitoringAlerts(estimates, counts, drift, promised), ...(changed === null ? [] : [changed])],
    counts,
    intake,
    response_model_digest: packet.inputs.response_model,
    packet_id: packet.packet_id,
  }
}

export const intakeCounts = (
  file: QuoteFile,
  foreign: IntakeCounts['foreign'],
  merged: MergeCounts,
): IntakeCounts => ({
  rows: file.counts.rows,
  rejected: file.counts.rejected,
  collapsed: file.counts.collapsed,
  foreign,
  ...merged,
})

const promisesOf = (packet: Packet, realized: RealizedEstimates): readonly PromiseKept[] =>
  PROMISED_MEASURES.map(name => judgePromise(name, packet.replay.intervals[name], realized[name]))
