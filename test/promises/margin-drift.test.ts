import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  EMPTY_SEQUENCE,
  ERROR_RATE,
  extendSequence,
  sequenceLimits,
} from '../../src/domain/confidence-sequence.ts'
import { driftAfter } from '../../src/domain/margin-drift.ts'
import { SHAPES, watch } from '../support/drift-streams.ts'

const STREAMS = 60

for (const shape of SHAPES) {
  test(`looking every day for a year at ${STREAMS} streams that keep their promise (${shape}) gives at most 5% false alarms`, () => {
    const years = Array.from({ length: STREAMS }, (_, n) => watch(shape, 5000 + n, 0))
    const bySequence = years.filter(year => year.sequenceDay !== null).length
    const byInterval = years.filter(year => year.intervalDay !== null).length
    assert.ok(bySequence <= 0.05 * STREAMS, `${bySequence} false alarms`)
    assert.ok(
      byInterval > 0.15 * STREAMS,
      `a daily interval would have given ${byInterval}: the streams are no easy ones`,
    )
  })

  test(`a true shift of 50, 100 and 200 bps (${shape}) is seen, the larger the sooner`, () => {
    const medianDay = (shiftBps: number): number => {
      const days = Array.from({ length: 15 }, (_, n) => watch(shape, 6000 + n, shiftBps, true).sequenceDay)
      assert.ok(
        days.every(day => day !== null),
        `${shiftBps} bps not seen within the year: ${days}`,
      )
      return (days as number[]).sort((a, b) => a - b)[7] as number
    }
    for (const sign of [-1, 1]) {
      const [small, middle, large] = [50, 100, 200].map(shift => medianDay(sign * shift))
      assert.ok((large as number) < (middle as number) && (middle as number) < (small as number))
    }
  })
}

test('the limits are those of the published formula, worked out once more from the whole list', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 }),
      values => {
        const state = values.reduce(extendSequence, EMPTY_SEQUENCE)
        const found = sequenceLimits(state)
        const mean = (t: number): number => (0.5 + values.slice(0, t).reduce((a, b) => a + b, 0)) / (t + 1)
        const variance = (t: number): number =>
          (0.25 + values.slice(0, t).reduce((sum, x, i) => sum + (x - mean(i + 1)) ** 2, 0)) / (t + 1)
        const log = Math.log(2 / ERROR_RATE)
        const lambda = (t: number): number =>
          Math.min(Math.sqrt((2 * log) / (variance(t - 1) * t * Math.log(1 + t))), 0.75)
        const psi = (l: number): number => (-Math.log(1 - l) - l) / 4
        const sum = (term: (x: number, t: number) => number): number =>
          values.reduce((total, x, i) => total + term(x, i + 1), 0)
        const weight = sum((_, t) => lambda(t))
        const centre = sum((x, t) => lambda(t) * x) / weight
        const reach = (log + sum((x, t) => 4 * (x - mean(t - 1)) ** 2 * psi(lambda(t)))) / weight
        assert.ok(Math.abs(found.lower - Math.max(0, centre - reach)) < 1e-9)
        assert.ok(Math.abs(found.upper - Math.min(1, centre + reach)) < 1e-9)
      },
    ),
    { numRuns: 100 },
  )
})

const PROMISED = { point: 100, lower: 60, upper: 140 }
const quotes = (count: number, deltaBps: number, cluster?: string) =>
  Array.from({ length: count }, (_, n) => ({ cluster: cluster ?? `tender ${n}`, deltaBps }))

test('the verdict compares the limits with the whole promised interval', () => {
  assert.equal(driftAfter(null, [], PROMISED).verdict, 'unknown')
  assert.equal(driftAfter(null, quotes(2000, 100), PROMISED).verdict, 'as_promised')
  assert.equal(driftAfter(null, quotes(2000, 30), PROMISED).verdict, 'below_promise')
  assert.equal(driftAfter(null, quotes(2000, 170), PROMISED).verdict, 'above_promise')
  assert.equal(driftAfter(null, quotes(5, 170), PROMISED).verdict, 'as_promised', 'five quotes show nothing')
  const unknown = { point: null, lower: null, upper: null }
  assert.equal(driftAfter(null, quotes(2000, 170), unknown).verdict, 'unknown')
})

test('a customer with a thousand quotes in an intake is one observation, and what lies far out is cut and counted', () => {
  const one = driftAfter(null, quotes(1000, -900, 'one customer'), PROMISED)
  assert.deepEqual([one.observations, one.quotes, one.verdict], [1, 1000, 'as_promised'])
  const cut = driftAfter(null, [...quotes(3, 9000), ...quotes(1, -3001, 'x')], PROMISED)
  assert.equal(cut.cut_quotes, 4)
})

test('intakes one after another give what one run over all their observations gives', () => {
  const parts = [quotes(7, 40), quotes(11, -20), quotes(3, 900)]
  const kept = parts.reduce<ReturnType<typeof driftAfter> | null>(
    (before, intake) => JSON.parse(JSON.stringify(driftAfter(before, intake, PROMISED))),
    null,
  )
  const values = parts.flat().map(({ deltaBps }) => deltaBps / 6000 + 0.5)
  const whole = sequenceLimits(values.reduce(extendSequence, EMPTY_SEQUENCE))
  assert.equal(kept?.observations, 21)
  assert.equal(kept?.lower_bps, Math.floor((whole.lower - 0.5) * 6000))
  assert.equal(kept?.upper_bps, Math.ceil((whole.upper - 0.5) * 6000))
})
