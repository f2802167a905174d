import { staleInputs } from '../domain/attacks-on-evidence.ts'
import type { Packet, PacketBody } from '../domain/packet.ts'
import { done, type Refusal, type Result, refuse } from '../domain/refusal.ts'
import type { Digest, Instant, Json } from '../domain/units.ts'
import { digestOf } from '../evidence/canonical.ts'
import { artifactByDigest } from './artifacts.ts'
import { type CandidateEvidence, candidateVersion } from './candidate-evidence.ts'
import type { Reading } from './ports.ts'
import type { CandidateRow, PacketRow } from './tables.ts'

/** Reads a packet and recomputes its digest. Refuses not_found, or packet_altered when it is no longer what its id says. */
export async function readPacket(tx: Reading, packetId: Digest): Promise<Result<Packet>> {
  const row = await tx.last('review_packet', { packet_id: packetId })
  if (row === null) {
    return refuse('not_found', `no packet \`${packetId}\``, 'build one with `quotey policy-packet build`')
  }
  const body = await artifactByDigest(tx, packetId)
  if (!body.ok) return packetAltered(packetId, body.refusal.message)
  return done({ ...(body.value as unknown as PacketBody), packet_id: packetId })
}

/** The packet built last for a candidate, null where there is none. */
export const newestPacketRow = (tx: Reading, candidateId: string): Promise<PacketRow | null> =>
  tx.last('review_packet', { candidate_id: candidateId })

/** The id a packet's content has: the digest of its canonical body without the id. */
export const packetIdOf = ({ packet_id: _, ...body }: Packet): Digest => digestOf(body as unknown as Json)

export const packetAltered = (packetId: string, why: string): { ok: false; refusal: Refusal } =>
  refuse(
    'packet_altered',
    `the packet \`${packetId}\` is no longer what was built`,
    'run `quotey audit verify`, then replay the candidate and build a new packet',
    { why },
  )

/** Whether a packet speaks of this candidate as it stands; anything else is an altered record. */
export function packetBindings(packet: Packet, candidate: CandidateRow): Result<Packet> {
  if (packet.candidate_id !== candidate.id || packet.candidate_version !== candidateVersion(candidate)) {
    return packetAltered(
      packet.packet_id,
      `the candidate \`${candidate.id}\` is not the one it was built for`,
    )
  }
  return done(packet)
}

/** Names of what has changed since the packet was built; empty while its evidence is current. */
export function changedEvidence(
  packet: Packet,
  evidence: CandidateEvidence,
  now: Instant,
): readonly string[] {
  const changed = [...staleInputs(packet.replay, evidence.current)]
  if (evidence.candidate.latest_replay_checksum !== packet.replay_checksum) changed.push('replay')
  if (now >= packet.expires_at) changed.push('expiry')
  return changed
}
