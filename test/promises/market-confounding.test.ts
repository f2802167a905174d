import assert from 'node:assert/strict'
import { test } from 'node:test'
import { marketTruth, simulateQuotes } from '../../src/domain/market.ts'
import { amplificationsOf, confoundedWorld } from '../../src/domain/market-confounding.ts'
import { type MarketTruth, trueWinProbability } from '../../src/domain/market-truth.ts'
import { marketWorld } from '../../src/domain/market-world.ts'
import { fitLogistic } from '../../src/domain/ridge-logistic.ts'
import { starterPolicy } from '../support/market-columns.ts'

const policy = starterPolicy()

/**
 * Slope of the first segment, nano-logits per bps, that a fit on all that is recorded tends to: its quotes count as won in the
 * share of their true probability, so that no chance of outcomes is left.
 */
function slopeTendedTo(truth: MarketTruth): number {
  const { segments, regions, families, channels } = truth.world
  const quotes = [...simulateQuotes(truth, policy)].filter(({ segment }) => segment === segments[0]?.name)
  const levels = [...regions, ...families, ...channels].map(({ name }) => name)
  const rows = quotes.map(quote => [
    [0, 1],
    [1, quote.grantedDiscountBps / 1000],
    [2, Math.log(quote.listCents) - 14],
    [3, Number(quote.approvalRequired)],
    ...[quote.region, quote.productFamily, String(quote.attributes.channel)].map(name => [
      4 + levels.indexOf(name),
      1,
    ]),
  ])
  const coefficients = 4 + levels.length
  const fitted = fitLogistic(
    {
      rows: quotes.length,
      width: 7,
      coefficients,
      index: Int32Array.from(rows.flatMap(row => row.map(([at = -1]) => at))),
      weight: Float64Array.from(rows.flatMap(row => row.map(([, value = 0]) => value))),
    },
    {
      quotes: new Float64Array(quotes.length).fill(1),
      wins: Float64Array.from(quotes, quote =>
        trueWinProbability(truth, quote, {
          grantedDiscountBps: quote.grantedDiscountBps,
          approvalRequired: quote.approvalRequired === true,
        }),
      ),
    },
    new Float64Array(coefficients).fill(0.01),
    new Float64Array(coefficients),
  )
  return 1e6 * (fitted[1] as number)
}

test('a world’s hidden confounding is what it takes from a fitted slope, in shares of the range the estimate is judged over', t => {
  const taken: number[] = []
  for (const [seed, share] of [
    [1, 0.5],
    [2, 1],
    [3, -0.5],
  ] as const) {
    const standard = marketWorld({ hiddenConfounding: 0, variety: 1, worldSeed: seed })
    // One segment, so that the pooled slope and the range are its own.
    const world = { ...standard, segments: standard.segments.slice(0, 1) }
    const open = marketTruth({ seed, quotes: 20_000, policy, world })
    const confounded = { ...open, world: confoundedWorld(open, policy, share) }
    const slope = slopeTendedTo(confounded)
    taken.push((slopeTendedTo(open) - slope) / (slope / 2) / share)
  }
  t.diagnostic(`taken, as a part of what was told: ${taken.map(part => part.toFixed(2)).join(', ')}`)
  for (const part of taken) assert.ok(part > 0.85 && part < 1.15, `${part}`)
})

test('caps amplify what a hidden cause takes, and without a cap nothing is amplified', () => {
  const truth = marketTruth({ seed: 5, quotes: 8000, policy, world: marketWorld() })
  const uncapped = { ...policy, rules: policy.rules.filter(({ kind }) => kind !== 'discount_cap') }
  const tight = {
    ...policy,
    rules: policy.rules.map(rule => (rule.kind === 'discount_cap' ? { ...rule, limitBps: 1400 } : rule)),
  }
  for (const { segment, amplification } of amplificationsOf(truth, uncapped)) {
    assert.ok(Math.abs(amplification - 1) < 0.01, `${segment} ${amplification}`)
  }
  const smb = (capped: typeof policy): number =>
    amplificationsOf(truth, capped).find(({ segment }) => segment === 'smb')?.amplification ?? 0
  assert.ok(smb(policy) > 1.02 && smb(tight) > 1.25, `${smb(policy)} ${smb(tight)}`)
})
