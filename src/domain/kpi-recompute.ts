import { div } from './arithmetic.ts'
import type { KpiSummary } from './kpi.ts'
import type { Bps, Instant } from './units.ts'

/** An event of the audit log as far as the KPIs read it. */
export interface KpiEvent {
  readonly candidate_id: string | null
  readonly event_type: string
  readonly event_payload_json: string
  readonly occurred_at: Instant
}

/** A replay as far as the KPIs read it. */
export interface KpiReplay {
  readonly candidate_id: string
  readonly projected_margin_delta_bps: Bps | null
  readonly replayed_at: Instant
}

/** The figures that alerts stand on, and the alerts. */
export type RecomputedKpis = Pick<
  KpiSummary,
  | 'review_decision_count'
  | 'approved_count'
  | 'adoption_rate_bps'
  | 'applied_candidate_count'
  | 'rolled_back_candidate_count'
  | 'rollback_rate_bps'
  | 'false_positive_candidate_count'
  | 'false_positive_rate_bps'
  | 'avg_approval_latency_seconds'
  | 'projected_vs_realized_sample_size'
  | 'avg_projected_vs_realized_margin_gap_bps'
  | 'rollback_spike_alert'
  | 'false_positive_alert'
  | 'margin_gap_alert'
  | 'alert_reason_codes'
>

export type KpiLimits = Pick<
  KpiSummary,
  'max_rollback_rate_bps' | 'max_false_positive_rate_bps' | 'max_projected_realized_margin_gap_bps'
>

const DECISIONS: readonly string[] = ['approved', 'rejected', 'changes_requested']

/**
 * Rates, approval latency, margin gap and alerts over [start, end), computed from the words of docs/contracts.md without any SQL,
 * to hold the query pack against. Rows in order of time.
 */
export function recomputeKpis(
  log: readonly KpiEvent[],
  history: readonly KpiReplay[],
  start: Instant,
  end: Instant,
  limits: KpiLimits,
): RecomputedKpis {
  const events = log.filter(({ occurred_at }) => occurred_at >= start && occurred_at < end)
  const replays = history.filter(({ replayed_at }) => replayed_at >= start && replayed_at < end)
  const decisions = events.filter(event => DECISIONS.includes(event.event_type))
  const approved = decisions.filter(event => event.event_type === 'approved').length
  const applied = candidatesOf(events, ['applied'])
  const rolledBack = candidatesOf(events, ['rolled_back'])
  const falsePositives = [...applied].filter(id => rolledBack.has(id)).length
  const rollbackRate = rate(rolledBack.size, applied.size)
  const falsePositiveRate = rate(falsePositives, applied.size)
  const gaps = marginGaps(events, replays)
  const gap = mean(gaps, 1)
  const alerts = {
    rollback_spike: rollbackRate > limits.max_rollback_rate_bps,
    false_positive_spike: falsePositiveRate > limits.max_false_positive_rate_bps,
    margin_gap_drift: Math.abs(gap) > limits.max_projected_realized_margin_gap_bps,
  }
  return {
    review_decision_count: decisions.length,
    approved_count: approved,
    adoption_rate_bps: rate(approved, decisions.length),
    applied_candidate_count: applied.size,
    rolled_back_candidate_count: rolledBack.size,
    rollback_rate_bps: rollbackRate,
    false_positive_candidate_count: falsePositives,
    false_positive_rate_bps: falsePositiveRate,
    avg_approval_latency_seconds: mean(approvalLatenciesMs(events), 1000),
    projected_vs_realized_sample_size: gaps.length,
    avg_projected_vs_realized_margin_gap_bps: gap,
    rollback_spike_alert: alerts.rollback_spike ? 1 : 0,
    false_positive_alert: alerts.false_positive_spike ? 1 : 0,
    margin_gap_alert: alerts.margin_gap_drift ? 1 : 0,
    alert_reason_codes: Object.entries(alerts)
      .flatMap(([code, burns]) => (burns ? [code] : []))
      .join(','),
  }
}

const rate = (part: number, whole: number): Bps => (whole === 0 ? 0 : div(10_000 * part, whole))
const mean = (values: readonly number[], scale: number): number =>
  values.length === 0
    ? 0
    : div(
        values.reduce((sum, value) => sum + value, 0),
        values.length * scale,
      )

const candidatesOf = (events: readonly KpiEvent[], types: readonly string[]): ReadonlySet<string> =>
  new Set(events.flatMap(event => (types.includes(event.event_type) ? (event.candidate_id ?? []) : [])))

/** First packet to first decision, candidate by candidate, in milliseconds; never negative. */
function approvalLatenciesMs(events: readonly KpiEvent[]): readonly number[] {
  const first = (id: string, types: readonly string[]): number | null => {
    const times = events
      .filter(event => event.candidate_id === id && types.includes(event.event_type))
      .map(event => Date.parse(event.occurred_at))
    return times.length === 0 ? null : Math.min(...times)
  }
  return [...candidatesOf(events, ['review_packet_built'])].flatMap(id => {
    const [built, decided] = [first(id, ['review_packet_built']), first(id, DECISIONS)]
    return built === null || decided === null ? [] : [Math.max(0, decided - built)]
  })
}

/** Projected less realised margin of each candidate that has both, by its newest replay and monitoring. */
function marginGaps(events: readonly KpiEvent[], replays: readonly KpiReplay[]): readonly Bps[] {
  const realized = new Map<string, Bps>()
  for (const event of events) {
    if (event.event_type !== 'monitoring_started' || event.candidate_id === null) continue
    const { realized_margin_delta_bps: margin } = JSON.parse(event.event_payload_json) as {
      realized_margin_delta_bps?: unknown
    }
    if (typeof margin === 'number') realized.set(event.candidate_id, margin)
  }
  return [...realized].flatMap(([id, margin]) => {
    const projected = replays.findLast(row => row.candidate_id === id)?.projected_margin_delta_bps ?? null
    return projected === null ? [] : [projected - margin]
  })
}
