import type { RunReport } from '../../src/cli/report/run-report.ts'
import { ATTACK_NAMES } from '../../src/domain/attack.ts'
import type { KpiSummary } from '../../src/domain/kpi.ts'
import { driftAfter } from '../../src/domain/margin-drift.ts'
import { fallbackPlan, type Packet } from '../../src/domain/packet.ts'
import type { RuleDiff } from '../../src/domain/policy.ts'
import { judgePromise, PROMISED_MEASURES } from '../../src/domain/promise.ts'
import type { CurvePoint, FittedCurvePoint, ResponseEvidence } from '../../src/domain/response.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import type { MonitoringResult } from '../../src/loop/monitor.ts'
import { digestOfDigit, REPLAY } from './report-replay.ts'

const CANDIDATE = 'cand_5f0c2b7e91d34a6880aa1c2e'

const DIFFS: readonly RuleDiff[] = [
  {
    rule_id: 'discount-cap-smb',
    operation: 'update',
    field: 'cap_bps',
    from: 2150,
    to: 1850,
    rationale: 'SMB deals close as often <below> 18.5% as above',
  },
  {
    rule_id: 'manager-approval',
    operation: 'update',
    field: 'above_bps',
    from: 2000,
    to: 2200,
    rationale: 'fewer waits on discounts that are always approved',
  },
]

function curve(segment: string, intercept: number, slope: number, quotes: readonly number[]): CurvePoint[] {
  return quotes.map((count, at) => {
    const share = 1 / (1 + Math.exp(-(intercept + slope * at)))
    const wobble = (((at * 7919) % 13) - 6) / 200
    return {
      segment,
      from_bps: 250 * at,
      to_bps: 250 * at + 249,
      quotes: count,
      won: Math.max(0, Math.min(count, Math.round(count * (share + wobble)))),
      predicted_ppm: Math.round(1e6 * share),
    }
  })
}

const fitted = (segment: string, intercept: number, slope: number, quotesNear: readonly number[]) =>
  quotesNear.map((quotes_near, at): FittedCurvePoint => {
    const ppmAt = (steepness: number): number =>
      Math.round(1e6 / (1 + Math.exp(-(intercept + slope * 4 + steepness * slope * (at - 4)))))
    const ends = [ppmAt(0.5), ppmAt(1.5)]
    return {
      segment,
      discount_bps: 250 * at,
      predicted_ppm: ppmAt(1),
      low_ppm: Math.min(...ends),
      high_ppm: Math.max(...ends),
      quotes_near,
    }
  })

export const RESPONSE: ResponseEvidence = {
  won: 2231,
  lost: 2781,
  cells: 1904,
  discount_bin_bps: 50,
  ridge_levels_thousandths: 1000,
  ridge_slopes_thousandths: 4000,
  segments: [
    {
      segment: 'enterprise',
      closed_quotes: 188,
      slope_nano: 310_000,
      slope_standard_error_nano: 160_000,
      thin_reason: 'too_few_quotes',
    },
    {
      segment: 'mid_market',
      closed_quotes: 1510,
      slope_nano: 640_000,
      slope_standard_error_nano: 71_000,
      thin_reason: null,
    },
    {
      segment: 'smb',
      closed_quotes: 2800,
      slope_nano: 420_000,
      slope_standard_error_nano: 52_000,
      thin_reason: null,
    },
  ],
  calibration: {
    brier_ppm: 221_400,
    brier_of_win_rate_ppm: 246_900,
    bins: [
      { from_ppm: 200_000, to_ppm: 300_000, quotes: 812, predicted_ppm: 262_000, observed_ppm: 251_200 },
      { from_ppm: 400_000, to_ppm: 500_000, quotes: 3_100, predicted_ppm: 447_000, observed_ppm: 450_300 },
      { from_ppm: 600_000, to_ppm: 700_000, quotes: 1_100, predicted_ppm: 641_000, observed_ppm: 628_100 },
    ],
  },
  curve: [
    ...curve('smb', -0.6, 0.11, [120, 301, 512, 620, 540, 388, 201, 84, 34]),
    ...curve('mid_market', -0.9, 0.16, [88, 150, 260, 331, 290, 204, 121, 48, 18]),
    ...curve('enterprise', -0.4, 0.08, [9, 14, 22, 31, 40, 38, 21, 9, 4]),
  ],
  fitted: [
    ...fitted('smb', -0.6, 0.11, [96, 240, 409, 496, 432, 310, 160, 67, 27, 4]),
    ...fitted('mid_market', -0.9, 0.16, [70, 120, 208, 264, 232, 163, 96, 38, 14, 0]),
    ...fitted('enterprise', -0.4, 0.08, [7, 11, 17, 24, 32, 30, 16, 7, 3, 0]),
  ],
}

