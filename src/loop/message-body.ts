import type { Packet } from '../domain/packet.ts'
import { slackMessage } from '../domain/slack.ts'
import type { JsonObject } from '../domain/units.ts'
import type { EventMessage, Webhook } from '../domain/webhook.ts'
import { readPacket } from './packet-check.ts'
import type { Reading } from './ports.ts'
import type { OutboxMessageRow } from './tables.ts'
import { installationId } from './trust.ts'

/** What one message says, made from the log when it is sent: the same bytes at every attempt. */
export async function messageBody(tx: Reading, webhook: Webhook, message: OutboxMessageRow): Promise<string> {
  const event = await eventOf(tx, message)
  if (webhook.kind === 'event') return JSON.stringify(event)
  return JSON.stringify(slackMessage(event, await packetOf(tx, event), webhook.link))
}

async function eventOf(tx: Reading, { id, event_id }: OutboxMessageRow): Promise<EventMessage> {
  const row = await tx.last('policy_lifecycle_audit', { id: event_id })
  if (row === null) throw new Error(`message ${id} tells of event ${event_id}, which is not in the log`)
  return {
    schema: 'clo_event.v1',
    message_id: id,
    installation_id: await installationId(tx),
    event_id,
    entry_index: row.entry_index,
    event_type: row.event_type,
    occurred_at: row.occurred_at,
    actor_id: row.actor_id,
    candidate_id: row.candidate_id,
    correlation_id: row.correlation_id,
    payload: JSON.parse(row.event_payload_json) as JsonObject,
  }
}

/** The packet an event tells of; null where there is none, or it can no longer be shown as what was built. */
async function packetOf(tx: Reading, { event_type, payload }: EventMessage): Promise<Packet | null> {
  if (event_type !== 'review_packet_built') return null
  const packet = await readPacket(tx, String(payload.packet_id))
  return packet.ok ? packet.value : null
}
