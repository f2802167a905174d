import { done, type Result } from '../../domain/refusal.ts'
import type { FittedResponseModel } from '../../domain/response.ts'
import type { Digest } from '../../domain/units.ts'
import { decideOnPacket } from '../../loop/action.ts'
import { artifactByDigest } from '../../loop/artifacts.ts'
import { buildPacket } from '../../loop/packet.ts'
import type { Ports } from '../../loop/ports.ts'
import { replayCandidate } from '../../loop/replay.ts'
import type { RunReport } from '../report/run-report.ts'
import type { Findings } from './findings.ts'
import type { Narrator } from './narrator.ts'
import { PEOPLE } from './people.ts'

/** Replay, packet, and the decision of a second person. */
export async function reviewChange(
  ports: Ports,
  candidateId: string,
  findings: Findings,
  narrator: Narrator,
): Promise<Result<null>> {
  const replayed = await narrator.step(
    'replay',
    () => replayCandidate(ports, { actorId: PEOPLE.proposer, candidateId }),
    report =>
      `${report.counts.scored} quotes scored, ${report.blast_radius.impacted_quote_count} impacted, engines ${report.deterministic_pass ? 'agree' : 'differ'}`,
  )
  if (!replayed.ok) return replayed
  findings.replay = replayed.value
  const packet = await narrator.step(
    'packet',
    () => buildPacket(ports, { actorId: PEOPLE.proposer, candidateId }),
    built => `risk ${built.risk_score_bps} bps, ${built.packet_id.slice(0, 19)}…`,
  )
  if (!packet.ok) return packet
  findings.packet = packet.value
  findings.response = await responseOf(ports, candidateId)
  const decided = await narrator.step(
    'decision',
    () =>
      decideOnPacket(ports, {
        actorId: PEOPLE.reviewer,
        packetId: packet.value.packet_id,
        decision: 'approve',
        reason: 'robust lower bound above zero, guardrails and attacks pass',
        channel: 'cli',
      }),
    made => `${made.target_status} by ${made.action.actor_id}, signed`,
  )
  return decided.ok ? done(null) : decided
}

async function responseOf(ports: Ports, candidateId: string): Promise<RunReport['response']> {
  return ports.store.read(async tx => {
    const candidate = await tx.last('policy_candidate', { id: candidateId })
    const { model_digest } = JSON.parse(candidate?.provenance_json ?? '{}') as {
      model_digest?: Digest | null
    }
    if (!model_digest) return null
    const model = await artifactByDigest(tx, model_digest)
    return model.ok ? (model.value as unknown as FittedResponseModel).evidence : null
  })
}
