import { subscribes } from '../domain/webhook.ts'
import type { Ports, Writing } from './ports.ts'
import type { AuditRow } from './tables.ts'

/** Stands for the subscribers of an event whose list could not be read when it happened. */
export const EVERYBODY = '*'

/**
 * Queues a message to each receiver subscribed to an event, in the transaction that records it: what is recorded will be told, and
 * what is rolled back never is. A list of receivers that cannot be read stops nothing; the message waits until it can be.
 */
export async function queueEvent(tx: Writing, ports: Ports, event: AuditRow): Promise<void> {
  const webhooks = await ports.webhooks.all()
  const names = webhooks.ok
    ? webhooks.value.filter(webhook => subscribes(webhook, event.event_type)).map(webhook => webhook.name)
    : [EVERYBODY]
  for (const webhook of names) await queueMessage(tx, ports, webhook, event.id, event.occurred_at)
}

export const queueMessage = (
  tx: Writing,
  ports: Ports,
  webhook: string,
  eventId: string,
  at: AuditRow['occurred_at'],
): Promise<void> =>
  tx.insert('outbox_message', {
    id: ports.randomness.id('msg'),
    webhook,
    event_id: eventId,
    created_at: at,
  })
