import type { Instant, JsonObject } from './units.ts'

/** A receiver outside that is told of events. Its address and secret stay with the adapter. */
export interface Webhook {
  readonly name: string
  /** `event`: signed JSON for programs. `slack`: Block Kit for people. */
  readonly kind: 'event' | 'slack'
  /** Event types of the log, or `*` for all. */
  readonly events: readonly string[]
  /** A message older than this is given up, so that the ones behind it go on. */
  readonly maxAgeHours: number
  /** Where people read more, with `{id}` for the packet, incident or candidate; null: messages name the command. */
  readonly link: string | null
}

export const MAX_AGE_HOURS_DEFAULT = 72

export const subscribes = (webhook: Webhook, eventType: string): boolean =>
  webhook.events.includes('*') || webhook.events.includes(eventType)

const FIRST_RETRY_MS = 5_000
const RETRY_MS_MAX = 3_600_000

/**
 * Milliseconds until the next attempt after so many failures (>= 1): half of an exponentially growing span for certain and the
 * other half by chance (`share` in [0, 1)), so that receivers that come back are not met by everybody at once. Source: "equal
 * jitter" in Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015.
 */
export function retryDelayMs(failures: number, share: number): number {
  const span = Math.min(RETRY_MS_MAX, FIRST_RETRY_MS * 2 ** (failures - 1))
  return Math.round(span / 2 + (span / 2) * share)
}

/** What a receiver of kind `event` gets, schema `clo_event.v1`. */
export interface EventMessage {
  readonly schema: 'clo_event.v1'
  /** The same for every attempt at one message; receivers drop what they have seen. */
  readonly message_id: string
  readonly installation_id: string
  readonly event_id: string
  /** Position in the audit log: grows from message to message of one webhook. */
  readonly entry_index: number
  readonly event_type: string
  readonly occurred_at: Instant
  readonly actor_id: string
  readonly candidate_id: string | null
  readonly correlation_id: string
  readonly payload: JsonObject
}
