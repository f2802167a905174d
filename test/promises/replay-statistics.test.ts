import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { judgeGuardrails } from '../../src/domain/guardrails.ts'
import { type Estimate, GUARDRAIL_CODES, type ReplayIntervals } from '../../src/domain/replay-report.ts'
import {
  jackknifeError,
  jackknifeEstimate,
  squareRootUp,
  twoSided95Ppm,
} from '../../src/domain/statistics.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'

const SEED = Number(process.env.QUOTEY_TEST_SEED ?? Date.now() % 1_000_000)

test(`intervals equal a jackknife computed in floating point, rounded outwards (seed ${SEED})`, () => {
  const group = fc.record({
    sum: fc.integer({ min: -1_000_000, max: 1_000_000 }),
    count: fc.integer({ min: 1, max: 500 }),
  })
  fc.assert(
    fc.property(fc.array(group, { minLength: 2, maxLength: 32 }), groups => {
      const total = (of: 'sum' | 'count', but = -1): number =>
        groups.reduce((all, each, at) => all + (at === but ? 0 : each[of]), 0)
      const ratio = (but = -1) => ({ n: BigInt(total('sum', but)), d: BigInt(total('count', but)) })
      const found = jackknifeEstimate(
        ratio(),
        groups.map((_, at) => ratio(at)),
      )
      const G = groups.length
      const thetas = groups.map((_, at) => total('sum', at) / total('count', at))
      const mean = thetas.reduce((all, theta) => all + theta, 0) / G
      const variance = ((G - 1) / G) * thetas.reduce((all, theta) => all + (theta - mean) ** 2, 0)
      const half = (quantileOfT(0.975, G - 1) as number) * Math.sqrt(variance)
      const point = total('sum') / total('count')
      // Near an integer the float may fall on the other side, so the limits are held to within its error and one unit.
      const slack = 1e-5 * (1 + half)
      const { lower, upper } = found as { lower: number; upper: number }
      assert.ok(lower <= point - half + slack && lower > point - half - 1 - slack, `lower ${lower}`)
      assert.ok(upper >= point + half - slack && upper < point + half + 1 + slack, `upper ${upper}`)
      assert.ok(Math.abs((found.point as number) - point) <= 0.5)
    }),
    { seed: SEED, numRuns: 300 },
  )
})

test('a wide statistic keeps every digit: sums beyond 2^63 over a small denominator', () => {
  const ratios = [10n ** 24n, 10n ** 24n + 4n].map(n => ({ n, d: 10n ** 18n }))
  const estimate = jackknifeEstimate({ n: 10n ** 24n + 2n, d: 10n ** 18n }, ratios)
  assert.equal(estimate.point, 1_000_000)
  assert.ok((estimate.lower as number) <= 1_000_000 && (estimate.upper as number) >= 1_000_000)
})

test('the multipliers are Student t at 97.5%, recomputed by integrating its density', () => {
  for (let degrees = 1; degrees <= 31; degrees += 1) {
    const ppm = twoSided95Ppm(degrees + 1)
    assert.ok(Math.abs(ppm / 1e6 - quantileOfT(0.975, degrees)) < 2e-6, `at ${degrees}: ${ppm}`)
  }
})

test('square roots round up, at any size', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 60n }), n => {
      const root = squareRootUp(n)
      assert.ok(root * root >= n && (root === 0n || (root - 1n) ** 2n < n))
    }),
    { seed: SEED },
  )
  assert.equal(jackknifeError([5n, 5n, 5n]), 0n)
})

test('R5 unknown never passes a guardrail, unless the thresholds declare it not required', () => {
  const unknown: Estimate = { point: null, lower: null, upper: null }
  const nothing = intervals(unknown)
  const verdict = judgeGuardrails(nothing, DEFAULT_THRESHOLDS.guardrails)
  assert.equal(verdict.passed, false)
  assert.deepEqual(
    verdict.blocks.map(block => [block.code, block.measured]),
    GUARDRAIL_CODES.map(code => [`${code}_unknown`, null]),
  )
  for (const code of GUARDRAIL_CODES) {
    const { blocks } = judgeGuardrails(nothing, { ...DEFAULT_THRESHOLDS.guardrails, not_required: [code] })
    assert.ok(!blocks.some(block => block.code === `${code}_unknown`))
    assert.equal(blocks.length, GUARDRAIL_CODES.length - 1)
  }
  const pointAlone = judgeGuardrails(
    intervals({ point: 0, lower: null, upper: null }),
    DEFAULT_THRESHOLDS.guardrails,
  )
  assert.equal(pointAlone.blocks.length, GUARDRAIL_CODES.length, 'a point without limits is unknown')
})

test('interval limits are judged and not points; a limit met exactly passes, and a declared one still blocks', () => {
  const exact: ReplayIntervals = {
    ...intervals({ point: 0, lower: 0, upper: 0 }),
    margin_delta_bps: { point: 900, lower: -50, upper: 2_000 },
    win_rate_delta_bps: { point: 0, lower: -25, upper: 9 },
    approval_load_delta_bps: { point: 0, lower: -9, upper: 400 },
    approval_coverage_loss_bps: { point: 0, lower: 0, upper: 500 },
  }
  const limits = { ...DEFAULT_THRESHOLDS.guardrails, not_required: [...GUARDRAIL_CODES] }
  assert.deepEqual(judgeGuardrails(exact, limits), { passed: true, blocks: [] })
  const beyond: ReplayIntervals = {
    ...exact,
    margin_delta_bps: { point: 900, lower: -51, upper: 2_000 },
    win_rate_delta_bps: { point: 0, lower: -26, upper: 9 },
    approval_load_delta_bps: { point: 0, lower: -9, upper: 401 },
    approval_coverage_loss_bps: { point: 0, lower: 0, upper: 501 },
    hard_violation_delta: { point: 0, lower: 0, upper: 1 },
  }
  assert.deepEqual(
    judgeGuardrails(beyond, limits).blocks.map(({ code, measured, limit }) => [code, measured, limit]),
    [
      ['margin_delta_too_low', -51, -50],
      ['win_rate_delta_too_low', -26, -25],
      ['approval_load_delta_too_high', 401, 400],
      ['approval_coverage_loss_too_high', 501, 500],
      ['hard_violation_delta_too_high', 1, 0],
    ],
  )
})

const intervals = (estimate: Estimate): ReplayIntervals => ({
  margin_delta_bps: estimate,
  revenue_weighted_margin_delta_bps: estimate,
  win_rate_delta_bps: estimate,
  approval_load_delta_bps: estimate,
  approval_latency_delta_seconds: estimate,
  hard_violation_delta: estimate,
  expected_margin_delta_cents_per_quote: estimate,
  approval_coverage_loss_bps: estimate,
})

/** By bisection over Simpson's rule, substituting t = tan(x) * sqrt(degrees) so that the density becomes cos(x)^(degrees - 1). */
function quantileOfT(probability: number, degrees: number): number {
  const integral = (to: number): number => {
    const steps = 400
    const width = to / steps
    let sum = 0
    for (let step = 0; step <= steps; step += 1) {
      const weight = step === 0 || step === steps ? 1 : step % 2 === 1 ? 4 : 2
      sum += weight * Math.cos(step * width) ** (degrees - 1)
    }
    return (sum * width) / 3
  }
  const whole = 2 * integral(Math.PI / 2)
  let low = 0
  let high = Math.PI / 2
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2
    if (0.5 + integral(middle) / whole < probability) low = middle
    else high = middle
  }
  return Math.tan(low) * Math.sqrt(degrees)
}
