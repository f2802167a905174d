import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { marketWorld } from '../../src/domain/market-world.ts'
import type { Quote } from '../../src/domain/quote.ts'
import { SLOPE_SHIFTS } from '../../src/domain/response.ts'
import { BPS_PER_DISCOUNT_UNIT, designOf, penaltyOf, slopeOf } from '../../src/domain/response-design.ts'
import { type FloatingResponse, fitFloating, fitResponse } from '../../src/domain/response-fit.ts'
import { freezeResponse, freezingErrorMaxPpm } from '../../src/domain/response-freeze.ts'
import { factorText, sizeClass, winPpm } from '../../src/domain/response-score.ts'
import { fitLogistic, linearPredictor } from '../../src/domain/ridge-logistic.ts'
import { sigmoidPpm } from '../../src/domain/sigmoid.ts'
import { studentTQuantile } from '../../src/domain/student-t.ts'
import { simulatedHistory } from '../support/market-columns.ts'
import { columnsOfQuotes } from '../support/quote-columns.ts'

const OPTIONS = { thinSegmentQuotes: 200, sensitivityOffsetShare: 0.5 }
const unconfounded = marketWorld({ hiddenConfounding: 0 })

const fitted = (quotes: Iterable<Quote>) => {
  const outcome = fitResponse(columnsOfQuotes(quotes), OPTIONS)
  assert.equal(outcome.kind, 'fitted')
  return (outcome as Extract<typeof outcome, { kind: 'fitted' }>).model
}

test('the integer sigmoid is within 1 ppm of the exact one, symmetric and never decreasing', () => {
  fc.assert(
    fc.property(fc.integer({ min: -20_000_000, max: 20_000_000 }), eta => {
      const exact = 1_000_000 / (1 + Math.exp(-eta / 1_000_000))
      assert.ok(Math.abs(sigmoidPpm(eta) - exact) <= 1, `at ${eta}`)
      assert.equal(sigmoidPpm(-eta), 1_000_000 - sigmoidPpm(eta))
      assert.ok(sigmoidPpm(eta + 1) >= sigmoidPpm(eta), `falls at ${eta}`)
    }),
    { numRuns: 5000 },
  )
})

test("Student's quantiles equal the printed tables", () => {
  // R 4.3, qt(): rounded to six places.
  const printed: readonly (readonly [number, number, number])[] = [
    [0.975, 1, 12.706205],
    [0.975, 31, 2.039513],
    [0.95, 10, 1.812461],
    [0.95, 31, 1.695519],
    [1 - 0.05 / 12, 31, 2.818308],
  ]
  for (const [probability, freedom, quantile] of printed) {
    assert.ok(Math.abs(studentTQuantile(probability, freedom) - quantile) < 1e-6, `${probability} ${freedom}`)
  }
})

test('E2 a change is proven at 0.05 over the square root of the tunables: of four, at the lower end of a 95% interval', () => {
  const { quotes } = simulatedHistory({ seed: 11, quotes: 1500, world: unconfounded })
  const { student_t_ppm: t, groups_used } = fitted(quotes)
  assert.equal(t.one_sided_by_tunables[3], t.two_sided_95)
  const alone = studentTQuantile(0.95, groups_used.length - 1)
  assert.equal(t.one_sided_by_tunables[0], Math.round(alone * 1_000_000))
  assert.ok(
    t.one_sided_by_tunables.every((quantile, at, all) => at === 0 || quantile > (all[at - 1] as number)),
  )
})

test('at the logged decision every slope says the same, and more discount never lowers a win probability', () => {
  const { quotes } = simulatedHistory({ seed: 11, quotes: 1500, world: unconfounded })
  const model = fitted(quotes)
  fc.assert(
    fc.property(
      fc.nat(quotes.length - 1),
      fc.integer({ min: -2000, max: 8000 }),
      fc.nat(32),
      (at, bps, fit) => {
        const quote = quotes[at] as Quote
        const logged = {
          grantedDiscountBps: quote.grantedDiscountBps,
          approvalRequired: quote.approvalRequired === true,
        }
        const here = SLOPE_SHIFTS.map(shift => winPpm(model, fit, shift, quote, logged))
        assert.equal(new Set(here).size, 1)
        for (const shift of SLOPE_SHIFTS) {
          const less = winPpm(model, fit, shift, quote, { ...logged, grantedDiscountBps: bps })
          const more = winPpm(model, fit, shift, quote, { ...logged, grantedDiscountBps: bps + 50 })
          assert.ok(more >= less)
        }
      },
    ),
  )
})

