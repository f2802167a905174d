import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import type { CheckedPolicy, Rule } from '../../src/domain/policy.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import type { Quote, QuoteColumns } from '../../src/domain/quote.ts'
import { type ReplaySums, type ReplayTask, WHOLE_SNAPSHOT } from '../../src/domain/replay.ts'
import { replayFindings } from '../../src/domain/replay-findings.ts'
import type { ReplayReport } from '../../src/domain/replay-report.ts'
import type { ResponseModel } from '../../src/domain/response.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { UNDECIDED } from '../support/asked-quote.ts'
import { columnsOfQuotes } from '../support/quote-columns.ts'

const policy = (...rules: Rule[]): CheckedPolicy => {
  const checked = checkPolicy({ schema: 'clo_policy.v1', name: 'by hand', rules })
  assert.ok(checked.ok, JSON.stringify(checked))
  return checked.value
}

const cap = (bps: number): Rule => ({
  id: 'cap',
  kind: 'discount_cap',
  when: 'true',
  params: { cap_bps: bps },
})
const floor: Rule = { id: 'floor', kind: 'margin_floor', when: 'true', params: { floor_bps: 3000 } }
const manager: Rule = {
  id: 'manager',
  kind: 'approval',
  when: 'quote.discount_bps > 1500',
  approver: 'sales_manager',
}

const quote = (quoteId: string, given: Partial<Quote>): Quote => ({
  ...UNDECIDED,
  quoteId,
  segment: 'smb',
  region: 'na',
  productFamily: '',
  listCents: 10_000,
  costCents: 5_000,
  requestedDiscountBps: 500,
  grantedDiscountBps: 500,
  approvalRequired: false,
  cluster: quoteId,
  attributes: {},
  ...given,
})

/** Every offer wins half the time, whatever it is. */
const coinToss: ResponseModel = {
  schema: 'clo_response_model.v1',
  size_bounds_cents: [],
  factors: [],
  fits: Array.from({ length: 33 }, () => ({
    intercept_micro: 0,
    level_micro: [],
    size_micro: [0],
    approval_micro: 0,
    slope_nano: 0,
    slope_nano_by_segment: {},
  })),
  slope_offset_nano: 0,
  thin_segments: ['smb'],
  student_t_ppm: { two_sided_95: 12_706_205, one_sided_by_tunables: [] },
  groups_used: [0, 1],
}

/** Four quotes: one that both policies decide differently, one they do not, one without a cost, one open. */
const columns = {
  ...columnsOfQuotes([
    quote('a', {
      costCents: 6_000,
      requestedDiscountBps: 2_000,
      grantedDiscountBps: 2_000,
      approvalRequired: true,
      approvalOutcome: 'approved',
      approvalLatencySeconds: 600,
    }),
    quote('b', { segment: 'enterprise' }),
    quote('c', { costCents: null }),
    quote('d', { outcome: 'open' }),
  ]),
  group: Uint8Array.of(0, 1, 2, 3),
}
const base = policy(cap(2000), floor, manager)
const candidate = policy(cap(1000), floor, manager)

async function reportOf(
  model: ResponseModel | null,
  quotes: QuoteColumns = columns,
): Promise<Omit<ReplayReport, 'replay_checksum'>> {
  const task: ReplayTask = {
    snapshotDigest: 'sha256:1',
    columns: quotes,
    base,
    candidates: [candidate],
    scope: WHOLE_SNAPSHOT,
    model,
  }
  const [sums] = (await oracleEngine().evaluate(task)) as [ReplaySums]
  assert.deepEqual(await columnarEngine({ threads: 0 }).evaluate(task), [sums])
  return replayFindings({
    candidateId: 'cand_1',
    inputs: {
      base_policy_version: 1,
      base_policy_digest: 'sha256:2',
      proposed_policy_version: 2,
      proposed_policy_digest: 'sha256:3',
      snapshot_digest: 'sha256:1',
      model_digest: model === null ? null : 'sha256:4',
      thresholds_digest: 'sha256:5',
      cohort_scope: WHOLE_SNAPSHOT,
    },
    columns: quotes,
    base,
    candidate,
    model,
    thresholds: DEFAULT_THRESHOLDS,
    sums,
    deterministicPass: true,
  })
}

/*
 * By hand. Quote a under the base: grant 2000, net 8000, profit 2000, margin 2500 (below the floor), approval. Under the candidate:
 * grant 1000, net 9000, profit 3000, margin 3333, no approval. Quote b under both: grant 500, net 9500, profit 4500.
 */
