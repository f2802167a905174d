import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gainBeforeChance, judgeGain } from '../../src/domain/judgement.ts'
import type { BySlope, FitSums, ReplaySums } from '../../src/domain/replay.ts'
import type { ResponseModel } from '../../src/domain/response.ts'

/** What judgement reads of a model: one tunable at Student's t of 2. */
const MODEL = {
  groups_used: [0, 1],
  student_t_ppm: { one_sided_by_tunables: [2_000_000] },
} as unknown as ResponseModel

const flat = (sum: bigint): BySlope => ({ low: sum, point: sum, high: sum })

/** A fit: expected, and in the worst case, in ppm-cents. */
const fit = (expected: BySlope, worst: BySlope): FitSums => ({
  win_ppm_delta: flat(0n),
  expected_delta: expected,
  worst_case_expected_delta: worst,
})

/** Ten quotes with cost under the full fit and the fits without group 0 and 1. */
const sumsOf = (...response: readonly FitSums[]): ReplaySums =>
  ({
    groups: Array.from({ length: 32 }, (_, group) => ({ with_cost: group < 2 ? 5 : 0 })),
    response,
  }) as unknown as ReplaySums

test('E2 what the worst case takes for certain has no chance of the model in it, so nothing is taken off twice', () => {
  // The model is very unsure of the extrapolated quotes; the worst case is the same whichever group is left out.
  const unsure = sumsOf(
    fit(flat(5000n), flat(3000n)),
    fit(flat(9000n), flat(3000n)),
    fit(flat(1000n), flat(3000n)),
  )
  const judged = judgeGain(unsure, MODEL, 1)
  assert.deepEqual(judged, { pointMicroCents: 500, robustLowerMicroCents: 300 })
  assert.equal(gainBeforeChance(unsure), 300)
})

test('E2 the chance of the gain in the worst case is taken off it: two groups 20 apart have an error of 10', () => {
  const chancy = sumsOf(
    fit(flat(3000n), flat(3000n)),
    fit(flat(3100n), flat(3100n)),
    fit(flat(2900n), flat(2900n)),
  )
  // sqrt((2 - 1) / 2 * (10^2 + 10^2)) = 10, times Student's t of 2, off 300.
  assert.equal(judgeGain(chancy, MODEL, 1)?.robustLowerMicroCents, 280)
})

test('E2 the slope of the range that hurts most decides, each with its own worst case', () => {
  const expected = { low: 4000n, point: 5000n, high: 6000n }
  const worst = { low: 3900n, point: 3500n, high: 900n }
  const same = fit(expected, worst)
  assert.deepEqual(judgeGain(sumsOf(same, same, same), MODEL, 1), {
    pointMicroCents: 500,
    robustLowerMicroCents: 90,
  })
})

test('E2 a worst case never raises a gain: where the full fit is more pessimistic its own gain is judged', () => {
  const grim = fit(flat(1000n), flat(2000n))
  const sums = sumsOf(grim, fit(flat(1100n), flat(2000n)), fit(flat(900n), flat(2000n)))
  assert.equal(judgeGain(sums, MODEL, 1)?.robustLowerMicroCents, 80)
  assert.equal(gainBeforeChance(sums), 100)
})
