import { move } from '../domain/lifecycle.ts'
import { type ForeignReason, outcomeRows } from '../domain/outcome-rows.ts'
import type { Packet } from '../domain/packet.ts'
import { judgePromise, PROMISED_MEASURES, type PromiseKept } from '../domain/promise.ts'
import type { QuoteFile } from '../domain/quote-file.ts'
import { measureRealized, type RealizedCounts, type RealizedEstimates } from '../domain/realized.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { ActorId, Bps, CandidateId, Digest, Instant, JsonObject, Seconds } from '../domain/units.ts'
import { digestOf } from '../evidence/canonical.ts'
import { type Applied, appliedVersion } from './applied-version.ts'
import { authorize } from './authorize.ts'
import type { Ports, Writing } from './ports.ts'
import { record } from './record.ts'
import type { AuditRow } from './tables.ts'

export interface MonitorRequest {
  readonly actorId: ActorId
  readonly candidateId: CandidateId
  readonly outcomesPath: string
  /** Path of a mapping file or name of a preset; null where the columns are canonical. */
  readonly map: string | null
}

/** `policy-opt monitor`, JSON names: the payload of the event `monitoring_started`, which is the record. */
export interface MonitoringResult {
  readonly candidate_id: CandidateId
  readonly apply_record_id: string
  readonly applied_policy_version: number
  readonly prior_policy_version: number
  readonly monitored_at: Instant
  readonly realized_margin_delta_bps: Bps | null
  readonly realized_win_rate_delta_bps: Bps | null
  readonly realized_approval_latency_delta_seconds: Seconds | null
  readonly realized_expected_margin_delta_cents_per_quote: number | null
  readonly realized_intervals: RealizedEstimates
  /** Promise of the approved packet against observation, the objective first. */
  readonly promises: readonly PromiseKept[]
  readonly counts: RealizedCounts & {
    /** rows = rejected + collapsed + foreign (all reasons) + open + not_replayable (all reasons) + scored. */
    readonly rows: number
    readonly rejected: number
    readonly collapsed: number
    readonly foreign: Readonly<Record<ForeignReason, number>>
  }
  readonly outcomes_name: string
  /** The outcomes are kept as a snapshot of that digest. */
  readonly outcomes_digest: Digest
  readonly response_model_digest: Digest | null
  readonly packet_id: Digest
}

/**
 * Takes in outcomes of quotes decided under an applied candidate and sets them against the prior policy and the promise. The
 * same outcomes again give the record there is. Refuses not_found, not_authorised, key_expired, illegal_move (never applied,
 * or rolled back), bad_input (the file, or no closed quote of that version in it).
 */
export async function monitorCandidate(
  ports: Ports,
  request: MonitorRequest,
): Promise<Result<MonitoringResult>> {
  const started = await ports.store.read(async tx => {
    const authority = await authorize(tx, ports.clock.now(), request.actorId, 'monitor')
    return authority.ok ? appliedVersion(tx, request.candidateId) : authority
  })
  if (!started.ok) return started
  const read = await ports.quoteFiles.read(request.outcomesPath, request.map, null)
  if (!read.ok) return read
  const digest = await ports.snapshots.save(read.value.columns)
  const measured = measure(started.value, read.value, digest)
  if (!measured.ok) return measured
  return ports.store.change(tx => keep(tx, ports, request, measured.value))
}

type Measured = Omit<MonitoringResult, 'monitored_at'>

function measure(applied: Applied, file: QuoteFile, digest: Digest): Result<Measured> {
  const { candidate, apply, packet } = applied
  const { rows, foreign } = outcomeRows(file.columns, applied.inForce)
  const model = packet.evidence.response_model
  const { estimates, counts } = measureRealized(file.columns, rows, applied.prior, applied.now, model)
  const allCounts = {
    ...counts,
    rows: file.counts.rows,
    rejected: file.counts.rejected,
    collapsed: file.counts.collapsed,
    foreign,
  }
  if (counts.scored === 0) {
    return refuse(
      'bad_input',
      `no closed quote of policy version ${apply.applied_policy_version} in \`${file.name}\``,
      'hand in quotes decided under that version, with their outcome, once some are closed',
      { ...allCounts, in_force_from: applied.inForce.from, in_force_to: applied.inForce.to },
    )
  }
  return done({
    candidate_id: candidate.id,
    apply_record_id: apply.id,
    applied_policy_version: apply.applied_policy_version,
    prior_policy_version: apply.prior_policy_version,
    realized_margin_delta_bps: estimates.margin_delta_bps.point,
    realized_win_rate_delta_bps: estimates.win_rate_delta_bps.point,
    realized_approval_latency_delta_seconds: estimates.approval_latency_delta_seconds.point,
    realized_expected_margin_delta_cents_per_quote: estimates.expected_margin_delta_cents_per_quote.point,
    realized_intervals: estimates,
    promises: promisesOf(packet, estimates),
    counts: allCounts,
    outcomes_name: file.name,
    outcomes_digest: digest,
    response_model_digest: packet.inputs.response_model,
    packet_id: packet.packet_id,
  })
}

const promisesOf = (packet: Packet, realized: RealizedEstimates): readonly PromiseKept[] =>
  PROMISED_MEASURES.map(name => judgePromise(name, packet.replay.intervals[name], realized[name]))

async function keep(
  tx: Writing,
  ports: Ports,
  request: MonitorRequest,
  measured: Measured,
): Promise<Result<MonitoringResult>> {
  const at = ports.clock.now()
  const authority = await authorize(tx, at, request.actorId, 'monitor')
  if (!authority.ok) return authority
  const key = digestOf({
    apply_record_id: measured.apply_record_id,
    outcomes_digest: measured.outcomes_digest,
  })
  const known = await tx.last('policy_lifecycle_audit', {
    event_type: 'monitoring_started',
    idempotency_key: key,
  })
  if (known !== null) return done(recordedIn(known))
  const applied = await appliedVersion(tx, request.candidateId)
  if (!applied.ok) return applied
  const { candidate } = applied.value
  const result: MonitoringResult = { ...measured, monitored_at: at }
  const patch = { status: 'monitoring' as const, monitoring_started_at: at, updated_at: at }
  const isFirst = move(candidate.status, 'monitoring').ok
  await record(tx, ports, {
    eventType: 'monitoring_started',
    actor: { type: authority.value.actorType, id: request.actorId },
    payload: result as unknown as JsonObject,
    idempotencyKey: key,
    occurredAt: at,
    links: { candidate_id: candidate.id, apply_record_id: measured.apply_record_id },
    inserts: [],
    ...(isFirst ? { candidate: { id: candidate.id, patch } } : {}),
  })
  return done(result)
}

const recordedIn = (row: AuditRow): MonitoringResult => JSON.parse(row.event_payload_json) as MonitoringResult
