import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Packet } from '../../src/domain/packet.ts'
import { PLAYBOOKS } from '../../src/domain/playbook.ts'
import { slackMessage } from '../../src/domain/slack.ts'
import { fitted } from '../../src/domain/slack-text.ts'
import type { EventMessage } from '../../src/domain/webhook.ts'
import { deliverOutbox } from '../../src/loop/deliver.ts'
import { candidateOf, installationWithHistory, packetOf } from '../support/governed-candidate.ts'
import { succeeded } from '../support/installation.ts'
import { openReceiver } from '../support/receiver.ts'
import { slackFaults } from '../support/slack-limits.ts'

const event = (event_type: string, payload: EventMessage['payload']): EventMessage => ({
  schema: 'clo_event.v1',
  message_id: 'msg_1',
  installation_id: 'ins_1',
  event_id: 'evt_1',
  entry_index: 7,
  event_type,
  occurred_at: '2026-11-22T14:00:00.000Z',
  actor_id: 'sam',
  candidate_id: null,
  correlation_id: 'incident_1',
  payload,
})

test('a packet reaches Slack as its own summary with a link, and nothing to press', async () => {
  await using receiver = await openReceiver()
  const installed = await installationWithHistory(2000)
  try {
    const { ports, config } = installed
    writeFileSync(join(config.home, 'slack-url'), `${receiver.url}\n`, { mode: 0o600 })
    writeFileSync(
      join(config.home, 'webhooks.yaml'),
      `webhooks:
  - name: reviewers
    kind: slack
    url_file: slack-url
    events: [review_packet_built]
    link: https://reviews.example/?packet={id}&from=slack
`,
    )
    const packet = await packetOf(ports, await candidateOf(ports))
    assert.equal(succeeded(await deliverOutbox(ports)).delivered, 1)
    const [request] = receiver.received
    assert.equal(request?.headers['webhook-signature'], undefined, 'an address of Slack is its own secret')
    const message = JSON.parse(request?.body ?? '')
    assert.deepEqual(slackFaults(message), [])
    const said = JSON.stringify(message.blocks)
    for (const line of packet.summary)
      assert.ok(said.includes(JSON.stringify(fitted(line, 3000)).slice(1, -1)), line)
    const linked = `<https://reviews.example/?packet=${encodeURIComponent(packet.packet_id)}&amp;from=slack|read more>`
    assert.ok(said.includes(linked), said)
    assert.match(said, /For information only/)
  } finally {
    await installed.remove()
  }
})

test('an incident reaches Slack with its reason, and a reason that calls everybody calls nobody', () => {
  const message = slackMessage(
    event('incident_opened', {
      incident_id: 'incident_1',
      cause: 'margin_gap_drift',
      reason: 'margin <!channel> fell & <https://evil.example|click here>',
      incident_ticket: 'CLO-SAFETY-PAUSE-7',
      triggered_at: '2026-11-22T14:00:00.000Z',
    }),
    null,
    null,
  )
  assert.deepEqual(slackFaults(message), [])
  const said = JSON.stringify(message)
  assert.match(said, /Incident: margin gap drift/)
  for (const { text } of PLAYBOOKS.margin_gap_drift) assert.ok(said.includes(text), text)
  assert.ok(said.includes('margin &lt;!channel&gt; fell &amp; &lt;https://evil.example|click here&gt;'))
  assert.match(said, /quotey incident show incident_1/)
})

test('whatever stands in a packet or an event, the message keeps within the limits of Block Kit', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 400 }),
    fc.constantFrom('', ' ', '&'.repeat(5000), '<!here>'.repeat(900), '🜂'.repeat(3100), '\n'.repeat(40)),
  )
  const payload = fc.record({
    reason: text,
    incident_id: text,
    cause: text,
    incident_ticket: text,
    triggered_at: text,
  })
  const packet = fc.record({
    summary: fc.array(text, { maxLength: 5 }),
    base_policy_version: fc.nat(),
    proposed_policy_version: fc.nat(),
    packet_id: text,
    candidate_id: text,
    built_by: text,
    expires_at: text,
    risk_score_bps: fc.nat(10_000),
  })
  const type = fc.constantFrom('review_packet_built', 'incident_opened', 'pause_engaged')
  const link = fc.constantFrom(null, 'https://a.example/{id}', 'https://a.example/?a=1&b={id}|x>')
  fc.assert(
    fc.property(type, payload, packet, link, (event_type, facts, drawn, template) => {
      const message = slackMessage(event(event_type, facts), drawn as unknown as Packet, template)
      assert.deepEqual(slackFaults(message), [])
    }),
    { numRuns: 300 },
  )
})

test('text is cut between characters, never inside an entity or a pair of surrogates', () => {
  assert.equal(fitted('a<b', 10), 'a&lt;b')
  assert.equal(fitted('ab<cd', 6), 'ab…')
  assert.equal(fitted('🜂🜂🜂', 5), '🜂🜂…')
})
