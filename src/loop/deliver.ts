import { done, type Result } from '../domain/refusal.ts'
import { MAX_AGE_HOURS_DEFAULT, retryDelayMs, subscribes, type Webhook } from '../domain/webhook.ts'
import { messageBody } from './message-body.ts'
import { EVERYBODY, queueMessage } from './outbox.ts'
import type { Ports, Posted, UndeliveredMessage, Writing } from './ports.ts'
import type { OutboxAttemptRow } from './tables.ts'

/** `ops deliver`, JSON names; counts of this run and what is left. */
export interface DeliveryReport {
  readonly delivered: number
  readonly failed: number
  readonly given_up: number
  readonly waiting: number
  /** Earliest moment at which something that waits may be tried again; null where nothing waits. */
  readonly next_attempt_at: string | null
}

/** How long one process holds a message; longer than `Webhooks.post` takes. */
const HOLD_MS = 30_000
const HOUR_MS = 3_600_000

const later = (instant: string, ms: number): string => new Date(Date.parse(instant) + ms).toISOString()

/**
 * Delivers what is due, at least once and for each webhook in the order of the log: a message that fails holds back those behind it
 * until it is delivered or too old. Several processes may run it at once; each message is in the hands of one. Needs no actor.
 * Refuses bad_input where the list of webhooks cannot be read.
 */
export async function deliverOutbox(ports: Ports): Promise<Result<DeliveryReport>> {
  const webhooks = await ports.webhooks.all()
  if (!webhooks.ok) return webhooks
  const names = await queuesToServe(ports, webhooks.value)
  const outcomes = (
    await Promise.all(
      names.map(name =>
        deliverQueue(ports, name, webhooks.value.find(webhook => webhook.name === name) ?? null),
      ),
    )
  ).flat()
  const left = await ports.store.read(tx => tx.undelivered())
  const count = (outcome: Outcome): number => outcomes.filter(known => known === outcome).length
  const now = ports.clock.now()
  return done({
    delivered: count('delivered'),
    failed: count('failed'),
    given_up: count('given_up'),
    waiting: left.length,
    next_attempt_at: left.map(message => message.next_attempt_at ?? now).sort()[0] ?? null,
  })
}

/** Names of webhooks for which messages wait. The writers' lock is taken only where something is to be written. */
async function queuesToServe(ports: Ports, webhooks: readonly Webhook[]): Promise<readonly string[]> {
  const waiting = async () => {
    const messages = await ports.store.read(tx => tx.undelivered())
    return [...new Set(messages.map(message => message.webhook))]
  }
  const names = await waiting()
  if (!names.includes(EVERYBODY)) return names
  await ports.store.change(tx => addressMessages(tx, ports, webhooks))
  return waiting()
}

type Outcome = 'delivered' | 'failed' | 'given_up'

async function deliverQueue(
  ports: Ports,
  name: string,
  webhook: Webhook | null,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (;;) {
    const claim = await ports.store.change(tx => claimFirst(tx, ports, name, webhook))
    if (claim === null) return outcomes
    if (claim === 'given_up') {
      outcomes.push(claim)
      continue
    }
    const posted = await ports.webhooks.post(claim.webhook, { id: claim.message.id, body: claim.body })
    const outcome = await ports.store.change(tx => settle(tx, ports, claim.message, posted))
    outcomes.push(outcome)
    if (outcome === 'failed') return outcomes
  }
}

interface Claim {
  readonly webhook: Webhook
  readonly message: UndeliveredMessage
  readonly body: string
}

/** Takes the oldest message of a webhook in hand; null where there is none, or its time has not come. */
async function claimFirst(
  tx: Writing,
  ports: Ports,
  name: string,
  webhook: Webhook | null,
): Promise<Claim | 'given_up' | null> {
  const [message] = (await tx.undelivered()).filter(waiting => waiting.webhook === name)
  const at = ports.clock.now()
  if (message === undefined || (message.next_attempt_at !== null && message.next_attempt_at > at)) return null
  const hours = webhook?.maxAgeHours ?? MAX_AGE_HOURS_DEFAULT
  if (later(message.created_at, hours * HOUR_MS) < at) {
    const why = webhook === null ? 'no such webhook is listed' : `older than ${hours} hours`
    await attempted(tx, message, { outcome: 'given_up', number: message.attempts, why, at })
    return 'given_up'
  }
  if (webhook === null) return null
  const body = await messageBody(tx, webhook, message)
  const next_attempt_at = later(at, HOLD_MS)
  await attempted(tx, message, { outcome: 'started', number: message.attempts + 1, at, next_attempt_at })
  return { webhook, message: { ...message, attempts: message.attempts + 1 }, body }
}

async function settle(
  tx: Writing,
  ports: Ports,
  message: UndeliveredMessage,
  posted: Posted,
): Promise<'delivered' | 'failed'> {
  const at = ports.clock.now()
  const outcome = posted.accepted ? 'delivered' : 'failed'
  await attempted(tx, message, {
    outcome,
    number: message.attempts,
    status_code: posted.status,
    why: posted.why,
    at,
    next_attempt_at: posted.accepted
      ? null
      : later(at, retryDelayMs(message.attempts, ports.randomness.share())),
  })
  return outcome
}

/** Gives messages for everybody their receivers, now that the list can be read. */
async function addressMessages(tx: Writing, ports: Ports, webhooks: readonly Webhook[]): Promise<void> {
  const unaddressed = (await tx.undelivered()).filter(message => message.webhook === EVERYBODY)
  for (const message of unaddressed) {
    const event = await tx.last('policy_lifecycle_audit', { id: message.event_id })
    for (const webhook of webhooks) {
      if (event === null || !subscribes(webhook, event.event_type)) continue
      await queueMessage(tx, ports, webhook.name, message.event_id, message.created_at)
    }
    await attempted(tx, message, { outcome: 'addressed', number: 0, at: ports.clock.now() })
  }
}

const attempted = (
  tx: Writing,
  message: UndeliveredMessage,
  attempt: Pick<OutboxAttemptRow, 'outcome' | 'number' | 'at'> & Partial<OutboxAttemptRow>,
): Promise<void> =>
  tx.insert('outbox_attempt', {
    status_code: null,
    why: null,
    next_attempt_at: null,
    ...attempt,
    message_id: message.id,
  })
