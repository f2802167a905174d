import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { reportingWindow } from '../../src/domain/kpi-window.ts'
import { kpiDetail, kpiSummary, recordKpiSummary } from '../../src/loop/kpi.ts'
import { apply, approvedCandidate, installationWithHistory, rollback } from '../support/governed-candidate.ts'
import { daysLater, refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'
import { type KpiWorld, referenceDetail, referenceSummary } from '../support/kpi-reference.ts'

const LAST_DAY = { length: '1d', from: null, to: null }

let installed: TestInstallation
before(async () => {
  installed = await installationWithHistory()
  const { candidateId } = await approvedCandidate(installed.ports)
  const applied = succeeded(await apply(installed.ports, 'ruth', candidateId))
  succeeded(await rollback(installed.ports, 'sam', applied.apply_record.id))
})
after(() => installed.remove())

/** What the store holds, for the computation that shares nothing with the SQL. */
const worldOf = ({ ports }: TestInstallation): Promise<KpiWorld> =>
  ports.store.read(async tx => ({
    events: await tx.find('policy_lifecycle_audit'),
    replays: await tx.find('policy_replay_evaluation'),
    applies: await tx.find('policy_apply_record'),
    rollbacks: await tx.find('policy_rollback_record'),
  }))

test('K1 the KPIs of a lifecycle that really happened equal an independent computation', async () => {
  const summary = succeeded(await kpiSummary(installed.ports, LAST_DAY))
  const world = await worldOf(installed)
  assert.deepEqual(summary, referenceSummary(world, summary.window_start, summary.window_end))
  assert.equal(summary.applied_candidate_count, 1)
  assert.equal(summary.rolled_back_candidate_count, 1)
  assert.equal(summary.rollback_count, 1)
  assert.equal(summary.replay_determinism_rate_bps, 10_000)
  assert.equal(summary.alert_reason_codes, 'rollback_spike,false_positive_spike')
  const detail = succeeded(await kpiDetail(installed.ports, LAST_DAY))
  assert.deepEqual(detail.rows, referenceDetail(world, summary.window_start, summary.window_end))
})

test('a summary is recorded by those who may, with its event, and once for the same window', async () => {
  const { ports } = installed
  const window = { length: '30d', from: '2026-01-01', to: new Date(Date.now() + 1000).toISOString() }
  refusedWith('not_authorised', await recordKpiSummary(ports, { ...window, actorId: 'nobody' }))
  const recorded = succeeded(await recordKpiSummary(ports, { ...window, actorId: 'cron' }))
  const again = succeeded(await recordKpiSummary(ports, { ...window, actorId: 'ana' }))
  assert.deepEqual(again, recorded)
  const rows = await ports.store.read(tx => tx.find('kpi_snapshot'))
  assert.equal(rows.length, 1)
  const { kpi_snapshot_id, ...summary } = recorded
  assert.equal(rows[0]?.id, kpi_snapshot_id)
  assert.deepEqual(JSON.parse(rows[0]?.summary_json ?? ''), summary)
  const events = await ports.store.read(tx =>
    tx.find('policy_lifecycle_audit', { event_type: 'kpi_snapshot_recorded' }),
  )
  assert.deepEqual(
    events.map(event => [event.actor_id, event.actor_type]),
    [['cron', 'system']],
  )
})

test('a window ends now and reaches back by its length; what lies before it does not count', async () => {
  const later = daysLater(installed.ports, 40)
  const summary = succeeded(await kpiSummary(later, { length: '30d', from: null, to: null }))
  assert.equal(summary.applied_candidate_count, 0)
  assert.equal(Date.parse(summary.window_end) - Date.parse(summary.window_start), 30 * 86_400_000)
})

test('an unreadable or empty window is refused with what to write instead', () => {
  const now = '2026-11-22T14:00:00.000Z'
  const asked = (length: string, from: string | null, to: string | null) =>
    reportingWindow({ length, from, to }, now)
  assert.deepEqual(succeeded(asked('12h', null, null)), { start: '2026-11-22T02:00:00.000Z', end: now })
  assert.deepEqual(succeeded(asked('30d', '2026-11-01', '2026-11-02T06:00:00+02:00')), {
    start: '2026-11-01T00:00:00.000Z',
    end: '2026-11-02T04:00:00.000Z',
  })
  for (const [length, from, to] of [
    ['30', null, null],
    ['0d', null, null],
    ['-3d', null, null],
    ['1w', null, null],
    ['30d', '2026-02-30', null],
    ['30d', null, 'yesterday'],
    ['30d', '2026-11-02', '2026-11-01'],
    ['30d', '2026-11-01', '2026-11-01'],
  ] as const) {
    refusedWith('bad_input', asked(length, from, to))
  }
})
