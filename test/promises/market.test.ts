import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { writeMarketFile } from '../../src/adapters/market-file.ts'
import { decide } from '../../src/domain/decision.ts'
import { marketTruth, simulateQuotes } from '../../src/domain/market.ts'
import { csvHeader, csvLine } from '../../src/domain/market-csv.ts'
import {
  type MarketTruth,
  trueExpectedMarginPerQuote,
  trueMarginDeltaPerQuote,
  trueWinProbability,
  trueWinRateDelta,
} from '../../src/domain/market-truth.ts'
import { type MarketWorld, marketWorld, pooledSlopeNano } from '../../src/domain/market-world.ts'
import type { CheckedPolicy, PolicyDocument } from '../../src/domain/policy.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import type { Quote } from '../../src/domain/quote.ts'
import { solveLinear } from '../support/linear-solve.ts'
import { simulatedHistory, starterPolicy } from '../support/market-columns.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quotey-market-'))
})
after(() => rm(folder, { recursive: true, force: true }))

const checked = (document: PolicyDocument): CheckedPolicy => {
  const policy = checkPolicy(document)
  if (!policy.ok) throw new Error(policy.refusal.message)
  return policy.value
}

/** The starter policy with one parameter moved. */
const starterWith = (ruleId: string, parameter: string, value: number): CheckedPolicy => {
  const { document } = starterPolicy()
  const rules = document.rules.map(rule =>
    rule.id === ruleId ? { ...rule, params: { ...rule.params, [parameter]: value } } : rule,
  )
  return checked({ ...document, rules })
}

test('a market of one seed has one file, another seed has another', async () => {
  const write = async (name: string, seed: number) => {
    const path = join(folder, name)
    const written = await writeMarketFile(path, { seed, quotes: 700 })
    assert.ok(written.ok)
    const { won, lost, open, quotes } = written.value
    assert.equal(won + lost + open, quotes)
    return [await readFile(path, 'utf8'), await readFile(written.value.truth_path, 'utf8')] as const
  }
  const first = await write('first.csv', 11)
  assert.deepEqual(await write('second.csv', 11), first)
  assert.notEqual((await write('third.csv', 12))[0], first[0])
  assert.equal(first[0].split('\n').length, 702, 'a header, 700 lines and the end')
})

test('the truth beside a file deals out the same file again', async () => {
  const path = join(folder, 'truth.csv')
  const world = marketWorld({ hiddenConfounding: 0.3, variety: 1, worldSeed: 5 })
  assert.ok((await writeMarketFile(path, { seed: 4_294_967_295, quotes: 500, world })).ok)
  const truth = JSON.parse(await readFile(`${path}.truth.json`, 'utf8')) as MarketTruth
  assert.equal(truth.schema, 'clo_market_truth.v1')
  const quotes = simulateQuotes(truth, checked(truth.policy_document))
  assert.equal([csvHeader(), ...[...quotes].map(csvLine)].join(''), await readFile(path, 'utf8'))
})

test('what cannot be written is refused and leaves nothing behind', async () => {
  const empty = await mkdtemp(join(folder, 'empty-'))
  const attempts = [
    { path: join(empty, 'market.txt'), seed: 1, quotes: 10 },
    { path: join(empty, 'market.csv'), seed: -1, quotes: 10 },
    { path: join(empty, 'market.csv'), seed: 1, quotes: 0 },
    { path: join(empty, 'market.csv'), seed: 1, quotes: 2.5 },
    { path: '/proc/version/market.csv', seed: 1, quotes: 10 },
  ]
  for (const { path, ...options } of attempts) {
    const written = await writeMarketFile(path, options)
    assert.equal(written.ok ? 'written' : written.refusal.code, 'bad_input', JSON.stringify(options))
  }
  assert.deepEqual(await readdir(empty), [])
})

