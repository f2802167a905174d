/** KPI figures computed once more from the words of docs/contracts.md, sharing nothing with the SQL. */
export interface KpiEvent {
  readonly id: string
  readonly candidate_id: string | null
  readonly event_type: string
  readonly event_payload_json: string
  readonly occurred_at: string
}

export interface KpiReplay {
  readonly id: string
  readonly candidate_id: string
  readonly projected_margin_delta_bps: number | null
  readonly projected_win_rate_delta_bps: number | null
  readonly projected_approval_latency_delta_seconds: number | null
  readonly hard_violation_count: number
  readonly deterministic_pass: 0 | 1
  readonly replayed_at: string
}

export interface KpiApply {
  readonly id: string
  readonly candidate_id: string
  readonly applied_at: string
}

export interface KpiRollback {
  readonly id: string
  readonly candidate_id: string
  readonly apply_record_id: string
  readonly rollback_metadata_json: string
  readonly rolled_back_at: string
}

export interface KpiWorld {
  readonly events: readonly KpiEvent[]
  readonly replays: readonly KpiReplay[]
  readonly applies: readonly KpiApply[]
  readonly rollbacks: readonly KpiRollback[]
}

interface Observation {
  readonly at: string
  readonly margin: number
  readonly winRate: number | null
  readonly latency: number | null
}

const DECISIONS = ['approved', 'rejected', 'changes_requested']
const ms = (instant: string): number => Date.parse(instant)
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Rounds half away from zero by hand on exact integers, so that no binary fraction decides a tie. */
function rounded(numerator: number, denominator: number): number {
  if (denominator === 0) return 0
  const whole = BigInt(Math.abs(numerator))
  const parts = BigInt(denominator)
  const up = (whole % parts) * 2n >= parts ? 1n : 0n
  const size = Number(whole / parts + up)
  return numerator < 0 && size > 0 ? -size : size
}

const share = (part: number, whole: number): number => rounded(10_000 * part, whole)
const mean = (values: readonly number[], scale = 1): number => rounded(sum(values), values.length * scale)
const candidatesOf = (rows: readonly { readonly candidate_id: string | null }[]): Set<string> =>
  new Set(rows.flatMap(row => (row.candidate_id === null ? [] : [row.candidate_id])))
const both = (left: Set<string>, right: Set<string>): number => [...left].filter(id => right.has(id)).length

function newestBy<T extends { readonly id: string }>(rows: readonly T[], at: (row: T) => string): T {
  return rows.reduce((best, row) => {
    const later = ms(at(row)) - ms(at(best))
    return later > 0 || (later === 0 && row.id > best.id) ? row : best
  })
}

function newestReplays(world: KpiWorld, inWindow: (at: string) => boolean): Map<string, KpiReplay> {
  const replays = world.replays.filter(row => inWindow(row.replayed_at))
  const ids = [...candidatesOf(replays)]
  return new Map(
    ids.map(id => [
      id,
      newestBy(
        replays.filter(row => row.candidate_id === id),
        row => row.replayed_at,
      ),
    ]),
  )
}

function newestObservations(world: KpiWorld, inWindow: (at: string) => boolean): Map<string, Observation> {
  const observed = world.events.filter(
    event =>
      event.event_type === 'monitoring_started' &&
      event.candidate_id !== null &&
      inWindow(event.occurred_at) &&
      typeof JSON.parse(event.event_payload_json).realized_margin_delta_bps === 'number',
  )
  const found = new Map<string, Observation>()
  for (const id of candidatesOf(observed)) {
    const event = newestBy(
      observed.filter(row => row.candidate_id === id),
      row => row.occurred_at,
    )
    const payload = JSON.parse(event.event_payload_json)
    found.set(id, {
      at: event.occurred_at,
      margin: payload.realized_margin_delta_bps,
      winRate: payload.realized_win_rate_delta_bps ?? null,
      latency: payload.realized_approval_latency_delta_seconds ?? null,
    })
  }
  return found
}

function approvalLatenciesMs(events: readonly KpiEvent[]): number[] {
  return [...candidatesOf(events)].flatMap(id => {
    const times = (chosen: (type: string) => boolean): number[] =>
      events.filter(e => e.candidate_id === id && chosen(e.event_type)).map(e => ms(e.occurred_at))
    const packets = times(type => type === 'review_packet_built')
    const decisions = times(type => DECISIONS.includes(type))
    if (packets.length === 0 || decisions.length === 0) return []
    return [Math.max(0, Math.min(...decisions) - Math.min(...packets))]
  })
}

