import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CANDIDATE_STATUSES, LEGAL_MOVES, move } from '../../src/domain/lifecycle.ts'
import { decideOnPacket } from '../../src/loop/action.ts'
import { activePolicy } from '../../src/loop/active.ts'
import { verifyAudit } from '../../src/loop/audit.ts'
import { buildPacket } from '../../src/loop/packet.ts'
import { replayCandidate } from '../../src/loop/replay.ts'
import { rollbackApply } from '../../src/loop/rollback.ts'
import {
  apply,
  approvedCandidate,
  candidateOf,
  decide,
  installationWithHistory,
  packetOf,
  parameterChange,
  rollback,
} from '../support/governed-candidate.ts'
import { copyOf, daysLater, refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'

let original: TestInstallation
before(async () => {
  original = await installationWithHistory()
})
after(() => original.remove())

const onCopy = (work: (installed: TestInstallation) => Promise<void>) => async (): Promise<void> => {
  const copy = await copyOf(original)
  try {
    await work(copy)
    const audit = succeeded(await verifyAudit(copy.ports, null))
    assert.deepEqual(audit.findings, [])
  } finally {
    await copy.remove()
  }
}

test('L1 every move outside the table is refused, and what is final stays final', () => {
  for (const from of CANDIDATE_STATUSES) {
    for (const to of CANDIDATE_STATUSES) {
      const moved = move(from, to)
      assert.equal(moved.ok, LEGAL_MOVES[from].includes(to))
      if (!moved.ok) refusedWith('illegal_move', moved)
    }
  }
  assert.deepEqual([LEGAL_MOVES.rejected, LEGAL_MOVES.rolled_back], [[], []])
})

test(
  'L1 no step can be left out between draft and applied',
  onCopy(async ({ ports }) => {
    const candidateId = await candidateOf(ports)
    refusedWith('illegal_move', await buildPacket(ports, { actorId: 'ana', candidateId }))
    refusedWith('illegal_move', await apply(ports, 'ruth', candidateId))
    succeeded(await replayCandidate(ports, { actorId: 'ana', candidateId }))
    refusedWith('illegal_move', await apply(ports, 'ruth', candidateId))
    const packet = succeeded(await buildPacket(ports, { actorId: 'ana', candidateId }))
    refusedWith('illegal_move', await apply(ports, 'ruth', candidateId))
    succeeded(await decide(ports, 'sam', packet.packet_id, 'reject', 'no'))
    refusedWith('illegal_move', await apply(ports, 'ruth', candidateId))
    refusedWith('illegal_move', await decide(ports, 'ruth', packet.packet_id, 'approve'))
  }),
)

test(
  'a packet built again is the same packet, and a dry run stores none',
  onCopy(async ({ ports }) => {
    const candidateId = await candidateOf(ports)
    succeeded(await replayCandidate(ports, { actorId: 'ana', candidateId }))
    const dry = succeeded(await buildPacket(ports, { actorId: 'ana', candidateId, dryRun: true }))
    assert.equal(await ports.store.read(tx => tx.last('review_packet', { packet_id: dry.packet_id })), null)
    const packet = succeeded(await buildPacket(ports, { actorId: 'ana', candidateId }))
    const again = succeeded(await buildPacket(ports, { actorId: 'ruth', candidateId }))
    assert.deepEqual(again, packet)
    assert.ok(packet.summary.length <= 5)
    assert.equal(packet.safety.attacks.length, 11)
    assert.deepEqual([packet.safety.blocking, packet.replay.guardrails.blocks], [[], []])
  }),
)

test(
  'A2 nobody decides on their own candidate, and the only approver does not apply',
  onCopy(async ({ ports }) => {
    const candidateId = await candidateOf(ports)
    const packet = await packetOf(ports, candidateId)
    for (const decision of ['approve', 'reject', 'request_changes'] as const) {
      refusedWith('separation_of_duty', await decide(ports, 'ana', packet.packet_id, decision, 'mine'))
    }
    succeeded(await decide(ports, 'ruth', packet.packet_id, 'approve'))
    refusedWith('separation_of_duty', await apply(ports, 'ruth', candidateId))
    const second = succeeded(await decide(ports, 'sam', packet.packet_id, 'approve'))
    assert.equal(second.target_status, 'approved')
    const applied = succeeded(await apply(ports, 'ruth', candidateId))
    assert.equal(applied.apply_record.actor_id, 'ruth')
  }),
)

test(
  'L2 a decision repeated is one record, another one a conflict, a reject a withdrawal',
  onCopy(async ({ ports }) => {
    const packet = await packetOf(ports, await candidateOf(ports))
    const first = succeeded(await decide(ports, 'sam', packet.packet_id, 'approve'))
    assert.deepEqual(succeeded(await decide(ports, 'sam', packet.packet_id, 'approve')), first)
    refusedWith('idempotency_conflict', await decide(ports, 'sam', packet.packet_id, 'request_changes', 'hm'))
    const withdrawn = succeeded(await decide(ports, 'sam', packet.packet_id, 'reject', 'second thoughts'))
    assert.equal(withdrawn.target_status, 'rejected')
    assert.notEqual(withdrawn.idempotency_key, first.idempotency_key)
    const again = succeeded(await decide(ports, 'sam', packet.packet_id, 'reject', 'second thoughts'))
    assert.deepEqual(again, withdrawn)
    refusedWith('idempotency_conflict', await decide(ports, 'sam', packet.packet_id, 'approve'))
    const rows = await ports.store.read(tx => tx.find('policy_approval_decision'))
    assert.equal(rows.length, 2)
  }),
)

test(
  'L2 apply and rollback repeated give their records, another reason is a conflict',
  onCopy(async ({ ports }) => {
    const { candidateId } = await approvedCandidate(ports)
    const applied = succeeded(await apply(ports, 'ruth', candidateId))
    assert.deepEqual(succeeded(await apply(ports, 'ruth', candidateId)), applied)
    assert.deepEqual(succeeded(await apply(ports, 'rex', candidateId)), applied)
    refusedWith('reason_required', await rollback(ports, 'sam', applied.apply_record.id, '  '))
    const rolledBack = succeeded(await rollback(ports, 'sam', applied.apply_record.id))
    assert.deepEqual(succeeded(await rollback(ports, 'ruth', applied.apply_record.id)), rolledBack)
    refusedWith('idempotency_conflict', await rollback(ports, 'sam', applied.apply_record.id, 'other'))
    refusedWith('illegal_move', await apply(ports, 'ruth', candidateId))
    const epochs = await ports.store.read(tx => tx.find('policy_activation'))
    assert.deepEqual(
      epochs.map(row => [row.epoch, row.cause, row.policy_version]),
      [
        [1, 'init', 1],
        [2, 'apply', applied.activation.policy_version],
        [3, 'rollback', 1],
      ],
    )
  }),
)

test(
  'L5 a rollback restores the prior document byte for byte, down a chain',
  onCopy(async ({ ports }) => {
    const documents = async () =>
      (await ports.store.read(tx => tx.find('policy_version'))).map(row => [row.version, row.document_json])
    const first = succeeded(await apply(ports, 'ruth', (await approvedCandidate(ports)).candidateId))
    const change = await parameterChange(ports, 'discount-cap-enterprise', 'cap_bps', -50)
    const second = succeeded(await apply(ports, 'ruth', (await approvedCandidate(ports, change)).candidateId))
    const before = await documents()
    refusedWith('illegal_move', await rollback(ports, 'sam', first.apply_record.id))

    const one = succeeded(await rollback(ports, 'sam', second.apply_record.id))
    assert.equal((await ports.store.read(activePolicy)).digest, first.activation.policy_digest)
    const two = succeeded(await rollback(ports, 'sam', first.apply_record.id))
    assert.equal((await ports.store.read(activePolicy)).version, 1)
    assert.deepEqual(await documents(), before)
    assert.deepEqual(
      [one, two].map(({ rollback_record: row }) => [row.rollback_depth, row.parent_rollback_id]),
      [
        [1, null],
        [2, one.rollback_record.id],
      ],
    )
  }),
)

test(
  'L6 every rollback has its trigger time, which lies between the apply and now',
  onCopy(async ({ ports }) => {
    const { apply_record } = succeeded(
      await apply(ports, 'ruth', (await approvedCandidate(ports)).candidateId),
    )
    const request = { actorId: 'sam', applyRecordId: apply_record.id, reason: 'alert' }
    const early = '2020-01-01T00:00:00.000Z'
    refusedWith('bad_input', await rollbackApply(ports, { ...request, triggeredAt: early }))
    const late = daysLater(ports, 1).clock.now()
    refusedWith('bad_input', await rollbackApply(ports, { ...request, triggeredAt: late }))
    const given = succeeded(await rollbackApply(ports, { ...request, triggeredAt: apply_record.applied_at }))
    assert.equal(given.rollback_record.rollback_triggered_at, apply_record.applied_at)

    const next = succeeded(await apply(ports, 'ruth', (await approvedCandidate(ports)).candidateId))
    const began = ports.clock.now()
    const { rollback_record: row } = succeeded(await rollback(ports, 'sam', next.apply_record.id))
    assert.ok(row.rollback_triggered_at >= began && row.rollback_triggered_at <= row.rolled_back_at)
    assert.equal(JSON.parse(row.rollback_metadata_json).rollback_triggered_at, row.rollback_triggered_at)
  }),
)

test(
  'a decision in a dry run says what would be recorded and records nothing',
  onCopy(async ({ ports }) => {
    const packet = await packetOf(ports, await candidateOf(ports))
    const asked = { actorId: 'sam', packetId: packet.packet_id, reason: null, channel: 'cli' } as const
    const dry = succeeded(await decideOnPacket(ports, { ...asked, decision: 'approve', dryRun: true }))
    assert.equal(dry.target_status, 'approved')
    assert.deepEqual(await ports.store.read(tx => tx.find('policy_approval_decision')), [])
    const real = succeeded(await decideOnPacket(ports, { ...asked, decision: 'approve' }))
    assert.deepEqual([real.action, real.idempotency_key], [dry.action, dry.idempotency_key])
    for (const decision of ['reject', 'request_changes'] as const) {
      refusedWith('reason_required', await decideOnPacket(ports, { ...asked, decision }))
    }
  }),
)
