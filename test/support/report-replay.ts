import type {
  Estimate,
  Mover,
  MoverDecision,
  ReplayReport,
  ReplaySlice,
} from '../../src/domain/replay-report.ts'

/** Digests of the right form that can be told apart. */
export const digestOfDigit = (digit: string): string => `sha256:${digit.repeat(64)}`

const estimate = (point: number, lower: number, upper: number): Estimate => ({ point, lower, upper })

const slice = (
  scored: number,
  impacted: number,
  perQuote: number,
  marginBps: number,
  winBps: number,
  loadBps: number,
): ReplaySlice => ({
  scored,
  with_cost: scored,
  impacted,
  margin_delta_bps: marginBps,
  win_rate_delta_bps: winBps,
  approval_load_delta_bps: loadBps,
  hard_violation_delta: 0,
  expected_margin_delta_cents: { total: String(perQuote * scored), per_quote: perQuote },
})

const decision = (
  granted: number,
  net: number,
  margin: number,
  win: number,
  approver: string | null,
): MoverDecision => ({
  granted_discount_bps: granted,
  net_cents: net,
  margin_bps: margin,
  approval_required: approver !== null,
  approvers: approver === null ? [] : [approver],
  violations: [],
  win_ppm: win,
})

function mover(n: number, sign: 1 | -1): Mover {
  const list = 4_900_000 - 310_000 * n
  const candidateGrant = sign === 1 ? 1850 : 2400
  const net = (grant: number): number => list - (list * grant) / 10_000
  const base = decision(2150, net(2150), 3120 - 40 * n, 412_000 + 3100 * n, 'sales_manager')
  const after = decision(
    candidateGrant,
    net(candidateGrant),
    3390 - 40 * n,
    389_000 + 2900 * n,
    sign === 1 ? null : 'sales_manager',
  )
  return {
    quote_id: `q-${sign === 1 ? 'g' : 'l'}${String(1000 + 37 * n)}`,
    segment: n % 3 === 0 ? 'mid_market' : 'smb',
    region: ['na', 'emea', 'apac'][n % 3] as string,
    list_cents: list,
    base,
    candidate: after,
    rule_ids: n % 4 === 1 ? ['discount-cap-smb', 'manager-approval'] : ['discount-cap-smb'],
    expected_margin_delta_cents: sign * (61_240 - 4_811 * n),
  }
}

const BIN_QUOTES = [0, 3, 18, 61, 44, 12, 4071, 96, 240, 322, 118, 27, 0]
const BIN_LIMITS = [-500, -200, -100, -50, -20, -1, 0, 19, 49, 99, 199, 499, null]

/** A replay as the loop makes it on a good history. */
export const REPLAY: ReplayReport = {
  schema: 'clo_replay_report.v1',
  candidate_id: 'cand_5f0c2b7e91d34a6880aa1c2e',
  replay_checksum: digestOfDigit('a'),
  engine_version: 'clo-engine/1',
  currency: 'eur',
  deterministic_pass: true,
  inputs: {
    base_policy_version: 1,
    base_policy_digest: digestOfDigit('1'),
    proposed_policy_version: 2,
    proposed_policy_digest: digestOfDigit('2'),
    snapshot_digest: digestOfDigit('3'),
    model_digest: digestOfDigit('4'),
    thresholds_digest: digestOfDigit('5'),
    cohort_scope: { segments: [], regions: [], quote_ids: [], window: null },
  },
  counts: {
    in_scope: 5400,
    scored: 5012,
    with_cost: 5012,
    open: 371,
    not_replayable: { attribute_absent: 0, cost_absent: 17 },
    not_replayable_base: 17,
  },
  projected_margin_delta_bps: 37,
  revenue_weighted_margin_delta_bps: 29,
  projected_win_rate_delta_bps: -9,
  projected_approval_load_delta_bps: -112,
  projected_approval_latency_delta_seconds: -310,
  projected_hard_violation_delta: 0,
  expected_margin_delta_cents: { total: '2420796', per_quote: 483 },
  approval_coverage_loss_bps: 84,
  intervals: {
    margin_delta_bps: estimate(37, 31, 43),
    revenue_weighted_margin_delta_bps: estimate(29, 22, 36),
    win_rate_delta_bps: estimate(-9, -17, -2),
    approval_load_delta_bps: estimate(-112, -131, -93),
    approval_latency_delta_seconds: estimate(-310, -372, -248),
    hard_violation_delta: estimate(0, 0, 0),
    expected_margin_delta_cents_per_quote: estimate(483, 210, 741),
    approval_coverage_loss_bps: estimate(84, 61, 107),
  },
  blast_radius: {
    impacted_quote_count: 941,
    impacted_quote_ratio_bps: 1878,
    impacted_segment_keys: ['mid_market', 'smb'],
    impacted_rule_ids: ['discount-cap-smb', 'manager-approval'],
    impacted_cohort_ids: ['mid_market/emea', 'mid_market/na', 'smb/apac', 'smb/emea', 'smb/na'],
    impacted_cluster_count: 612,
    impacted_thin_quote_count: 0,
    impacted_value_cents: '1530412200',
    impacted_value_ratio_bps: 1640,
  },
  support: {
    observed_bps: 8114,
    reweighted_bps: 1502,
    extrapolated_bps: 384,
    worst_case_expected_margin_delta_cents_per_quote: 118,
  },
  guardrails: { passed: true, blocks: [] },
  risk_flags: [],
  by_segment: {
    enterprise: slice(702, 0, 0, 0, 0, 0),
    mid_market: slice(1510, 214, -121, 9, -14, -60),
    smb: slice(2800, 727, 930, 61, -9, -168),
  },
  by_region: {
    apac: slice(904, 151, 402, 33, -8, -101),
    emea: slice(1811, 338, 477, 36, -10, -108),
    na: slice(2297, 452, 520, 40, -9, -120),
  },
  by_rule: { 'discount-cap-smb': slice(2800, 727, 930, 61, -9, -168) },
  margin_delta_histogram: BIN_LIMITS.map((up_to_bps, at) => ({
    up_to_bps,
    quotes: BIN_QUOTES[at] as number,
  })),
  movers: {
    losing: Array.from({ length: 10 }, (_, n) => mover(n, -1)),
    gaining: Array.from({ length: 10 }, (_, n) => mover(n, 1)),
  },
}
