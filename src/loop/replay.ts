import { move } from '../domain/lifecycle.ts'
import { done, type Result } from '../domain/refusal.ts'
import type { ReplayEngine } from '../domain/replay.ts'
import type { ReplayReport } from '../domain/replay-report.ts'
import type { ActorId, CandidateId, Instant, Json, JsonObject } from '../domain/units.ts'
import { canonicalText, digestOf } from '../evidence/canonical.ts'
import { putArtifact } from './artifacts.ts'
import { type Authority, authorize } from './authorize.ts'
import { type CandidateEvidence, candidateEvidence, candidateRow } from './candidate-evidence.ts'
import { evaluateChange } from './evaluate.ts'
import type { Ports, Reading, Writing } from './ports.ts'
import { type Insert, record } from './record.ts'
import type { CandidateRow, ReplayRow } from './tables.ts'

export interface ReplayRequest {
  readonly actorId: ActorId
  readonly candidateId: CandidateId
  /** Which engine does the first run; it changes no byte of the report. Default: columnar. */
  readonly engine?: ReplayEngine['name']
}

/**
 * Replays a candidate on the snapshot, model and thresholds it stands on and records the result; a draft becomes `replayed`. The
 * same result again gives the record there is and writes nothing; another one takes its place, and a packet or approval of
 * the old one no longer holds. A failed guardrail is part of the report and refuses nothing here. Refuses not_authorised,
 * key_expired, not_found, illegal_move (applied, or final), audit_broken (evidence gone or altered).
 */
export async function replayCandidate(ports: Ports, request: ReplayRequest): Promise<Result<ReplayReport>> {
  const read = await ports.store.read(tx => replayable(tx, ports.clock.now(), request))
  if (!read.ok) return read
  const report = await evaluateChange(ports, changeOf(read.value.evidence, request.engine))
  if (!report.ok) return report
  return ports.store.change(tx => keep(tx, ports, request, report.value))
}

interface Replayable {
  readonly authority: Authority
  readonly evidence: CandidateEvidence
}

async function replayable(tx: Reading, now: Instant, request: ReplayRequest): Promise<Result<Replayable>> {
  const authority = await authorize(tx, now, request.actorId, 'replay')
  if (!authority.ok) return authority
  const candidate = await candidateRow(tx, request.candidateId)
  if (!candidate.ok) return candidate
  const { status } = candidate.value
  const moved = status === 'replayed' ? done(status) : move(status, 'replayed')
  if (!moved.ok) return moved
  const evidence = await candidateEvidence(tx, candidate.value)
  return evidence.ok ? done({ authority: authority.value, evidence: evidence.value }) : evidence
}

/** What a candidate's replay depends on. */
export function changeOf(evidence: CandidateEvidence, engine: ReplayEngine['name'] = 'columnar') {
  const { base, proposed, model, current } = evidence
  return {
    candidateId: evidence.candidate.id,
    base,
    candidate: proposed,
    snapshotDigest: current.snapshot_digest,
    scope: evidence.scope,
    model: model === null || current.model_digest === null ? null : { digest: current.model_digest, model },
    thresholds: { digest: current.thresholds_digest, thresholds: evidence.thresholds },
    engine,
  }
}

async function keep(
  tx: Writing,
  ports: Ports,
  request: ReplayRequest,
  report: ReplayReport,
): Promise<Result<ReplayReport>> {
  const at = ports.clock.now()
  const again = await replayable(tx, at, request)
  if (!again.ok) return again
  const { authority, evidence } = again.value
  const { candidate } = evidence
  if (candidate.latest_replay_checksum === report.replay_checksum) return done(report)
  const known = await tx.last('policy_replay_evaluation', {
    candidate_id: candidate.id,
    replay_checksum: report.replay_checksum,
  })
  const artifact = putArtifact(report.schema, report as unknown as JsonObject, at)
  const row = known ?? replayRow(ports, candidate, report, artifact.digest, at)
  const inserts: readonly Insert[] =
    known === null ? [artifact.insert, { table: 'policy_replay_evaluation', row }] : []
  await record(tx, ports, {
    eventType: 'replay_completed',
    actor: { type: authority.actorType, id: authority.actorId },
    payload: payloadOf(report, row, artifact.digest),
    idempotencyKey: await eventKey(tx, candidate, report),
    occurredAt: at,
    links: { candidate_id: candidate.id, replay_evaluation_id: row.id },
    inserts,
    candidate: {
      id: candidate.id,
      patch: { status: 'replayed', latest_replay_checksum: report.replay_checksum, updated_at: at },
    },
  })
  return done(report)
}

/** A result can come back after another one was the latest, so the key counts the candidate's replays. */
async function eventKey(tx: Reading, candidate: CandidateRow, report: ReplayReport): Promise<string> {
  const earlier = await tx.find('policy_lifecycle_audit', {
    event_type: 'replay_completed',
    candidate_id: candidate.id,
  })
  return digestOf({
    candidate_id: candidate.id,
    replay_checksum: report.replay_checksum,
    earlier: earlier.length,
  })
}

/** What the row of a replay repeats of its report. */
export const figuresOf = (report: ReplayReport) => ({
  candidate_id: report.candidate_id as CandidateId,
  replay_checksum: report.replay_checksum,
  engine_version: report.engine_version,
  cohort_scope_json: canonicalText(report.inputs.cohort_scope as unknown as Json),
  cohort_size: report.counts.in_scope,
  projected_margin_delta_bps: report.projected_margin_delta_bps,
  projected_win_rate_delta_bps: report.projected_win_rate_delta_bps,
  projected_approval_latency_delta_seconds: report.projected_approval_latency_delta_seconds,
  blast_radius_score: report.blast_radius.impacted_quote_ratio_bps / 10_000,
  hard_violation_count: Math.max(0, report.projected_hard_violation_delta ?? 0),
  risk_flags_json: canonicalText(report.risk_flags),
  deterministic_pass: report.deterministic_pass ? (1 as const) : (0 as const),
})

const replayRow = (
  ports: Ports,
  candidate: CandidateRow,
  report: ReplayReport,
  reportDigest: string,
  at: Instant,
): ReplayRow => ({
  id: ports.randomness.id('replay'),
  ...figuresOf(report),
  candidate_id: candidate.id,
  idempotency_key: reportDigest,
  replayed_at: at,
})

const payloadOf = (report: ReplayReport, row: ReplayRow, reportDigest: string): JsonObject => ({
  candidate_id: row.candidate_id,
  replay_evaluation_id: row.id,
  replay_checksum: report.replay_checksum,
  report_digest: reportDigest,
  engine_version: report.engine_version,
  deterministic_pass: report.deterministic_pass,
  cohort_size: row.cohort_size,
  projected_margin_delta_bps: report.projected_margin_delta_bps,
  projected_win_rate_delta_bps: report.projected_win_rate_delta_bps,
  projected_approval_latency_delta_seconds: report.projected_approval_latency_delta_seconds,
  projected_hard_violation_delta: report.projected_hard_violation_delta,
  guardrails_passed: report.guardrails.passed,
  guardrail_codes: report.guardrails.blocks.map(block => block.code),
})
