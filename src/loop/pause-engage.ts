import { done, type Result, refuse } from '../domain/refusal.ts'
import { canonicalText, digestOf } from '../evidence/canonical.ts'
import { currentActivation } from './active.ts'
import { authorize } from './authorize.ts'
import { pauseState } from './pause.ts'
import { type ControlStatus, statusIn } from './pause-status.ts'
import type { Ports } from './ports.ts'
import { record } from './record.ts'
import { signStatement } from './sign.ts'
import type { PauseRow } from './tables.ts'

export const PAUSE_TAG = 'CLO-SAFETY-PAUSE'

/** Alert columns of the KPI summary whose clearing the machine checks at release. */
export const TRIGGER_METRICS = ['rollback_spike_alert', 'false_positive_alert', 'margin_gap_alert'] as const

export interface EngagePause {
  readonly actorId: string
  readonly ticket: string
  readonly reason: string
  /** Alert columns of the KPI summary, or `other:<words>` for what the two who release must judge themselves. */
  readonly metrics: readonly string[]
}

/**
 * Engages the pause at once, or widens the one that holds: a later engagement adds its metrics and voids release signatures
 * given before. The same engagement again changes nothing. Refuses bad_input, reason_required, not_authorised, key_expired.
 */
export async function engagePause(ports: Ports, input: EngagePause): Promise<Result<ControlStatus>> {
  const wrong = wrongEngagement(input)
  if (wrong !== null) return wrong
  return ports.store.change(async tx => {
    const at = ports.clock.now()
    const authority = await authorize(tx, at, input.actorId, 'pause')
    if (!authority.ok) return authority
    const state = await pauseState(tx)
    const metrics = [...new Set(input.metrics)].sort()
    const repeated = state.ticket === input.ticket && state.reason === input.reason
    if (state.paused && repeated && metrics.every(metric => state.metrics.includes(metric))) {
      return done(await statusIn(tx))
    }
    const rows = await tx.find('safety_pause')
    const { epoch } = await currentActivation(tx)
    const subject = digestOf({ ticket: input.ticket, reason: input.reason, metrics })
    const subjects = { engagement: subject }
    const signed = await signStatement(ports, tx, {
      operation: 'pause',
      actorId: input.actorId,
      subjects,
      activeEpoch: epoch,
      at,
    })
    if (!signed.ok) return signed
    const row: PauseRow = {
      sequence: rows.length + 1,
      kind: 'engaged',
      pause_id: state.pauseId ?? ports.randomness.id('pause'),
      actor_id: input.actorId,
      actor_role: authority.value.role,
      ticket: input.ticket,
      reason: input.reason,
      metrics_json: canonicalText(metrics),
      envelope_json: canonicalText(signed.value.envelope),
      at,
    }
    await record(tx, ports, {
      eventType: 'pause_engaged',
      actor: { type: authority.value.actorType, id: input.actorId },
      payload: {
        pause_id: row.pause_id,
        incident_ticket: input.ticket,
        reason: input.reason,
        metrics,
        epoch,
        widened: state.paused,
      },
      idempotencyKey: `${row.pause_id}:${row.sequence}`,
      correlationId: row.pause_id,
      occurredAt: at,
      inserts: [{ table: 'safety_pause', row }],
    })
    return done(await statusIn(tx))
  })
}

function wrongEngagement(input: EngagePause): ReturnType<typeof refuse> | null {
  if (input.reason.trim() === '') {
    return refuse('reason_required', 'a pause needs a reason', 'pass `--reason TEXT`')
  }
  if (!input.ticket.includes(PAUSE_TAG)) {
    return refuse(
      'bad_input',
      `the ticket \`${input.ticket}\` does not carry the tag ${PAUSE_TAG}`,
      `open an incident ticket tagged ${PAUSE_TAG} and pass it, such as \`--ticket ${PAUSE_TAG}-17\``,
      { ticket: input.ticket },
    )
  }
  const unknown = input.metrics.filter(metric => !isTriggerMetric(metric))
  if (input.metrics.length > 0 && unknown.length === 0) return null
  return refuse(
    'bad_input',
    unknown.length === 0
      ? 'a pause names the metrics that triggered it'
      : `\`${unknown.join('`, `')}\` is no trigger metric`,
    `pass \`--metric\` with one of ${TRIGGER_METRICS.join(', ')}, or \`other:WORDS\``,
    { unknown, known: [...TRIGGER_METRICS] },
  )
}

const isTriggerMetric = (metric: string): boolean =>
  (TRIGGER_METRICS as readonly string[]).includes(metric) || /^other:\S/.test(metric)
