import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { backtestAlerts } from '../../src/domain/alert-backtest.ts'
import {
  type AlertReading,
  type AlertState,
  alertReadings,
  CLEAR,
  nextAlertState,
} from '../../src/domain/alert-state.ts'
import { backtestWindows } from '../../src/domain/backtest-windows.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { kpiSummary } from '../../src/loop/kpi.ts'
import { kpiBacktest } from '../../src/loop/kpi-backtest.ts'
import { apply, approvedCandidate, installationWithHistory, rollback } from '../support/governed-candidate.ts'
import { daysLater, refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'

const DAY_MS = 86_400_000
const day = (n: number): string => new Date(Date.parse('2026-01-01') + n * DAY_MS).toISOString()

/** A reading of a window of `length` days that ends on day `end`. */
const reading = (end: number, measured_bps: number, samples: number, length = 30): AlertReading => ({
  code: 'rollback_spike',
  window: { start: day(end - length), end: day(end) },
  measured_bps,
  limit_bps: 1500,
  samples,
  samples_min: 5,
})

test('K2 an alert is raised strictly beyond its limit and on enough samples only', () => {
  assert.equal(nextAlertState(CLEAR, reading(1, 1500, 9)).kind, 'clear')
  assert.equal(nextAlertState(CLEAR, reading(1, 1501, 4)).kind, 'clear')
  assert.deepEqual(nextAlertState(CLEAR, reading(1, 1501, 5)), { kind: 'raised', since: day(1) })
})

test('a raised alert stands until a window that began after it was raised is within the limit', () => {
  const raised: AlertState = { kind: 'raised', since: day(100) }
  assert.deepEqual(
    nextAlertState(raised, reading(129, 0, 9)),
    raised,
    'that window still holds what raised it',
  )
  assert.deepEqual(nextAlertState(raised, reading(130, 0, 9)), CLEAR)
  assert.deepEqual(
    nextAlertState(raised, reading(140, 0, 0)),
    CLEAR,
    'nothing is applied while the pause holds',
  )
  assert.deepEqual(
    nextAlertState(raised, reading(140, 1501, 1)),
    raised,
    'few samples raise nothing and clear nothing',
  )
  assert.deepEqual(nextAlertState(raised, reading(140, 9000, 9)), raised, 'it keeps the day it was raised')
})

test('a back-test counts what a slow count over the same windows counts', () => {
  const days = fc.array(
    fc.record({ measured: fc.constantFrom(0, 1500, 1501, 3000), samples: fc.integer({ min: 0, max: 9 }) }),
    { minLength: 1, maxLength: 80 },
  )
  fc.assert(
    fc.property(days, fc.integer({ min: 1, max: 9 }), (drawn, length) => {
      const readings = drawn.map(({ measured, samples }, n) => reading(n, measured, samples, length))
      const [found] = backtestAlerts(readings.map(one => [one]))
      let since: number | null = null
      let [raised, stood] = [0, 0]
      drawn.forEach(({ measured, samples }, n) => {
        if (since === null && measured > 1500 && samples >= 5) {
          since = n
          raised += 1
        } else if (since !== null && measured <= 1500 && n - length >= since) since = null
        if (since !== null) stood += 1
      })
      assert.equal(found?.governed_raised, raised)
      assert.equal(found?.governed_windows, stood)
      assert.equal(found?.bare_windows, drawn.filter(one => one.measured > 1500).length)
      const text = drawn.map(one => (one.measured > 1500 ? 'x' : '.')).join('')
      assert.equal(found?.bare_raised, text.split(/\.+/).filter(run => run !== '').length)
      assert.equal(
        found?.too_few_samples_windows,
        drawn.filter(one => one.measured > 1500 && one.samples < 5).length,
      )
      assert.equal(found?.episodes.length, raised)
      assert.ok(found?.episodes.slice(0, -1).every(episode => episode.cleared_at !== null))
    }),
  )
})

test('windows of a back-test end at the last moment asked for and step back from there', () => {
  const asked = { length: '30d', step: '1d', from: null, to: null }
  const windows = succeeded(backtestWindows(asked, day(0), day(10.5)))
  assert.equal(windows.length, 11)
  assert.deepEqual(windows[0], { start: day(-29.5), end: day(0.5) })
  assert.deepEqual(windows.at(-1), { start: day(-19.5), end: day(10.5) })
  for (const wrong of [
    { ...asked, step: '0d' },
    { ...asked, length: 'a month' },
    { ...asked, from: day(11) },
    { ...asked, step: '1h', from: day(-100) },
  ]) {
    refusedWith('bad_input', backtestWindows(wrong, day(0), day(10.5)))
  }
})

let installed: TestInstallation
before(async () => {
  installed = await installationWithHistory()
  const { candidateId } = await approvedCandidate(installed.ports)
  const applied = succeeded(await apply(installed.ports, 'ruth', candidateId))
  succeeded(await rollback(installed.ports, 'sam', applied.apply_record.id))
})
after(() => installed.remove())

test('one rollback of one apply fires the bare comparison for a month and raises no alert', async () => {
  const later = daysLater(installed.ports, 45)
  const result = succeeded(await kpiBacktest(later, { length: '30d', step: '1d', from: null, to: null }))
  assert.equal(result.windows, 46)
  const spike = result.alerts.find(alert => alert.code === 'rollback_spike')
  assert.deepEqual([spike?.bare_windows, spike?.bare_raised, spike?.too_few_samples_windows], [30, 1, 30])
  assert.deepEqual([spike?.governed_windows, spike?.governed_raised, spike?.episodes], [0, 0, []])
  const summary = succeeded(await kpiSummary(installed.ports, { length: '1d', from: null, to: null }))
  assert.equal(summary.rollback_spike_alert, 1)
  const readings = alertReadings(summary, DEFAULT_THRESHOLDS.alerts)
  assert.deepEqual(
    readings.map(one => [one.code, one.measured_bps, one.samples, one.samples_min]),
    [
      ['rollback_spike', 10_000, 1, 5],
      ['false_positive_spike', 10_000, 1, 5],
      ['margin_gap_drift', 0, 0, 3],
    ],
  )
})
