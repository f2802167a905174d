import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Packet } from '../../src/domain/packet.ts'
import { rotateActor } from '../../src/loop/actor-rotate.ts'
import { verifyAudit } from '../../src/loop/audit.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import type { Ports } from '../../src/loop/ports.ts'
import {
  apply,
  approvedCandidate,
  candidateOf,
  decide,
  installationWithHistory,
  packetOf,
  rollback,
} from '../support/governed-candidate.ts'
import { copyOf, daysLater, refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'

let original: TestInstallation
let waiting: Packet
before(async () => {
  original = await installationWithHistory(1500)
  waiting = await packetOf(original.ports, await candidateOf(original.ports))
})
after(() => original.remove())

const inCopy = (work: (ports: Ports) => Promise<void>) => async (): Promise<void> => {
  const copy = await copyOf(original)
  try {
    await work(copy.ports)
    assert.deepEqual(succeeded(await verifyAudit(copy.ports, null)).findings, [])
  } finally {
    await copy.remove()
  }
}

/** Gives Sam a key that ends in an hour, and nothing else to sign with. */
async function keyForAnHour(ports: Ports): Promise<void> {
  const validUntil = new Date(Date.parse(ports.clock.now()) + 3_600_000).toISOString()
  succeeded(await rotateActor(ports, { id: 'sam', publicKey: null, validUntil, reason: 'for an hour' }))
}

const pausedBy = (ports: Ports, actorId: string) =>
  engagePause(ports, { actorId, ticket: 'CLO-SAFETY-PAUSE-3', reason: 'x', metrics: ['other:x'] })

test(
  'A3 a clock set back brings no expired key back to life at any door, and leaves the audit clean',
  inCopy(async ports => {
    await keyForAnHour(ports)
    succeeded(await decide(daysLater(ports, 1), 'ruth', waiting.packet_id, 'reject', 'a day later'))
    refusedWith(
      'key_expired',
      await decide(ports, 'sam', waiting.packet_id, 'reject', 'an hour not yet over'),
    )
    refusedWith('key_expired', await pausedBy(ports, 'sam'))
    succeeded(await pausedBy(ports, 'ruth'))
    refusedWith('key_expired', await pausedBy(ports, 'sam'))
  }),
)

test(
  'A3 the twin: with the clock as it was the key signs until its hour is over',
  inCopy(async ports => {
    await keyForAnHour(ports)
    succeeded(await decide(ports, 'sam', waiting.packet_id, 'reject', 'in time'))
  }),
)

test(
  'an apply made while the clock was ahead is rolled back when it is right again, and the log never goes back',
  inCopy(async ports => {
    const { candidateId } = await approvedCandidate(daysLater(ports, 1))
    const ahead = succeeded(await apply(daysLater(ports, 1), 'ruth', candidateId)).apply_record
    const back = succeeded(await rollback(ports, 'ruth', ahead.id)).rollback_record
    assert.ok(
      back.rollback_triggered_at >= ahead.applied_at && back.rolled_back_at >= back.rollback_triggered_at,
    )
    const next = await approvedCandidate(daysLater(ports, 1))
    assert.ok((await apply(ports, 'ruth', next.candidateId)).ok, 'an approval from then is good too')
    const entries = await ports.store.read(tx => tx.find('policy_lifecycle_audit'))
    assert.deepEqual(
      entries.map(row => row.occurred_at),
      entries.map(row => row.occurred_at).toSorted(),
    )
  }),
)
