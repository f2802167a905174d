import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { currentThresholds } from '../../src/loop/active.ts'
import { verifyAudit } from '../../src/loop/audit.ts'
import { recordKpiSummary } from '../../src/loop/kpi.ts'
import { pauseState } from '../../src/loop/pause.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import { releasePause } from '../../src/loop/pause-release.ts'
import { controlStatus } from '../../src/loop/pause-status.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { changeThresholds } from '../../src/loop/thresholds.ts'
import {
  copyOf,
  daysLater,
  newInstallation,
  refusedWith,
  succeeded,
  type TestInstallation,
} from '../support/installation.ts'
import { withKpiFigures } from '../support/overriding.ts'

let original: TestInstallation
before(async () => {
  original = await newInstallation()
})
after(() => original.remove())

/** Runs on a copy, so that each test pauses an installation of its own. */
const onCopy = (work: (installed: TestInstallation) => Promise<void>) => async (): Promise<void> => {
  const copy = await copyOf(original)
  try {
    await work(copy)
  } finally {
    await copy.remove()
  }
}

const engage = (ports: Ports, actorId = 'sam', metrics = ['margin_gap_alert']) =>
  engagePause(ports, { actorId, ticket: 'CLO-SAFETY-PAUSE-7', reason: 'gap', metrics })
const recordKpi = (ports: Ports) =>
  recordKpiSummary(ports, { length: '30d', from: null, to: null, actorId: 'ana' })
const release = (ports: Ports, actorId: string) =>
  releasePause(ports, { actorId, remediation: 'tightened the cap' })

test(
  'P2 a release needs a safety owner and a runtime owner, two different people',
  onCopy(async ({ ports }) => {
    succeeded(await engage(ports))
    succeeded(await recordKpi(ports))
    const once = succeeded(await release(ports, 'ruth'))
    assert.deepEqual([once.paused, once.release], [true, { signed_by: ['ruth'], missing: ['safety_owner'] }])
    const again = succeeded(await release(ports, 'ruth'))
    assert.deepEqual(again.release.signed_by, ['ruth'])
    const sameRole = succeeded(await release(ports, 'rex'))
    assert.equal(sameRole.paused, true)
    const done = succeeded(await release(ports, 'sam'))
    assert.deepEqual([done.paused, done.release.missing], [false, []])
    refusedWith('release_blocked', await release(ports, 'sam'))
    assert.deepEqual(succeeded(await verifyAudit(ports, null)).findings, [])
  }),
)

test(
  'P2 one person who holds both roles does not release alone',
  onCopy(async ({ ports }) => {
    succeeded(await engage(ports))
    succeeded(await recordKpi(ports))
    const once = succeeded(await release(ports, 'both'))
    assert.deepEqual([once.paused, once.release.missing], [true, ['a second person']])
    assert.equal(succeeded(await release(ports, 'both')).paused, true)
    assert.equal(succeeded(await release(ports, 'ruth')).paused, false)
  }),
)

test(
  'P2 no other role signs a release, and a scheduler can pause and never release',
  onCopy(async ({ ports }) => {
    refusedWith('not_authorised', await engage(ports, 'ana'))
    assert.equal(succeeded(await engage(ports, 'cron')).paused, true)
    succeeded(await recordKpi(ports))
    refusedWith('not_authorised', await release(ports, 'ana'))
    refusedWith('not_authorised', await release(ports, 'cron'))
  }),
)

test(
  'P2 a release waits for a KPI snapshot taken since, clear of what triggered it',
  onCopy(async ({ ports }) => {
    succeeded(await recordKpi(ports))
    succeeded(await engage(ports))
    refusedWith('release_blocked', await release(ports, 'ruth'))
    refusedWith('reason_required', await releasePause(ports, { actorId: 'ruth', remediation: ' ' }))
    const stale = {
      length: '1d',
      from: '2020-01-01T00:00:00.000Z',
      to: '2020-02-01T00:00:00.000Z',
      actorId: 'ana',
    }
    const now = ports.clock.now()
    const soon = { ...stale, from: now, to: daysLater(ports, 40).clock.now() }
    for (const window of [stale, { ...stale, length: '1h', from: null, to: null }, soon]) {
      succeeded(await recordKpiSummary(ports, window))
      refusedWith('release_blocked', await release(ports, 'ruth'))
    }
    succeeded(await recordKpi(ports))
    assert.equal(succeeded(await release(ports, 'ruth')).paused, true)
  }),
)