test('the fit solves the penalised score equations, summed quote by quote', () => {
  const { quotes, columns } = simulatedHistory({ seed: 12, quotes: 2500, world: unconfounded })
  const floating = fitFloating(columns) as FloatingResponse
  const { cells, plan, ridge, flat, fits } = floating
  const coefficients = fits[0] as Float64Array
  const penalty = penaltyOf(plan, ridge)
  const score = Float64Array.from(coefficients, (value, at) => -(penalty[at] as number) * value)
  for (const quote of quotes) {
    if (quote.outcome === 'open') continue
    const effects = [[plan.intercept, 1]]
    for (const [at, factor] of cells.factors.entries()) {
      const level = factor.levels.indexOf(factorText(quote, factor.column) ?? '')
      if (level >= 0) effects.push([(plan.factors[at] as number) + level, 1])
    }
    effects.push([plan.size + sizeClass(cells.sizeBoundsCents, quote.listCents), 1])
    if (quote.approvalRequired) effects.push([plan.approval, 1])
    const discount = quote.grantedDiscountBps / BPS_PER_DISCOUNT_UNIT
    const segment = cells.factors[0]?.levels.indexOf(quote.segment) as number
    effects.push([plan.pooledSlope, discount], [plan.segmentSlopes + segment, discount])
    const eta = effects.reduce(
      (sum, [at, x]) => sum + (coefficients[at as number] as number) * (x as number),
      0,
    )
    const residual = (quote.outcome === 'won' ? 1 : 0) - 1 / (1 + Math.exp(-eta))
    for (const [at, x] of effects)
      score[at as number] = (score[at as number] as number) + residual * (x as number)
  }
  assert.equal(cells.discountBinBps, 1)
  assert.equal(flat.size, 0)
  for (const [at, value] of score.entries()) assert.ok(Math.abs(value) < 1e-4, `equation ${at}: ${value}`)
})

test('E4 a slope that chance took below zero stays as fitted and moves nothing; one beyond chance makes its segment thin', () => {
  const { quotes } = simulatedHistory({ seed: 6, quotes: 4000, world: unconfounded })
  /** Wins of one segment fall with the discount by so much per ten percent, and are dealt out evenly otherwise. */
  const falling = (by: number) => {
    let dealt = 0
    return fitted(
      quotes.map(quote => {
        if (quote.segment !== 'enterprise' || quote.outcome === 'open') return quote
        const chance = 0.5 - (by * (quote.grantedDiscountBps - 1800)) / BPS_PER_DISCOUNT_UNIT
        dealt += 1
        return {
          ...quote,
          outcome: (dealt * 0.6180339887) % 1 < chance ? ('won' as const) : ('lost' as const),
        }
      }),
    )
  }
  const slightly = falling(0.06)
  const [chance] = slightly.evidence.segments
  assert.ok((chance?.slope_nano ?? 0) < 0)
  assert.equal(chance?.thin_reason, null)
  const enterprise = quotes.find(quote => quote.segment === 'enterprise') as Quote
  const winAt = (grantedDiscountBps: number, shift: 'low' | 'point' | 'high'): number =>
    winPpm(slightly, 0, shift, enterprise, {
      grantedDiscountBps,
      approvalRequired: enterprise.approvalRequired === true,
    })
  const { grantedDiscountBps: logged } = enterprise
  assert.equal(winAt(logged + 1000, 'point'), winAt(logged, 'point'))
  assert.equal(winAt(logged + 1000, 'low'), winAt(logged, 'low'))
  assert.ok(winAt(logged + 1000, 'high') > winAt(logged, 'high'), 'the range still reaches an answer')

  const [surely] = falling(0.2).evidence.segments
  assert.deepEqual([surely?.slope_nano, surely?.thin_reason], [0, 'slope_negative'])
})

test('every left-out fit is what fitting without that group gives', () => {
  const { quotes, columns } = simulatedHistory({ seed: 13, quotes: 1200, world: unconfounded })
  const { cells, plan, ridge, flat, fits } = fitFloating(columns) as FloatingResponse
  for (const group of [0, 7, 31]) {
    const rest = quotes.filter(quote => columns.group[columns.quoteIds.indexOf(quote.quoteId)] !== group)
    assert.ok(rest.length < quotes.length)
    const wins = new Float64Array(cells.cells)
    const counts = new Float64Array(cells.cells)
    // Cells are matched by what they stand for, not by the groups' own bookkeeping.
    const place = new Map<string, number>()
    for (let cell = 0; cell < cells.cells; cell += 1) {
      const levels = cells.levels.map(codes => codes[cell])
      place.set([...levels, cells.size[cell], cells.approval[cell], cells.discountBps[cell]].join(' '), cell)
    }
    for (const quote of rest) {
      if (quote.outcome === 'open') continue
      const levels = cells.factors.map(factor =>
        factor.levels.indexOf(factorText(quote, factor.column) ?? ''),
      )
      const size = sizeClass(cells.sizeBoundsCents, quote.listCents)
      const key = [...levels, size, Number(quote.approvalRequired), quote.grantedDiscountBps].join(' ')
      const cell = place.get(key) as number
      counts[cell] = (counts[cell] as number) + 1
      if (quote.outcome === 'won') wins[cell] = (wins[cell] as number) + 1
    }
    const fit = fits[group + 1] as FloatingResponse['fits'][number]
    const cold = fitLogistic(
      designOf(cells, plan, flat),
      { quotes: counts, wins },
      penaltyOf(plan, ridge),
      new Float64Array(plan.count),
    )
    for (const [at, value] of cold.entries()) {
      assert.ok(Math.abs(value - (fit[at] as number)) < 1e-6, `group ${group}, coefficient ${at}`)
    }
  }
})

