import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { applyCandidate } from '../../src/loop/apply.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import {
  apply,
  approvedCandidate,
  candidateOf,
  decide,
  installationWithHistory,
  packetOf,
  parameterChange,
} from '../support/governed-candidate.ts'
import { copyOf, daysLater, refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'

/** Ruth alone approved the candidate that the faults below are laid upon. */
let original: TestInstallation
let candidateId = ''
before(async () => {
  original = await installationWithHistory()
  candidateId = await candidateOf(original.ports)
  const { packet_id } = await packetOf(original.ports, candidateId)
  succeeded(await decide(original.ports, 'ruth', packet_id, 'approve'))
})
after(() => original.remove())

test('what is already applied gives its record, even while paused; nobody without the role gets that far', async () => {
  const copy = await copyOf(original)
  try {
    refusedWith('not_authorised', await apply(copy.ports, 'sam', candidateId))
    refusedWith('not_authorised', await apply(copy.ports, 'nobody', candidateId))
    refusedWith('not_found', await apply(copy.ports, 'rex', 'cand_none'))
    const applied = succeeded(await apply(copy.ports, 'rex', candidateId))
    succeeded(
      await engagePause(copy.ports, {
        actorId: 'sam',
        ticket: 'CLO-SAFETY-PAUSE',
        reason: 'x',
        metrics: ['other:x'],
      }),
    )
    assert.deepEqual(succeeded(await apply(copy.ports, 'rex', candidateId)), applied)
  } finally {
    await copy.remove()
  }
})

test('an approval that outlived its evidence is refused by name, marked and audited once', async () => {
  const copy = await copyOf(original)
  try {
    const late = daysLater(copy.ports, 15)
    const refusal = refusedWith('stale_approval', await applyCandidate(late, { actorId: 'rex', candidateId }))
    assert.deepEqual(refusal.facts.changed, ['expiry'])
    refusedWith('stale_approval', await apply(copy.ports, 'rex', candidateId))
    const [decision, events] = await copy.ports.store.read(async tx => [
      await tx.last('policy_approval_decision'),
      await tx.find('policy_lifecycle_audit', { event_type: 'stale_approval_detected' }),
    ])
    assert.deepEqual([decision?.is_stale, events.length], [1, 1])
  } finally {
    await copy.remove()
  }
})

test('a candidate whose base was replaced is told what is active now, and an approve of one is refused', async () => {
  const copy = await copyOf(original)
  try {
    const { ports } = copy
    const change = await parameterChange(ports, 'discount-cap-enterprise', 'cap_bps', -50)
    const third = await candidateOf(
      ports,
      await parameterChange(ports, 'discount-cap-mid-market', 'cap_bps', -50),
    )
    const waiting = await packetOf(ports, third)
    const other = await approvedCandidate(ports, change)
    const applied = succeeded(await apply(ports, 'ruth', other.candidateId))
    const refusal = refusedWith('base_version_moved', await apply(ports, 'rex', candidateId))
    assert.equal(refusal.facts.active_policy_version, applied.activation.policy_version)
    refusedWith('base_version_moved', await decide(ports, 'sam', waiting.packet_id, 'approve'))
    assert.equal(
      succeeded(await decide(ports, 'sam', waiting.packet_id, 'reject', 'late')).target_status,
      'rejected',
    )
  } finally {
    await copy.remove()
  }
})

test('R5 what a guardrail or an attack refuses is reported by the packet and cannot be approved', async () => {
  const copy = await copyOf(original)
  try {
    const { ports } = copy
    const steep = [
      await parameterChange(ports, 'discount-cap-smb', 'cap_bps', 800),
      await parameterChange(ports, 'discount-cap-mid-market', 'cap_bps', 800),
      await parameterChange(ports, 'discount-cap-enterprise', 'cap_bps', 1000),
    ]
    const packet = await packetOf(ports, await candidateOf(ports, ...steep))
    assert.equal(packet.replay.guardrails.passed, false)
    assert.ok(packet.risk_score_bps >= 9000)
    refusedWith('guardrail_blocked', await decide(ports, 'sam', packet.packet_id, 'approve'))
    const asked = succeeded(await decide(ports, 'sam', packet.packet_id, 'request_changes', 'too steep'))
    assert.equal(asked.target_status, 'changes_requested')
  } finally {
    await copy.remove()
  }
})

test('G1 stacked_candidates: a change that fails a guardrail only together with one in review is not approved', async () => {
  const copy = await copyOf(original)
  try {
    const { ports } = copy
    const twin = await packetOf(
      ports,
      await candidateOf(ports, await parameterChange(ports, 'discount-cap-enterprise', 'cap_bps', -50)),
    )
    assert.deepEqual(twin.safety.blocking, [])
    const first = await parameterChange(ports, 'regional-approval-apac', 'above_bps', 500)
    assert.deepEqual((await packetOf(ports, await candidateOf(ports, first))).safety.blocking, [])
    const second = await parameterChange(ports, 'large-deal-approval', 'above_bps', 200)
    const packet = await packetOf(ports, await candidateOf(ports, second))
    assert.equal(packet.replay.guardrails.passed, true, JSON.stringify(packet.replay.guardrails))
    assert.deepEqual(packet.safety.blocking, ['stacked_candidates'])
    refusedWith('attack_blocked', await decide(ports, 'sam', packet.packet_id, 'approve'))
  } finally {
    await copy.remove()
  }
})