test('observed win rates match the truth, by segment and by discount', () => {
  const { truth, quotes } = simulatedHistory({ seed: 21, quotes: 20_000 })
  const closed = quotes.filter(quote => quote.outcome !== 'open')
  const classes: Record<string, (quote: Quote) => string> = {
    segment: quote => quote.segment,
    discount: quote => String(Math.floor(quote.grantedDiscountBps / 500)),
    approval: quote => String(quote.approvalRequired),
    channel: quote => String(quote.attributes.channel),
  }
  for (const [name, classOf] of Object.entries(classes)) {
    for (const [label, members] of Map.groupBy(closed, classOf)) {
      const expected = members.map(quote => trueWinProbability(truth, quote, offered(quote)))
      const deviation = Math.sqrt(expected.reduce((sum, p) => sum + p * (1 - p), 0))
      const won = members.filter(quote => quote.outcome === 'won').length
      const gap = (won - expected.reduce((sum, p) => sum + p, 0)) / deviation
      assert.ok(Math.abs(gap) < 4, `seed 21, ${name} ${label}: ${gap.toFixed(2)} standard deviations`)
    }
  }
})

test('caps censor: no grant passes one, except the exceptions asked for', () => {
  const policy = starterPolicy()
  for (const exceptionShare of [0, 0.1]) {
    const { quotes } = simulatedHistory({ seed: 31, quotes: 8000, world: marketWorld({ exceptionShare }) })
    const overAsked = quotes.filter(quote => {
      const decision = decide(policy, quote)
      return decision.kind === 'decided' && decision.bindingCap !== null
    })
    const granted = overAsked.filter(quote => quote.grantedDiscountBps === quote.requestedDiscountBps)
    assert.ok(overAsked.length > 1000, 'caps bind')
    const share = granted.length / overAsked.length
    const deviation = Math.sqrt((exceptionShare * (1 - exceptionShare)) / overAsked.length)
    assert.ok(Math.abs(share - exceptionShare) <= 4 * deviation, `${share} of ${exceptionShare}`)
  }
})

test('hidden confounding takes the told share of the slope, recorded confounding none once adjusted for', () => {
  const uncapped = checked({ schema: 'clo_policy.v1', name: 'uncapped', rules: [] })
  for (const share of [0, 1 / 3, 1]) {
    const world = oneSegment(marketWorld({ hiddenConfounding: share, recordedConfounding: 2 }))
    const truth = marketTruth({ seed: 41, quotes: 30_000, policy: uncapped, world })
    const quotes = [...simulateQuotes(truth, uncapped)].filter(quote => quote.outcome !== 'open')
    const rows = quotes.map(quote => ({ won: quote.outcome === 'won', terms: recordedTerms(world, quote) }))
    const { slope, error } = slopeOf(rows)
    const told = (world.segments[0]?.slope_nano ?? 0) - share * pooledSlopeNano(marketWorld())
    const gap = slope * 1e9 - told
    // Unrecorded spread pulls every logistic slope towards zero a little (by at most a tenth here).
    assert.ok(Math.abs(gap) < 4 * error * 1e9 + 60_000, `seed 41, share ${share}: ${slope * 1e9} for ${told}`)
  }
})

test('the truth of a change is what happens when it is made: same chance, other policy', () => {
  const base = starterPolicy()
  const candidate = starterWith('discount-cap-enterprise', 'cap_bps', 2200)
  const until = '2029-01-01T00:00:00.000Z'
  const under = (policy: CheckedPolicy) =>
    simulatedHistory({
      seed: 51,
      quotes: 20_000,
      policy,
      observedUntil: until,
      world: marketWorld({ exceptionShare: 0 }),
    })
  const before = under(base)
  const after = under(candidate)
  const gains = before.quotes.map((quote, at) => realised(after.quotes[at] as Quote) - realised(quote))
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length
  const error = Math.sqrt(gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0)) / gains.length
  const told = trueMarginDeltaPerQuote(before.truth, base, candidate, before.quotes)
  assert.ok(Math.abs(mean - told) < 4 * error, `seed 51: ${mean} realised, ${told} told, error ${error}`)
  const levels = [base, candidate].map(policy =>
    trueExpectedMarginPerQuote(before.truth, policy, before.quotes),
  )
  assert.ok(Math.abs((levels[1] as number) - (levels[0] as number) - told) < 1e-6 * Math.abs(told))
  for (const [at, quote] of before.quotes.entries()) {
    const other = after.quotes[at] as Quote
    assert.equal(other.requestedDiscountBps, quote.requestedDiscountBps)
    if (other.grantedDiscountBps === quote.grantedDiscountBps) assert.equal(other.outcome, quote.outcome)
  }
})