test('freezing moves no win probability by more than its bound, whatever the grant', t => {
  let worst = 0
  for (const seed of [14, 15, 16]) {
    const { quotes, columns } = simulatedHistory({ seed, quotes: 600 * (seed - 13), world: unconfounded })
    const floating = fitFloating(columns) as FloatingResponse
    const model = freezeResponse(columns, floating, OPTIONS)
    const design = designOf(floating.cells, floating.plan, new Set())
    const boundPpm = freezingErrorMaxPpm(model)
    for (const [number, fit] of floating.fits.entries()) {
      for (const quote of quotes.slice(0, 60)) {
        for (const granted of [-10_000, -3000, 0, 1250, 10_000]) {
          const eta =
            linearPredictor({ ...design, ...oneRow(floating, quote) }, 0, fit) +
            moved(slopeIn(floating, fit, quote), quote.grantedDiscountBps, granted)
          const frozen = winPpm(model, number, 'point', quote, {
            grantedDiscountBps: granted,
            approvalRequired: quote.approvalRequired === true,
          })
          const error = Math.abs(frozen - 1_000_000 / (1 + Math.exp(-eta)))
          assert.ok(error <= boundPpm, `${error} ppm at a grant of ${granted}, bound ${boundPpm}`)
          worst = Math.max(worst, error)
        }
      }
    }
  }
  t.diagnostic(`at most ${worst.toFixed(2)} ppm`)
  assert.ok(worst > 0)
})

/** As fitted up to what was granted, and from there on never below zero. */
const moved = (slope: number, logged: number, granted: number): number =>
  (slope * logged + Math.max(0, slope) * (granted - logged)) / BPS_PER_DISCOUNT_UNIT

const slopeIn = ({ cells, plan, flat }: FloatingResponse, fit: Float64Array, quote: Quote): number =>
  slopeOf(fit, plan, flat, cells.factors[0]?.levels.indexOf(quote.segment) as number)

function oneRow({ cells, plan }: FloatingResponse, quote: Quote) {
  const index = [
    plan.intercept,
    ...cells.factors.map((factor, at) => {
      const level = factor.levels.indexOf(factorText(quote, factor.column) ?? '')
      return level < 0 ? -1 : (plan.factors[at] as number) + level
    }),
    plan.size + sizeClass(cells.sizeBoundsCents, quote.listCents),
    quote.approvalRequired ? plan.approval : -1,
    -1,
    -1,
  ]
  return { index: Int32Array.from(index), weight: new Float64Array(index.length).fill(1) }
}

test('the fitted curve is the mean of what the frozen model says quote by quote, at every slope, and counts what supports it', () => {
  const { quotes } = simulatedHistory({ seed: 21, quotes: 900, world: unconfounded })
  const model = fitted(quotes)
  const closed = quotes.filter(quote => quote.outcome !== 'open')
  assert.ok(model.evidence.fitted.length > 60)
  // One discount bin is one basis point here, so that cells lose nothing.
  assert.equal(model.evidence.discount_bin_bps, 1)
  for (const point of model.evidence.fitted) {
    const members = closed.filter(quote => quote.segment === point.segment)
    const mean = (shift: 'low' | 'point' | 'high'): number =>
      members.reduce((sum, quote) => {
        const approvalRequired = quote.approvalRequired === true
        const offer = { grantedDiscountBps: point.discount_bps, approvalRequired }
        return sum + winPpm(model, 0, shift, quote, offer)
      }, 0) / members.length
    const where = `${point.segment} at ${point.discount_bps}`
    assert.ok(Math.abs(mean('point') - point.predicted_ppm) <= 10, where)
    const ends = [mean('low'), mean('high')].sort((left, right) => left - right) as [number, number]
    assert.ok(Math.abs(ends[0] - point.low_ppm) <= 10 && Math.abs(ends[1] - point.high_ppm) <= 10, where)
    const near = members.filter(quote => Math.abs(quote.grantedDiscountBps - point.discount_bps) <= 100)
    assert.equal(point.quotes_near, near.length, where)
  }
})