const PACKET: Packet = {
  schema: 'clo_packet.v1',
  packet_id: digestOfDigit('6'),
  candidate_id: CANDIDATE,
  candidate_version: digestOfDigit('7'),
  created_by: 'ana',
  built_by: 'ana',
  built_at: '2026-11-22T14:01:10.000Z',
  expires_at: '2026-12-06T14:01:10.000Z',
  base_policy_version: 1,
  proposed_policy_version: 2,
  replay_checksum: REPLAY.replay_checksum,
  diff: {
    rule_diffs: DIFFS,
    base_text: 'schema: clo_policy.v1\nname: field-discount-policy\n',
    proposed_text: 'schema: clo_policy.v1\nname: field-discount-policy # next\n',
  },
  replay: REPLAY,
  safety: {
    passed: true,
    blocking: [],
    attacks: ATTACK_NAMES.map((attack, at) => ({
      attack,
      outcome: 'passed' as const,
      measured: at * 11,
      limit: 500,
      reason: 'the measure lies within its limit',
      contributors: at === 2 ? [{ key: 'mid_market', measured: 21 }] : [],
      smallest_set: [],
    })),
  },
  fitness_verdict: 'limited',
  proven: true,
  overturning_slope_share_bps: 8300,
  currency: 'eur',
  risk_score_bps: 1830,
  blast_radius: REPLAY.blast_radius,
  support: REPLAY.support,
  fallback_plan: fallbackPlan(1, digestOfDigit('1'), DEFAULT_THRESHOLDS.alerts),
  inputs: {
    base_policy: digestOfDigit('1'),
    proposed_policy: digestOfDigit('2'),
    snapshot: digestOfDigit('3'),
    response_model: digestOfDigit('4'),
    fitness_audit: digestOfDigit('8'),
    thresholds: digestOfDigit('5'),
    replay_report: digestOfDigit('9'),
  },
  evidence: { thresholds: DEFAULT_THRESHOLDS, response_model: null },
  summary: ['change: discount-cap-smb: cap_bps 2150 -> 1850'],
}

const REALIZED: MonitoringResult['realized_intervals'] = {
  margin_delta_bps: { point: 34, lower: 21, upper: 47 },
  margin_delta_as_applied_bps: { point: 39, lower: 30, upper: 48 },
  win_rate_delta_bps: { point: -160, lower: -290, upper: -31 },
  approval_latency_delta_seconds: { point: -281, lower: -402, upper: -160 },
  expected_margin_delta_cents_per_quote: { point: 205, lower: -840, upper: 1251 },
}

const MONITORING: MonitoringResult = {
  candidate_id: CANDIDATE,
  apply_record_id: 'apply_1',
  applied_policy_version: 2,
  prior_policy_version: 1,
  currency: 'eur',
  monitored_at: '2026-11-22T14:04:00.000Z',
  realized_margin_delta_bps: 34,
  realized_win_rate_delta_bps: -160,
  realized_approval_latency_delta_seconds: -281,
  realized_expected_margin_delta_cents_per_quote: 205,
  realized_intervals: REALIZED,
  promises: PROMISED_MEASURES.map(measure =>
    judgePromise(measure, REPLAY.intervals[measure], REALIZED[measure]),
  ),
  counts: {
    open: 96,
    not_replayable: { attribute_absent: 0, cost_absent: 0 },
    scored: 1389,
    with_cost: 1389,
    decided_alike: 1104,
    as_applied: 1371,
  },
  margin_drift: driftAfter(
    null,
    Array.from({ length: 1389 }, (_, n) => ({ cluster: `customer ${n}`, deltaBps: 34 })),
    REPLAY.intervals.margin_delta_bps,
  ),
  alerts: [],
  intake: {
    number: 1,
    name: 'outcomes.csv',
    digest: digestOfDigit('b'),
    rows: 1500,
    rejected: 3,
    collapsed: 0,
    foreign: { other_policy_version: 12, before_activation: 0, after_replacement: 0, undated: 0 },
    first_seen: 1485,
    updated_while_open: 0,
    repeated: 0,
    changed: 0,
    reject_report: null,
  },
  outcomes_digest: digestOfDigit('b'),
  response_model_digest: digestOfDigit('4'),
  packet_id: PACKET.packet_id,
}