test('the standard market under the starter policy can be improved, and made worse', () => {
  const { truth, quotes } = simulatedHistory({ seed: 61, quotes: 5000 })
  const delta = (rule: string, parameter: string, value: number) =>
    trueMarginDeltaPerQuote(truth, starterPolicy(), starterWith(rule, parameter, value), quotes)
  assert.ok(delta('discount-cap-enterprise', 'cap_bps', 2200) > 0)
  assert.ok(delta('manager-approval', 'above_bps', 2400) > 0)
  assert.ok(delta('discount-cap-enterprise', 'cap_bps', 4000) < 0)
  assert.ok(delta('manager-approval', 'above_bps', 1000) < 0)
  assert.ok(
    trueWinRateDelta(truth, starterPolicy(), starterWith('manager-approval', 'above_bps', 2400), quotes) > 0,
  )
})

test('the next period of a world has other quotes, its own dates and its own policy version', () => {
  const first = simulatedHistory({ seed: 71, quotes: 2000 })
  const period = { from: '2026-07-01T00:00:00.000Z', to: '2026-09-01T00:00:00.000Z' }
  const observedUntil = '2027-03-01T00:00:00.000Z'
  const next = simulatedHistory({
    seed: 72,
    quotes: 1000,
    world: first.truth.world,
    policyVersion: 2,
    ...period,
    observedUntil,
  })
  const known = new Set(first.quotes.map(quote => quote.quoteId))
  for (const quote of next.quotes) {
    assert.ok(!known.has(quote.quoteId))
    assert.equal(quote.policyVersion, 2)
    assert.ok(quote.quotedAt !== null && quote.quotedAt >= period.from && quote.quotedAt < period.to)
    assert.ok(quote.outcome === 'open' ? quote.closedAt === null : (quote.closedAt ?? '9') < observedUntil)
  }
  const openShare = (of: readonly Quote[]) => of.filter(quote => quote.outcome === 'open').length / of.length
  assert.ok(openShare(next.quotes) < openShare(first.quotes))
})

const offered = (quote: Quote) => ({
  grantedDiscountBps: quote.grantedDiscountBps,
  approvalRequired: quote.approvalRequired === true,
})

const realised = (quote: Quote): number =>
  quote.outcome === 'won' ? (quote.netCents ?? 0) - (quote.costCents ?? 0) : 0

const oneSegment = (world: MarketWorld): MarketWorld => ({
  ...world,
  segments: world.segments.slice(0, 1),
  customer_sd_micro: 0,
})

/** 1, grant, size and a dummy for every level but the first: what an analyst who knows the true form would fit. */
function recordedTerms(world: MarketWorld, quote: Quote): readonly number[] {
  const dummies = (levels: readonly { readonly name: string }[], value: unknown) =>
    levels.slice(1).map(level => Number(level.name === value))
  return [
    1,
    quote.grantedDiscountBps / 1000,
    Math.log(quote.listCents / (world.segments[0]?.list_median_cents ?? 1)),
    ...dummies(world.regions, quote.region),
    ...dummies(world.families, quote.productFamily),
    ...dummies(world.channels, quote.attributes.channel),
  ]
}

/** Maximum-likelihood logistic slope per bps with its standard error, by Newton's method, written for this test alone. */
function slopeOf(rows: readonly { readonly won: boolean; readonly terms: readonly number[] }[]) {
  const width = rows[0]?.terms.length ?? 0
  let beta = Array<number>(width).fill(0)
  let variance = 0
  for (let round = 0; round < 8; round += 1) {
    const hessian = beta.map(() => Array<number>(width + 2).fill(0))
    for (const { won, terms } of rows) {
      const p = 1 / (1 + Math.exp(-terms.reduce((sum, term, at) => sum + term * (beta[at] as number), 0)))
      for (const [at, line] of hessian.entries()) {
        const term = terms[at] as number
        for (const [other, value] of terms.entries())
          line[other] = (line[other] as number) + p * (1 - p) * term * value
        line[width] = (line[width] as number) + (Number(won) - p) * term
      }
    }
    // The last column solves for the variance of the slope: the second column of the inverse.
    for (const [at, line] of hessian.entries()) line[width + 1] = Number(at === 1)
    const solved = solveLinear(hessian)
    beta = beta.map((value, at) => value + (solved[at]?.[0] as number))
    variance = solved[1]?.[1] as number
  }
  return { slope: (beta[1] as number) / 1000, error: Math.sqrt(variance) / 1000 }
}
