import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_THRESHOLDS, type Thresholds } from '../../src/domain/thresholds.ts'
import { thresholdChanges } from '../../src/domain/thresholds-change.ts'
import { readThresholdsText } from '../../src/domain/thresholds-text.ts'
import { currentThresholds } from '../../src/loop/active.ts'
import { verifyAudit } from '../../src/loop/audit.ts'
import { changeThresholds } from '../../src/loop/thresholds.ts'
import { newInstallation, refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'

let installed: TestInstallation
before(async () => {
  installed = await newInstallation()
})
after(() => installed.remove())

const withMargin = (bps: number): Thresholds => ({
  ...DEFAULT_THRESHOLDS,
  guardrails: { ...DEFAULT_THRESHOLDS.guardrails, min_margin_delta_bps: bps },
})

test('thresholds are tightened by a safety owner alone and loosened by two people of the two roles', async () => {
  const { ports } = installed
  const change = (actorId: string, thresholds: Thresholds) => changeThresholds(ports, { actorId, thresholds })
  refusedWith('not_authorised', await change('ruth', withMargin(-40)))
  const tighter = succeeded(await change('sam', withMargin(-40)))
  assert.deepEqual([tighter.state, tighter.thresholds_version], ['in_force', 2])

  refusedWith('not_authorised', await change('ana', withMargin(-60)))
  const first = succeeded(await change('sam', withMargin(-60)))
  assert.deepEqual([first.state, first.thresholds_version], ['pending', 2])
  assert.equal(succeeded(await change('sam', withMargin(-60))).state, 'pending', 'one person signing twice')
  const other = succeeded(await change('ruth', withMargin(-70)))
  assert.equal(other.state, 'pending', 'a signature under another document')
  const second = succeeded(await change('ruth', withMargin(-60)))
  assert.deepEqual([second.state, second.signed_by], ['in_force', ['sam', 'ruth']])

  const now = await ports.store.read(currentThresholds)
  assert.deepEqual([now.version, now.thresholds], [3, withMargin(-60)])
  const stale = succeeded(await change('sam', withMargin(-70)))
  assert.equal(stale.state, 'pending', 'a signature against an older version does not count')
  assert.deepEqual(succeeded(await verifyAudit(ports, null)).findings, [])
})

test('every limit has a direction: moved one way it tightens, the other way it loosens', () => {
  const paths = thresholdChanges(DEFAULT_THRESHOLDS, shifted(DEFAULT_THRESHOLDS, 1) as Thresholds)
  const down = thresholdChanges(DEFAULT_THRESHOLDS, shifted(DEFAULT_THRESHOLDS, -1) as Thresholds)
  assert.equal(paths.length, 22)
  assert.deepEqual(
    paths.map(change => [change.path, change.loosened]),
    down.map(change => [change.path, !change.loosened]),
  )
})

test('what excuses a measure loosens, what requires it again tightens', () => {
  const excused = {
    ...DEFAULT_THRESHOLDS,
    guardrails: { ...DEFAULT_THRESHOLDS.guardrails, not_required: ['win_rate_delta_too_low'] },
  }
  assert.deepEqual(
    [thresholdChanges(DEFAULT_THRESHOLDS, excused), thresholdChanges(excused, DEFAULT_THRESHOLDS)].map(
      changes => changes.map(change => change.loosened),
    ),
    [[true], [false]],
  )
})

test('a thresholds file is read whole or refused', () => {
  assert.deepEqual(succeeded(readThresholdsText(JSON.stringify(DEFAULT_THRESHOLDS))), DEFAULT_THRESHOLDS)
  refusedWith('bad_input', readThresholdsText('guardrails: ['))
  refusedWith('bad_input', readThresholdsText('schema: clo_thresholds.v1'))
  const text = JSON.stringify(DEFAULT_THRESHOLDS)
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(DEFAULT_THRESHOLDS)), key => {
      const { [key as 'schema']: _, ...rest } = JSON.parse(text) as Thresholds
      assert.ok(!readThresholdsText(JSON.stringify(rest)).ok, key)
      assert.ok(!readThresholdsText(JSON.stringify({ ...rest, [`${key}x`]: 1 })).ok)
    }),
  )
})

/** Every number of a document moved by one. */
function shifted(part: unknown, by: number): unknown {
  if (typeof part === 'number') return part + by
  if (Array.isArray(part) || typeof part !== 'object' || part === null) return part
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, shifted(value, by)]))
}