const KPI: KpiSummary = {
  window_start: '2026-10-23T14:05:00.000Z',
  window_end: '2026-11-22T14:05:00.000Z',
  candidate_throughput_count: 2,
  review_decision_count: 1,
  approved_count: 1,
  adoption_rate_bps: 10_000,
  applied_candidate_count: 1,
  rolled_back_candidate_count: 1,
  rollback_rate_bps: 10_000,
  false_positive_candidate_count: 1,
  false_positive_rate_bps: 10_000,
  avg_approval_latency_seconds: 75,
  projected_outcome_sample_count: 1,
  avg_projected_margin_delta_bps: 37,
  realized_outcome_sample_count: 1,
  avg_realized_margin_delta_bps: 34,
  projected_vs_realized_sample_size: 1,
  avg_projected_vs_realized_margin_gap_bps: 3,
  replayed_candidate_count: 1,
  approved_replayed_candidate_count: 1,
  candidate_acceptance_rate_bps: 10_000,
  hard_violation_candidate_count: 0,
  hard_violation_blocked_count: 0,
  unsafe_candidate_block_rate_bps: 0,
  projected_realized_margin_delta_error_bps: 3,
  rollback_mttr_seconds: 4,
  rollback_mttr_proxy_seconds: 95,
  rollback_count: 1,
  replay_total_count: 1,
  deterministic_pass_count: 1,
  replay_determinism_rate_bps: 10_000,
  realized_candidate_count: 1,
  avg_realized_margin_delta_for_outcome_bps: 34,
  avg_realized_win_rate_delta_bps: -160,
  avg_realized_approval_latency_delta_seconds: -281,
  weighted_realized_outcome_score: 6,
  max_rollback_rate_bps: 1500,
  max_false_positive_rate_bps: 1000,
  max_projected_realized_margin_gap_bps: 200,
  rollback_spike_alert: 1,
  false_positive_alert: 1,
  margin_gap_alert: 0,
  alert_reason_codes: 'rollback_spike,false_positive_spike',
}

const KPI_HISTORY = [0, 1200, 10_000].map((rollback_rate_bps, n) => ({
  ...KPI,
  rollback_rate_bps,
  kpi_snapshot_id: `kpi_${n}`,
  recorded_at: `2026-11-2${n}T06:00:00.000Z`,
  recorded_by: 'cron',
}))

const estimates = {
  margin_delta_bps: REPLAY.intervals.margin_delta_bps,
  win_rate_delta_bps: REPLAY.intervals.win_rate_delta_bps,
  approval_load_delta_bps: REPLAY.intervals.approval_load_delta_bps,
  hard_violation_delta: REPLAY.intervals.hard_violation_delta,
  expected_margin_delta_cents_per_quote: REPLAY.intervals.expected_margin_delta_cents_per_quote,
}

