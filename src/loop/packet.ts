import { scanForAttacks } from '../domain/attack-scan.ts'
import { attackCandidate } from '../domain/attacks.ts'
import { move } from '../domain/lifecycle.ts'
import type { Packet, PacketBody } from '../domain/packet.ts'
import { drawnFrom, type PacketGrounds } from '../domain/packet-drawn.ts'
import { policyYaml } from '../domain/policy-yaml.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant, JsonObject } from '../domain/units.ts'
import { digestOf } from '../evidence/canonical.ts'
import { putArtifact } from './artifacts.ts'
import { authorize } from './authorize.ts'
import { type CandidateEvidence, candidateEvidence, candidateRow } from './candidate-evidence.ts'
import { candidateUnions } from './candidate-unions.ts'
import { changedEvidence, newestPacketRow, readPacket } from './packet-check.ts'
import type { Ports, Reading, Writing } from './ports.ts'
import { record } from './record.ts'
import { type StoredReplay, storedReplay } from './stored-replay.ts'
import type { CandidateRow } from './tables.ts'

export interface BuildPacket {
  readonly actorId: string
  readonly candidateId: string
  /** Gives the packet that would be stored and stores nothing. */
  readonly dryRun?: boolean
}

/**
 * Builds the packet of a replayed candidate: attacks it, sums it up, and binds everything by digest. Asked again while the
 * evidence is the same it gives the same packet. A failed guardrail or attack is reported in it and stops nothing here.
 * Refuses not_authorised, key_expired, not_found, illegal_move (not replayed, or past review).
 */
export async function buildPacket(ports: Ports, input: BuildPacket): Promise<Result<Packet>> {
  const prepared = await ports.store.read(tx => prepare(tx, input, ports.clock.now()))
  if (!prepared.ok) return prepared
  if (prepared.value.kind === 'built') return done(prepared.value.packet)
  const { evidence, replay } = prepared.value
  const body = await packetBody(ports, input.actorId, evidence, replay)
  if (!body.ok) return body
  if (input.dryRun === true) return done({ ...body.value, packet_id: digestOf(asJson(body.value)) })
  return ports.store.change(tx => keep(tx, ports, input, body.value, replay))
}

type Prepared =
  | { readonly kind: 'built'; readonly packet: Packet }
  | { readonly kind: 'open'; readonly evidence: CandidateEvidence; readonly replay: StoredReplay }

async function prepare(tx: Reading, input: BuildPacket, now: Instant): Promise<Result<Prepared>> {
  const authority = await authorize(tx, now, input.actorId, 'packet_build')
  if (!authority.ok) return authority
  const candidate = await candidateRow(tx, input.candidateId)
  if (!candidate.ok) return candidate
  const evidence = await candidateEvidence(tx, candidate.value)
  if (!evidence.ok) return evidence
  const same = await currentPacket(tx, evidence.value, now)
  if (!same.ok) return same
  if (same.value !== null) return done({ kind: 'built', packet: same.value })
  const moved = move(candidate.value.status, 'review_ready')
  if (!moved.ok && candidate.value.status !== 'review_ready') return moved
  const replay = await storedReplay(tx, candidate.value)
  return replay.ok ? done({ kind: 'open', evidence: evidence.value, replay: replay.value }) : replay
}

/** The packet under review, while nothing it stands on has changed. */
async function currentPacket(
  tx: Reading,
  evidence: CandidateEvidence,
  now: Instant,
): Promise<Result<Packet | null>> {
  if (!['review_ready', 'approved'].includes(evidence.candidate.status)) return done(null)
  const row = await newestPacketRow(tx, evidence.candidate.id)
  if (row === null) return done(null)
  const packet = await readPacket(tx, row.packet_id)
  if (!packet.ok) return packet
  return done(changedEvidence(packet.value, evidence, now).length === 0 ? packet.value : null)
}

