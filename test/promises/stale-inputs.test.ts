import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CurrentEvidence } from '../../src/domain/attack.ts'
import type { Packet } from '../../src/domain/packet.ts'
import { digestOf } from '../../src/evidence/canonical.ts'
import { type CandidateEvidence, candidateEvidence } from '../../src/loop/candidate-evidence.ts'
import { changedEvidence } from '../../src/loop/packet-check.ts'
import { candidateOf, installationWithHistory, packetOf } from '../support/governed-candidate.ts'
import { succeeded } from '../support/installation.ts'

const OTHER = digestOf('something else')

/** Every input an approval stands on, by the name a refusal gives it, and how it changes. */
const CHANGES: Readonly<Record<string, (evidence: CandidateEvidence) => CandidateEvidence>> = {
  engine_version: withCurrent({ engine_version: 'another' }),
  base_policy: withCurrent({ base_policy_digest: OTHER }),
  proposed_policy: withCurrent({ proposed_policy_digest: OTHER }),
  snapshot: withCurrent({ snapshot_digest: OTHER }),
  model: withCurrent({ model_digest: OTHER }),
  thresholds: withCurrent({ thresholds_digest: OTHER }),
  replay: evidence => ({
    ...evidence,
    candidate: { ...evidence.candidate, latest_replay_checksum: OTHER },
  }),
}

function withCurrent(change: Partial<CurrentEvidence>): (evidence: CandidateEvidence) => CandidateEvidence {
  return evidence => ({ ...evidence, current: { ...evidence.current, ...change } })
}

test('R5 an approval is stale by the name of exactly the inputs that changed, alone and in pairs', async t => {
  const installed = await installationWithHistory(800)
  const { ports } = installed
  try {
    const candidateId = await candidateOf(ports)
    const packet: Packet = await packetOf(ports, candidateId)
    const evidence = await ports.store.read(async tx => {
      const candidate = await tx.last('policy_candidate', { id: candidateId })
      assert.ok(candidate)
      return succeeded(await candidateEvidence(tx, candidate))
    })
    const now = ports.clock.now()
    assert.deepEqual(changedEvidence(packet, evidence, now), [])
    assert.deepEqual(changedEvidence(packet, evidence, packet.expires_at), ['expiry'])
    const justBefore = new Date(Date.parse(packet.expires_at) - 1).toISOString()
    assert.deepEqual(changedEvidence(packet, evidence, justBefore), [])
    // Whatever the evidence compares is changed here; a new input without a case fails.
    assert.equal(Object.keys(evidence.current).length, Object.keys(CHANGES).length - 1)
    let pairs = 0
    for (const [one, change] of Object.entries(CHANGES)) {
      assert.deepEqual(changedEvidence(packet, change(evidence), now), [one])
      for (const [other, further] of Object.entries(CHANGES)) {
        if (other === one) continue
        const named = changedEvidence(packet, further(change(evidence)), now)
        assert.deepEqual(named.toSorted(), [one, other].toSorted())
        pairs += 1
      }
    }
    t.diagnostic(`${Object.keys(CHANGES).length} inputs and the expiry, ${pairs} pairs`)
  } finally {
    await installed.remove()
  }
})