/** A run that went the whole way round, on simulated quotes. */
export const WHOLE_RUN: RunReport = {
  policy_name: 'field-discount-policy',
  generated_at: '2026-11-22T14:05:30.000Z',
  currency: { code: 'eur', minorUnit: 2 },
  history: {
    source: 'quotes.csv',
    simulated: true,
    snapshot_id: 'snap_333333333333',
    rows: 5403,
    accepted: 5400,
    rejected: 3,
    reject_reasons: [{ column: 'list_cents', reason: 'is not a decimal number', cells: 3 }],
    won: 2231,
    lost: 2798,
    open: 371,
  },
  fitness: {
    verdict: 'limited',
    findings: [
      {
        code: 'thin_segment',
        severity: 'limited',
        message: 'segment `enterprise` has 188 closed quotes',
        facts: { segments: ['enterprise'], closed_quotes: 188, closed_quotes_min: 200 },
        remedy: 'wait for more outcomes in that segment; no proposal touches it until then',
      },
    ],
  },
  proposal: {
    base_policy_version: 1,
    searched: 214,
    candidates: [
      {
        candidate_id: CANDIDATE,
        base_policy_version: 1,
        proposed_policy_version: 2,
        rule_diffs: DIFFS,
        estimates,
        support: REPLAY.support,
      },
      {
        candidate_id: 'cand_2',
        base_policy_version: 1,
        proposed_policy_version: 3,
        rule_diffs: DIFFS.slice(0, 1),
        estimates: {
          ...estimates,
          win_rate_delta_bps: { point: -4, lower: -11, upper: 2 },
          approval_load_delta_bps: { point: -27, lower: -40, upper: -14 },
          expected_margin_delta_cents_per_quote: { point: 339, lower: 95, upper: 580 },
        },
        support: REPLAY.support,
      },
    ],
    frontier: Array.from({ length: 18 }, (_, n) => ({
      expected_margin_delta_cents_per_quote: 483 - 24 * n,
      win_rate_delta_bps: Math.round(-9 + 0.9 * n - (n * n) / 40),
      approval_load_delta_bps: -112 + 17 * ((n * 5) % 7),
      candidate_id: n === 0 ? CANDIDATE : n === 6 ? 'cand_2' : null,
    })),
    not_proposed: [
      { reason: 'no_robust_gain', count: 131, remedy: 'collect more outcomes' },
      {
        reason: 'guardrail:win_rate_delta_too_low',
        count: 40,
        remedy: 'nothing: the guardrail does its work',
      },
    ],
  },
  candidate_id: CANDIDATE,
  stopped: null,
  replay: REPLAY,
  packet: PACKET,
  response: RESPONSE,
  timeline: [
    {
      at: '2026-11-22T14:00:00.000Z',
      event_type: 'history_imported',
      actor_id: 'import',
      note: '',
      duration_ms: null,
    },
    {
      at: '2026-11-22T14:00:40.000Z',
      event_type: 'candidate_created',
      actor_id: 'ana',
      note: '',
      duration_ms: null,
    },
    {
      at: '2026-11-22T14:01:02.000Z',
      event_type: 'replay_completed',
      actor_id: 'ana',
      note: '',
      duration_ms: 1840,
    },
    {
      at: '2026-11-22T14:01:10.000Z',
      event_type: 'review_packet_built',
      actor_id: 'ana',
      note: '',
      duration_ms: null,
    },
    {
      at: '2026-11-22T14:02:25.000Z',
      event_type: 'approved',
      actor_id: 'sam',
      note: 'reason agreed in the pricing round',
      duration_ms: null,
    },
    {
      at: '2026-11-22T14:03:01.000Z',
      event_type: 'applied',
      actor_id: 'ruth',
      note: 'applied policy version 2',
      duration_ms: null,
    },
    {
      at: '2026-11-22T14:04:00.000Z',
      event_type: 'monitoring_started',
      actor_id: 'ana',
      note: '',
      duration_ms: null,
    },
    {
      at: '2026-11-22T14:04:20.000Z',
      event_type: 'drill_completed',
      actor_id: 'ruth',
      note: '',
      duration_ms: null,
    },
    {
      at: '2026-11-22T14:04:36.000Z',
      event_type: 'rolled_back',
      actor_id: 'ruth',
      note: '',
      duration_ms: null,
    },
  ],
  monitoring: MONITORING,
  drill: {
    apply_duration_ms: 41,
    rollback_duration_ms: 23,
    reapply_duration_ms: 38,
    first_apply_verification_checksum: digestOfDigit('2'),
    rollback_verification_checksum: digestOfDigit('1'),
    reapply_verification_checksum: digestOfDigit('2'),
    safety_passed: true,
    final_policy_version: 2,
    live_state_digest_before: digestOfDigit('c'),
    live_state_digest_after: digestOfDigit('c'),
  },
  rollback: {
    rollback_target_version: 1,
    rollback_reason: 'win rate fell further than promised',
    rollback_triggered_at: '2026-11-22T14:04:32.000Z',
    rolled_back_at: '2026-11-22T14:04:36.000Z',
  },
  kpi: KPI,
  kpi_history: KPI_HISTORY,
  audit: { ok: true, entries: 23, root_hash: digestOfDigit('d'), findings: [] },
  digests: [
    { name: 'history snapshot', digest: digestOfDigit('3') },
    { name: 'response model', digest: digestOfDigit('4') },
    { name: 'base policy', digest: digestOfDigit('1') },
    { name: 'proposed policy', digest: digestOfDigit('2') },
    { name: 'replay report', digest: digestOfDigit('9') },
    { name: 'packet', digest: digestOfDigit('6') },
  ],
}

/** A run that ended at once, because its history supports no proposal. */
export const BARREN_RUN: RunReport = {
  ...WHOLE_RUN,
  history: {
    source: 'renewals.csv',
    simulated: false,
    snapshot_id: 'snap_e',
    rows: 16_050,
    accepted: 16_050,
    rejected: 0,
    reject_reasons: [],
    won: 14_012,
    lost: 2038,
    open: 0,
  },
  fitness: {
    verdict: 'unfit',
    findings: [
      {
        code: 'no_overlap',
        severity: 'unfit',
        message:
          'the discount is a function of other columns: like quotes were never offered different prices',
        facts: { grants_explained_bps: 9941, distinct_grants: 212 },
        remedy: 'let some like quotes get different discounts, at random and within the caps, for a quarter',
      },
      {
        code: 'undated',
        severity: 'limited',
        message: 'no quote has a date',
        facts: { undated: 16_050 },
        remedy: 'export the day of the quote as quoted_at',
      },
    ],
  },
  proposal: null,
  candidate_id: null,
  stopped: {
    code: 'unfit_history',
    message: 'this history cannot prove the effect of a price',
    facts: {},
    remedy: 'read the findings; a diff of your own can still be replayed with `propose --from`',
  },
  replay: null,
  packet: null,
  response: null,
  timeline: WHOLE_RUN.timeline.slice(0, 1),
  monitoring: null,
  drill: null,
  rollback: null,
  kpi: null,
  kpi_history: [],
  digests: WHOLE_RUN.digests.slice(0, 1),
}