async function packetBody(
  ports: Ports,
  actorId: string,
  evidence: CandidateEvidence,
  { report, reportDigest }: StoredReplay,
): Promise<Result<PacketBody>> {
  const { candidate, base, proposed, thresholds, current, model, ruleDiffs, fitnessVerdict } = evidence
  const columns = await ports.snapshots.load(report.inputs.snapshot_digest)
  if (!columns.ok) return columns
  const unions = await candidateUnions(ports, evidence, report, columns.value)
  if (!unions.ok) return unions
  const safety = attackCandidate({
    candidateId: candidate.id,
    base: base.policy,
    candidate: proposed.policy,
    report,
    scan: scanForAttacks(
      columns.value,
      evidence.scope,
      base.policy,
      proposed.policy,
      thresholds,
      (rows, total) => ports.progress('attacking', rows, total),
    ),
    thresholds,
    thinSegments: model?.thin_segments ?? [],
    current,
    unions: unions.value,
  })
  const builtAt = ports.clock.now()
  const body: PacketGrounds = {
    schema: 'clo_packet.v1',
    candidate_id: candidate.id,
    candidate_version: evidence.candidateVersion,
    created_by: candidate.created_by_actor_id,
    built_by: actorId,
    built_at: builtAt,
    base_policy_version: base.version,
    proposed_policy_version: proposed.version,
    replay_checksum: report.replay_checksum,
    diff: {
      rule_diffs: ruleDiffs,
      base_text: policyYaml(base.document),
      proposed_text: policyYaml(proposed.document),
    },
    replay: report,
    safety,
    fitness_verdict: fitnessVerdict,
    proven: evidence.proven,
    overturning_slope_share_bps: evidence.overturningSlopeShareBps,
    currency: columns.value.currency,
    inputs: {
      base_policy: base.digest,
      proposed_policy: proposed.digest,
      snapshot: report.inputs.snapshot_digest,
      response_model: report.inputs.model_digest,
      fitness_audit: evidence.fitnessDigest,
      thresholds: report.inputs.thresholds_digest,
      replay_report: reportDigest,
    },
    evidence: { thresholds, response_model: model },
  }
  return done({ ...body, ...drawnFrom(body) })
}

/** Stores the packet, unless the candidate moved on while it was made. */
async function keep(
  tx: Writing,
  ports: Ports,
  input: BuildPacket,
  body: PacketBody,
  replay: StoredReplay,
): Promise<Result<Packet>> {
  const authority = await authorize(tx, ports.clock.now(), input.actorId, 'packet_build')
  if (!authority.ok) return authority
  const candidate = await candidateRow(tx, input.candidateId)
  if (!candidate.ok) return candidate
  const overtaken = await overtakenBy(tx, candidate.value, body)
  if (overtaken !== null) return overtaken
  const at = body.built_at
  const artifact = putArtifact('clo_packet.v1', asJson(body), at)
  const row = {
    packet_id: artifact.digest,
    candidate_id: body.candidate_id,
    replay_evaluation_id: replay.row.id,
    built_by: input.actorId,
    built_at: at,
    expires_at: body.expires_at,
  }
  await record(tx, ports, {
    eventType: 'review_packet_built',
    actor: { type: authority.value.actorType, id: input.actorId },
    payload: {
      packet_id: artifact.digest,
      candidate_id: body.candidate_id,
      candidate_version: body.candidate_version,
      proposed_policy_version: body.proposed_policy_version,
      replay_checksum: body.replay_checksum,
      risk_score_bps: body.risk_score_bps,
      guardrails_passed: body.replay.guardrails.passed,
      blocking_attacks: body.safety.blocking,
      expires_at: body.expires_at,
    },
    idempotencyKey: artifact.digest,
    occurredAt: at,
    links: { candidate_id: body.candidate_id, replay_evaluation_id: replay.row.id },
    inserts: [artifact.insert, { table: 'review_packet', row }],
    candidate: {
      id: body.candidate_id,
      patch: { status: 'review_ready', review_ready_at: at, updated_at: at },
    },
  })
  return done({ ...body, packet_id: artifact.digest })
}

/** Someone else replayed, decided or built in between. */
async function overtakenBy(
  tx: Reading,
  candidate: CandidateRow,
  body: PacketBody,
): Promise<Result<never> | null> {
  const newest = await newestPacketRow(tx, candidate.id)
  const rebuilt = newest !== null && newest.built_at >= body.built_at
  const moved = move(candidate.status, 'review_ready')
  const open = moved.ok || candidate.status === 'review_ready'
  if (open && !rebuilt && candidate.latest_replay_checksum === body.replay_checksum) return null
  return refuse(
    'illegal_move',
    `the candidate \`${candidate.id}\` changed while its packet was being built`,
    'see `quotey policy-opt show`, then build again if it still needs a packet',
    { status: candidate.status, latest_replay_checksum: candidate.latest_replay_checksum },
  )
}

const asJson = (body: PacketBody): JsonObject => body as unknown as JsonObject