test('a report of four quotes says what a person computes by hand', async () => {
  const report = await reportOf(coinToss)
  assert.deepEqual(report.counts, {
    in_scope: 4,
    scored: 2,
    with_cost: 2,
    open: 1,
    not_replayable: { attribute_absent: 0, cost_absent: 1 },
    not_replayable_base: 1,
  })
  assert.equal(report.projected_margin_delta_bps, 417, '833 / 2, half away from zero')
  assert.equal(report.revenue_weighted_margin_delta_bps, 340, '7500 / 18500 - 6500 / 17500')
  assert.equal(report.projected_win_rate_delta_bps, 0)
  assert.equal(report.projected_approval_load_delta_bps, -5000)
  assert.equal(report.projected_approval_latency_delta_seconds, -300, 'one of two waits 600 s less')
  assert.equal(report.projected_hard_violation_delta, -1)
  assert.equal(report.approval_coverage_loss_bps, 4571, '8000 / 17500')
  assert.deepEqual(report.expected_margin_delta_cents, { total: '500', per_quote: 250 })
  // Without a: 0; without b: 833. Half the distance is the error, 12.706205 the multiplier of one degree of freedom.
  assert.deepEqual(report.intervals.margin_delta_bps, { point: 417, lower: -4876, upper: 5709 })
  assert.deepEqual(report.intervals.win_rate_delta_bps, { point: 0, lower: 0, upper: 0 })
  assert.equal(report.intervals.hard_violation_delta.upper, 0, 'no group gains a violation')
  assert.equal(report.intervals.approval_coverage_loss_bps.lower, 0, 'less than nothing cannot be lost')
  assert.deepEqual(
    report.guardrails.blocks.map(block => block.code),
    ['margin_delta_too_low', 'approval_load_delta_too_high', 'approval_coverage_loss_too_high'],
  )
  assert.deepEqual(report.blast_radius, {
    impacted_quote_count: 1,
    impacted_quote_ratio_bps: 5000,
    impacted_segment_keys: ['smb'],
    impacted_rule_ids: ['cap', 'floor', 'manager'],
    impacted_cohort_ids: ['smb/na'],
    impacted_cluster_count: 1,
    impacted_thin_quote_count: 1,
    impacted_value_cents: '8000',
    impacted_value_ratio_bps: 4571,
  })
  assert.deepEqual(report.risk_flags, ['thin_segment_touched'])
  assert.deepEqual(
    report.margin_delta_histogram.filter(bin => bin.quotes > 0),
    [
      { up_to_bps: 0, quotes: 1 },
      { up_to_bps: null, quotes: 1 },
    ],
  )
  const [gaining] = report.movers.gaining
  assert.deepEqual(report.movers.losing, [])
  assert.deepEqual([gaining?.quote_id, gaining?.expected_margin_delta_cents], ['a', 500])
  assert.deepEqual([gaining?.base.violations, gaining?.candidate.violations], [['floor'], []])
  // Tighter in the grant and friendlier in the approval: nothing is known, so at worst it is never won.
  assert.deepEqual(report.support, {
    observed_bps: 5000,
    reweighted_bps: 0,
    extrapolated_bps: 5000,
    worst_case_expected_margin_delta_cents_per_quote: -500,
  })
})

test('the worst case is the worst over the range of slopes too, not that of the fitted one', async () => {
  // Logged at 1000, decided by the base at 2000: the steeper customers are, the more the base would have won, and at worst is lost.
  const logged = { ...columns, grantedDiscountBps: columns.grantedDiscountBps.with(0, 1_000) }
  const fits = coinToss.fits.map(fit => ({ ...fit, slope_nano: 1_000_000 }))
  const worst = async (slope_offset_nano: number): Promise<number> => {
    const report = await reportOf({ ...coinToss, fits, slope_offset_nano }, logged)
    return report.support.worst_case_expected_margin_delta_cents_per_quote as number
  }
  assert.ok((await worst(500_000)) < (await worst(0)))
})

test('R5 without a response model win rate and expected margin are unknown, and unknown blocks', async () => {
  const report = await reportOf(null)
  assert.equal(report.projected_win_rate_delta_bps, null)
  assert.deepEqual(report.expected_margin_delta_cents, { total: null, per_quote: null })
  assert.equal(report.support.worst_case_expected_margin_delta_cents_per_quote, null)
  assert.ok(report.guardrails.blocks.some(block => block.code === 'win_rate_delta_too_low_unknown'))
  assert.ok(report.risk_flags.includes('no_response_model'))
  assert.equal(report.movers.gaining[0]?.expected_margin_delta_cents, 1000, 'as if the quote were won')
})

test('fifty quotes with that approval and a near grant carry a reweighting, forty-nine do not', async () => {
  for (const [count, expected] of [
    [50, 'reweighted_bps'],
    [49, 'extrapolated_bps'],
  ] as const) {
    const alike = Array.from({ length: count }, (_, at) =>
      quote(`q${at}`, { requestedDiscountBps: 1_000, grantedDiscountBps: 1_000 }),
    )
    const task: ReplayTask = {
      snapshotDigest: 'sha256:1',
      columns: columnsOfQuotes(alike),
      base: policy(cap(2000)),
      candidates: [policy(cap(900))],
      scope: WHOLE_SNAPSHOT,
      model: null,
    }
    for (const engine of [oracleEngine(), columnarEngine({ threads: 0 })]) {
      const [sums] = (await engine.evaluate(task)) as [ReplaySums]
      assert.equal(sums.support[expected === 'reweighted_bps' ? 'reweighted' : 'extrapolated'], count)
    }
  }
})
