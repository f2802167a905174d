import { done, type Result } from '../domain/refusal.ts'
import type { Json, JsonObject } from '../domain/units.ts'
import { affectedCandidates } from './affected-candidates.ts'
import { candidateRow } from './candidate-evidence.ts'
import type { Evidence, StepInput } from './incident-evidence.ts'
import { lineageOf } from './lineage.ts'
import type { MonitoringResult } from './monitor.ts'
import { newestPacketRow, readPacket } from './packet-check.ts'
import type { Ports, Reading } from './ports.ts'
import { verifyReplay } from './replay-verify.ts'
import { storedReplay } from './stored-replay.ts'

const affected = (ports: Ports, { incident }: StepInput): Promise<readonly string[]> =>
  ports.store.read(async tx => (await affectedCandidates(tx, incident)).all)

/** Replay checksum and lineage of every affected candidate, each derived anew. */
export async function lineageHolds(ports: Ports, input: StepInput): Promise<Result<Evidence>> {
  const candidates: (JsonObject & { ok: boolean })[] = []
  for (const id of await affected(ports, input)) {
    const replay = await ports.store.read(async tx => {
      const row = await candidateRow(tx, id)
      return row.ok ? storedReplay(tx, row.value) : row
    })
    const lineage = await lineageOf(ports, id)
    const broken = lineage.ok ? lineage.value.links.filter(link => !link.verified) : []
    candidates.push({
      candidate_id: id,
      ok: replay.ok && lineage.ok && lineage.value.ok,
      replay_checksum: replay.ok ? replay.value.row.replay_checksum : null,
      links_verified: lineage.ok ? lineage.value.links.length - broken.length : 0,
      broken: broken.map(link => `${link.step} ${link.id}: ${link.proof}`),
      ...(replay.ok ? {} : { replay_refused: replay.refusal.message }),
    })
  }
  return done({ holds: candidates.every(candidate => candidate.ok), candidates })
}

/** Every affected candidate replayed again by the oracle, its checksum beside the recorded one. */
export async function replayedAgain(ports: Ports, input: StepInput): Promise<Result<Evidence>> {
  const candidates: (JsonObject & { ok: boolean })[] = []
  for (const id of await affected(ports, input)) {
    const derived = await verifyReplay(ports, { candidateId: id })
    candidates.push({
      candidate_id: id,
      ok: derived.ok,
      replay_checksum: derived.ok ? derived.value.replay_checksum : null,
      ...(derived.ok ? {} : { refused: derived.refusal.message, facts: derived.refusal.facts }),
    })
  }
  return done({ holds: candidates.every(candidate => candidate.ok), candidates })
}

/** What was decided on the affected candidates, by whom and why, with the red-team results of their packets. */
export const approvalsOf = (ports: Ports, { incident }: StepInput): Promise<Result<Evidence>> =>
  ports.store.read(async tx => {
    const candidates: (JsonObject & { ok: boolean })[] = []
    for (const id of (await affectedCandidates(tx, incident)).all) candidates.push(await reviewOf(tx, id))
    return done({ holds: candidates.every(candidate => candidate.ok), candidates })
  })

async function reviewOf(tx: Reading, candidateId: string): Promise<JsonObject & { ok: boolean }> {
  const decisions = (await tx.find('policy_approval_decision', { candidate_id: candidateId })).map(row => ({
    decision: row.decision,
    reason: row.reason,
    actor_id: row.actor_id,
    actor_role: row.actor_role,
    decided_at: row.decided_at,
  }))
  const newest = await newestPacketRow(tx, candidateId)
  const packet = newest === null ? null : await readPacket(tx, newest.packet_id)
  return {
    candidate_id: candidateId,
    ok: packet?.ok === true && decisions.length > 0,
    decisions,
    packet_id: newest?.packet_id ?? null,
    red_team: packet?.ok === true ? (packet.value.safety as unknown as Json) : null,
  }
}

const REALIZED_OF = {
  projected_margin_delta_bps: 'realized_margin_delta_bps',
  projected_win_rate_delta_bps: 'realized_win_rate_delta_bps',
  projected_approval_latency_delta_seconds: 'realized_approval_latency_delta_seconds',
} as const

/** Whether each candidate that was applied and kept was monitored, with a realised value for whatever its replay projected. */
export const payloadsOf = (ports: Ports, { incident }: StepInput): Promise<Result<Evidence>> =>
  ports.store.read(async tx => {
    const candidates: (JsonObject & { ok: boolean })[] = []
    for (const id of (await affectedCandidates(tx, incident)).all) {
      const row = await tx.last('policy_candidate', { id })
      if (row?.applied_at === null || row === null) continue
      const replay = await storedReplay(tx, row)
      const event = await tx.last('policy_lifecycle_audit', {
        event_type: 'monitoring_started',
        candidate_id: id,
      })
      const payload = event === null ? null : (JSON.parse(event.event_payload_json) as MonitoringResult)
      const expected = replay.ok
        ? Object.entries(REALIZED_OF).filter(
            ([projected]) => replay.value.row[projected as keyof typeof REALIZED_OF] !== null,
          )
        : Object.entries(REALIZED_OF)
      const missing = expected.map(([, name]) => name).filter(name => (payload?.[name] ?? null) === null)
      candidates.push({
        candidate_id: id,
        // What was taken back before any outcome came in owes none.
        ok: missing.length === 0 || (event === null && row.status === 'rolled_back'),
        monitored_at: payload?.monitored_at ?? null,
        missing_fields: missing,
      })
    }
    return done({ holds: candidates.every(candidate => candidate.ok), candidates })
  })
