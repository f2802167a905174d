import type { KpiEvent, KpiWorld } from './kpi-reference.ts'

/** `clo_kpi_summary_v2` computed once more from the words of docs/contracts.md, sharing nothing with the SQL. */

const FIELDS = [
  'realized_margin_delta_bps',
  'realized_win_rate_delta_bps',
  'realized_approval_latency_delta_seconds',
  'realized_expected_margin_delta_cents_per_quote',
]

interface Dated {
  readonly id: string
  readonly candidate_id: string | null
  readonly at: string
}

const newestOf = <T extends Dated>(rows: readonly T[]): Map<string, T> => {
  const oldestFirst = rows.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at) || (a.id < b.id ? -1 : 1))
  return new Map(oldestFirst.flatMap(row => (row.candidate_id === null ? [] : [[row.candidate_id, row]])))
}

/** Rounds half up on exact integers; nothing here is negative. */
const rate = (total: number, parts: number): number =>
  parts === 0 ? 0 : Number((2n * BigInt(total) + BigInt(parts)) / (2n * BigInt(parts)))

export function referenceSummaryV2(world: KpiWorld, start: string, end: string): Record<string, unknown> {
  const within = (at: string): boolean =>
    Date.parse(at) >= Date.parse(start) && Date.parse(at) < Date.parse(end)
  const events = world.events.filter(event => within(event.occurred_at))
  const touched = (type: string): Set<string> =>
    new Set(events.flatMap(e => (e.event_type === type && e.candidate_id !== null ? [e.candidate_id] : [])))
  const seen = events
    .filter(event => event.event_type === 'monitoring_started')
    .map((event: KpiEvent) => ({
      id: event.id,
      candidate_id: event.candidate_id,
      at: event.occurred_at,
      payload: JSON.parse(event.event_payload_json),
    }))
  const realized = newestOf(seen.filter(row => (row.payload.realized_margin_delta_bps ?? null) !== null))
  const incomplete = [...newestOf(seen).values()].filter(row =>
    FIELDS.some(field => (row.payload[field] ?? null) === null),
  ).length
  const replays = newestOf(
    world.replays.filter(row => within(row.replayed_at)).map(row => ({ ...row, at: row.replayed_at })),
  )
  const gaps = [...realized].flatMap(([id, row]) => {
    const promised = replays.get(id)?.projected_margin_delta_bps ?? null
    return promised === null ? [] : [Math.abs(promised - row.payload.realized_margin_delta_bps)]
  })
  const applied = [...touched('applied')]
  const rolledBack = touched('rolled_back').size
  const harmful = applied.filter(id => {
    const upper = realized.get(id)?.payload.realized_intervals?.margin_delta_bps?.upper ?? null
    return upper !== null && upper < 0
  }).length
  const figures = {
    rollback: rate(10_000 * rolledBack, applied.length),
    harmful: rate(10_000 * harmful, applied.length),
    gap: rate(
      gaps.reduce((sum, gap) => sum + gap, 0),
      gaps.length,
    ),
  }
  const alerts = {
    rollback_spike: figures.rollback > 1500 && applied.length >= 5,
    harmful_spike: figures.harmful > 1000 && applied.length >= 5,
    margin_gap_drift: figures.gap > 200 && gaps.length >= 3,
    realized_fields_missing: incomplete > 0,
  }
  return {
    window_start: start,
    window_end: end,
    applied_candidate_count: applied.length,
    rolled_back_candidate_count: rolledBack,
    rollback_rate_bps: figures.rollback,
    harmful_candidate_count: harmful,
    harmful_candidate_rate_bps: figures.harmful,
    unobserved_candidate_count: applied.filter(id => !realized.has(id)).length,
    incomplete_observation_count: incomplete,
    projected_vs_realized_sample_size: gaps.length,
    mean_absolute_margin_gap_bps: figures.gap,
    largest_absolute_margin_gap_bps: Math.max(0, ...gaps),
    max_rollback_rate_bps: 1500,
    max_harmful_candidate_rate_bps: 1000,
    max_mean_absolute_margin_gap_bps: 200,
    min_rollback_spike_samples: 5,
    min_harmful_spike_samples: 5,
    min_margin_gap_drift_samples: 3,
    rollback_spike_alert: Number(alerts.rollback_spike),
    harmful_spike_alert: Number(alerts.harmful_spike),
    margin_gap_alert: Number(alerts.margin_gap_drift),
    realized_fields_missing_alert: Number(alerts.realized_fields_missing),
    alert_reason_codes: Object.entries(alerts)
      .filter(([, isRaised]) => isRaised)
      .map(([code]) => code)
      .join(','),
  }
}