test(
  'P2 a release waits until the limits in force are kept, where these are tighter than those of the v1 query',
  onCopy(async ({ ports }) => {
    const { thresholds } = await ports.store.read(currentThresholds)
    const alerts = { ...thresholds.alerts, max_projected_realized_margin_gap_bps: 50 }
    succeeded(await changeThresholds(ports, { actorId: 'sam', thresholds: { ...thresholds, alerts } }))
    succeeded(await engage(ports))
    const gapOf = (bps: number): Ports =>
      withKpiFigures(ports, { avg_projected_vs_realized_margin_gap_bps: bps })
    for (const bps of [-51, 51]) {
      succeeded(await recordKpi(gapOf(bps)))
      assert.match(refusedWith('release_blocked', await release(ports, 'ruth')).message, /margin_gap_alert/)
    }
    succeeded(await recordKpi(gapOf(50)))
    succeeded(await release(ports, 'ruth'))
  }),
)

test(
  'P2 a pause engaged again voids the signatures given before',
  onCopy(async ({ ports }) => {
    succeeded(await engage(ports))
    succeeded(await recordKpi(ports))
    succeeded(await release(ports, 'ruth'))
    assert.deepEqual(
      succeeded(await engage(ports)).release.signed_by,
      ['ruth'],
      'the same engagement changes nothing',
    )
    const wider = succeeded(await engage(ports, 'rex', ['rollback_spike_alert']))
    assert.deepEqual(wider.metrics, ['margin_gap_alert', 'rollback_spike_alert'])
    assert.deepEqual(wider.release.signed_by, [])
    refusedWith('release_blocked', await release(ports, 'sam'))
    succeeded(await recordKpi(ports))
    assert.equal(succeeded(await release(ports, 'sam')).paused, true)
    assert.equal(succeeded(await release(ports, 'ruth')).paused, false)
  }),
)

test(
  'a pause needs a tagged ticket, a reason and metrics, and leaves nothing without them',
  onCopy(async ({ ports }) => {
    const good = {
      actorId: 'sam',
      ticket: 'CLO-SAFETY-PAUSE-1',
      reason: 'gap',
      metrics: ['margin_gap_alert'],
    }
    refusedWith('bad_input', await engagePause(ports, { ...good, ticket: 'OPS-1' }))
    refusedWith('reason_required', await engagePause(ports, { ...good, reason: '  ' }))
    refusedWith('bad_input', await engagePause(ports, { ...good, metrics: [] }))
    refusedWith('bad_input', await engagePause(ports, { ...good, metrics: ['mood'] }))
    assert.equal((await controlStatus(ports)).paused, false)
    assert.equal(
      succeeded(await engagePause(ports, { ...good, metrics: ['other:customers call'] })).paused,
      true,
    )
  }),
)

/** Edits the database file as somebody without the keys could, past the triggers. */
function tamper(installed: TestInstallation, statement: string): void {
  const database = new DatabaseSync(join(installed.config.home, 'quotey.db'))
  const triggers = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all()
  for (const { name } of triggers) database.exec(`DROP TRIGGER "${String(name)}"`)
  database.exec('PRAGMA foreign_keys = OFF')
  database.exec(statement)
  database.close()
}

for (const [what, statement] of [
  ['removed', 'DELETE FROM safety_pause'],
  ['turned into a release', "UPDATE safety_pause SET kind = 'released'"],
  [
    'followed by a release nobody signed',
    "INSERT INTO safety_pause SELECT 2, 'released', pause_id, actor_id, actor_role, ticket, reason, metrics_json, envelope_json, at FROM safety_pause",
  ],
  ['filled with what is no JSON', "UPDATE safety_pause SET metrics_json = '{'"],
  ['moved out of order', 'UPDATE safety_pause SET sequence = 5'],
  ['gone with its table', 'DROP TABLE safety_pause'],
] as const) {
  test(
    `P3 a pause whose record was ${what} still counts as paused`,
    onCopy(async installed => {
      succeeded(await engage(installed.ports))
      tamper(installed, statement)
      const state = await installed.ports.store.read(pauseState)
      assert.equal(state.paused, true)
      assert.notEqual(state.unreadable, null)
      refusedWith('release_blocked', await release(installed.ports, 'sam'))
    }),
  )
}