/** The one row of clo_kpi_summary_v1. */
export function referenceSummary(
  world: KpiWorld,
  start: string,
  end: string,
): Record<string, number | string> {
  const inWindow = (at: string): boolean => ms(at) >= ms(start) && ms(at) < ms(end)
  const events = world.events.filter(event => inWindow(event.occurred_at))
  const ofType = (...types: string[]): KpiEvent[] => events.filter(event => types.includes(event.event_type))
  const decisions = ofType(...DECISIONS).length
  const approvals = ofType('approved').length
  const applied = candidatesOf(ofType('applied'))
  const rolledBack = candidatesOf(ofType('rolled_back'))
  const latencies = approvalLatenciesMs(events)

  const projected = newestReplays(world, inWindow)
  const margins = [...projected.values()].flatMap(row => row.projected_margin_delta_bps ?? [])
  const observed = newestObservations(world, inWindow)
  const observations = [...observed.values()]
  const gaps = [...observed].flatMap(([id, observation]) => {
    const promised = projected.get(id)?.projected_margin_delta_bps ?? null
    return promised === null ? [] : [promised - observation.margin]
  })
  const everApproved = candidatesOf(
    world.events.filter(event => event.event_type === 'approved' && ms(event.occurred_at) < ms(end)),
  )
  const violating = new Set(
    [...projected.values()].filter(row => row.hard_violation_count > 0).map(row => row.candidate_id),
  )
  const blocked = [...violating].filter(id => !everApproved.has(id)).length
  const rollbacks = world.rollbacks.filter(row => inWindow(row.rolled_back_at))
  const repairs = rollbacks.flatMap(row => {
    const triggered = JSON.parse(row.rollback_metadata_json).rollback_triggered_at
    return triggered ? [Math.max(0, ms(row.rolled_back_at) - ms(triggered))] : []
  })
  const lifetimes = rollbacks.flatMap(row => {
    const apply = world.applies.find(candidate => candidate.id === row.apply_record_id)
    return apply ? [Math.max(0, ms(row.rolled_back_at) - ms(apply.applied_at))] : []
  })
  const replays = world.replays.filter(row => inWindow(row.replayed_at))
  const deterministic = replays.filter(row => row.deterministic_pass === 1).length

  const rollbackRate = share(rolledBack.size, applied.size)
  const falsePositives = both(applied, rolledBack)
  const falsePositiveRate = share(falsePositives, applied.size)
  const gap = mean(gaps)
  const alerts = [rollbackRate > 1500, falsePositiveRate > 1000, Math.abs(gap) > 200]
  return {
    window_start: start,
    window_end: end,
    candidate_throughput_count: ofType('candidate_created').length,
    review_decision_count: decisions,
    approved_count: approvals,
    adoption_rate_bps: share(approvals, decisions),
    applied_candidate_count: applied.size,
    rolled_back_candidate_count: rolledBack.size,
    rollback_rate_bps: rollbackRate,
    false_positive_candidate_count: falsePositives,
    false_positive_rate_bps: falsePositiveRate,
    avg_approval_latency_seconds: mean(latencies, 1000),
    projected_outcome_sample_count: margins.length,
    avg_projected_margin_delta_bps: mean(margins),
    realized_outcome_sample_count: observed.size,
    avg_realized_margin_delta_bps: mean(observations.map(row => row.margin)),
    projected_vs_realized_sample_size: gaps.length,
    avg_projected_vs_realized_margin_gap_bps: gap,
    replayed_candidate_count: projected.size,
    approved_replayed_candidate_count: both(new Set(projected.keys()), everApproved),
    candidate_acceptance_rate_bps: share(both(new Set(projected.keys()), everApproved), projected.size),
    hard_violation_candidate_count: violating.size,
    hard_violation_blocked_count: blocked,
    unsafe_candidate_block_rate_bps: share(blocked, violating.size),
    projected_realized_margin_delta_error_bps: Math.abs(gap),
    rollback_mttr_seconds: mean(repairs, 1000),
    rollback_mttr_proxy_seconds: mean(lifetimes, 1000),
    rollback_count: rollbacks.length,
    replay_total_count: replays.length,
    deterministic_pass_count: deterministic,
    replay_determinism_rate_bps: share(deterministic, replays.length),
    realized_candidate_count: observed.size,
    avg_realized_margin_delta_for_outcome_bps: mean(observations.map(row => row.margin)),
    avg_realized_win_rate_delta_bps: mean(observations.flatMap(row => row.winRate ?? [])),
    avg_realized_approval_latency_delta_seconds: mean(observations.flatMap(row => row.latency ?? [])),
    weighted_realized_outcome_score: mean(
      observations.map(row => 4 * row.margin + 4 * (row.winRate ?? 0) - 2 * (row.latency ?? 0)),
      10,
    ),
    max_rollback_rate_bps: 1500,
    max_false_positive_rate_bps: 1000,
    max_projected_realized_margin_gap_bps: 200,
    rollback_spike_alert: alerts[0] ? 1 : 0,
    false_positive_alert: alerts[1] ? 1 : 0,
    margin_gap_alert: alerts[2] ? 1 : 0,
    alert_reason_codes: ['rollback_spike', 'false_positive_spike', 'margin_gap_drift']
      .filter((_, index) => alerts[index])
      .join(','),
  }
}

/** The rows of clo_kpi_projected_vs_realized_detail_v1, in their order. */
export function referenceDetail(world: KpiWorld, start: string, end: string): Record<string, unknown>[] {
  const inWindow = (at: string): boolean => ms(at) >= ms(start) && ms(at) < ms(end)
  const projected = newestReplays(world, inWindow)
  const rows = [...newestObservations(world, inWindow)].flatMap(([id, observation]) => {
    const replay = projected.get(id)
    if (replay === undefined) return []
    const promised = replay.projected_margin_delta_bps
    return [
      {
        candidate_id: id,
        replayed_at: replay.replayed_at,
        monitored_at: observation.at,
        projected_margin_delta_bps: promised,
        realized_margin_delta_bps: observation.margin,
        margin_gap_bps: promised === null ? null : promised - observation.margin,
        projected_win_rate_delta_bps: replay.projected_win_rate_delta_bps,
        realized_win_rate_delta_bps: observation.winRate,
        projected_approval_latency_delta_seconds: replay.projected_approval_latency_delta_seconds,
        realized_approval_latency_delta_seconds: observation.latency,
      },
    ]
  })
  const size = (row: { readonly margin_gap_bps: number | null }): number =>
    row.margin_gap_bps === null ? -1 : Math.abs(row.margin_gap_bps)
  return rows.sort((a, b) => size(b) - size(a) || (a.candidate_id < b.candidate_id ? -1 : 1))
}
