import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Decision, decide } from '../../src/domain/decision.ts'
import { trueWinProbability } from '../../src/domain/market-truth.ts'
import { marketWorld } from '../../src/domain/market-world.ts'
import type { CheckedPolicy } from '../../src/domain/policy.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import { type Quote, quoteAt } from '../../src/domain/quote.ts'
import { measureRealized } from '../../src/domain/realized.ts'
import type { Estimate } from '../../src/domain/replay-report.ts'
import { fitResponse } from '../../src/domain/response-fit.ts'
import { succeeded } from '../support/installation.ts'
import { type SimulatedHistory, simulatedHistory, starterPolicy } from '../support/market-columns.ts'

const WORLDS = 20
const FIT = { thinSegmentQuotes: 200, sensitivityOffsetShare: 0.5 }

/** The starter policy with every cap so much lower: customers lose, margins rise. */
function tightened(by: number): CheckedPolicy {
  const { document } = starterPolicy()
  const rules = document.rules.map(rule =>
    rule.kind === 'discount_cap'
      ? { ...rule, params: { ...rule.params, cap_bps: (rule.params?.cap_bps ?? 0) - by } }
      : rule,
  )
  return succeeded(checkPolicy({ ...document, rules }))
}

interface TrueEffect {
  readonly winBps: number
  readonly expectedCents: number
}

/** What the applied decisions really did to these very quotes, on average, against the prior policy. */
function trueEffect({ truth, columns }: SimulatedHistory, prior: CheckedPolicy): TrueEffect {
  let [quotes, win, expected] = [0, 0, 0]
  for (let row = 0; row < columns.rows; row += 1) {
    const quote = quoteAt(columns, row)
    if (quote.outcome === 'open') continue
    const before = decide(prior, quote) as Decision
    const offered = {
      grantedDiscountBps: quote.grantedDiscountBps,
      approvalRequired: quote.approvalRequired === true,
    }
    const chance = trueWinProbability(truth, quote, offered)
    const chanceBefore = trueWinProbability(truth, quote, before)
    quotes += 1
    win += chance - chanceBefore
    expected +=
      chance * profit(quote, quote.netCents as number) - chanceBefore * profit(quote, before.netCents)
  }
  return { winBps: (10_000 * win) / quotes, expectedCents: expected / quotes }
}

const profit = (quote: Quote, net: number): number => net - (quote.costCents as number)
const holds = ({ lower, upper }: Estimate, value: number): boolean =>
  (lower as number) <= value && value <= (upper as number)

test('intervals of the realised win rate and margin hold the true effect in the simulated worlds', context => {
  const [prior, applied] = [starterPolicy(), tightened(400)]
  let [held, widthBps, effectBps] = [{ win: 0, expected: 0 }, 0, 0]
  for (let n = 1; n <= WORLDS; n += 1) {
    const world = marketWorld({ variety: 1, worldSeed: n })
    const history = simulatedHistory({ seed: 2 * n, quotes: 3000, world })
    const fitted = fitResponse(history.columns, FIT)
    assert.equal(fitted.kind, 'fitted')
    const { model } = fitted as Extract<typeof fitted, { kind: 'fitted' }>
    const outcomes = simulatedHistory({
      seed: 2 * n + 1,
      quotes: 1500,
      world,
      policy: applied,
      policyVersion: 2,
    })
    const rows = Array.from({ length: outcomes.columns.rows }, (_, row) => row)
    const { estimates } = measureRealized(outcomes.columns, rows, prior, applied, model)
    const truth = trueEffect(outcomes, prior)
    if (holds(estimates.win_rate_delta_bps, truth.winBps)) held.win += 1
    if (holds(estimates.expected_margin_delta_cents_per_quote, truth.expectedCents)) held.expected += 1
    widthBps +=
      ((estimates.win_rate_delta_bps.upper as number) - (estimates.win_rate_delta_bps.lower as number)) /
      WORLDS
    effectBps += truth.winBps / WORLDS
  }
  context.diagnostic(
    JSON.stringify({ worlds: WORLDS, held, mean_width_bps: widthBps, mean_true_win_bps: effectBps }),
  )
  assert.ok(held.win >= WORLDS - 3, `the true win rate delta lies inside in ${held.win} of ${WORLDS} worlds`)
  assert.ok(
    held.expected >= WORLDS - 3,
    `the true margin delta lies inside in ${held.expected} of ${WORLDS} worlds`,
  )
})
