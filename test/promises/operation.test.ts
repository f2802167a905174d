import assert from 'node:assert/strict'
import { chmod, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { composeMachine } from '../../src/compose.ts'
import { daysBetween, weekOf, weeksBetween } from '../../src/domain/job-calendar.ts'
import { revokeActor } from '../../src/loop/actor-revoke.ts'
import { verifyAudit } from '../../src/loop/audit.ts'
import { type DoctorReport, examine } from '../../src/loop/doctor.ts'
import { recordKpiSummary } from '../../src/loop/kpi.ts'
import type { Machine } from '../../src/loop/machine.ts'
import { opsDaily } from '../../src/loop/ops-daily.ts'
import { opsWeekly } from '../../src/loop/ops-weekly.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import { releasePause } from '../../src/loop/pause-release.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { logHead } from '../../src/loop/trust.ts'
import { validateInstallation } from '../../src/loop/validate.ts'
import { installationWithHistory } from '../support/governed-candidate.ts'
import { copyOf, daysLater, refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'
import { withKpiFigures } from '../support/overriding.ts'

let original: TestInstallation
before(async () => {
  original = await installationWithHistory(300)
})
after(() => original.remove())

const onCopy = (work: (installed: TestInstallation) => Promise<void>) => async (): Promise<void> => {
  const copy = await copyOf(original)
  // Copied folders come without their permissions.
  for (const folder of [copy.config.home, join(copy.config.home, 'keys')]) await chmod(folder, 0o700)
  try {
    await work(copy)
  } finally {
    await copy.remove()
  }
}

const eventsOf = async (ports: Ports, eventType: string) =>
  (await ports.store.read(tx => tx.find('policy_lifecycle_audit', { event_type: eventType }))).length

test('weeks are those of ISO 8601, and days and weeks without a run lie strictly between', () => {
  const week = (day: string): string => weekOf(`${day}T12:00:00.000Z`)
  assert.deepEqual(
    ['2024-12-29', '2024-12-30', '2026-11-22', '2026-11-23', '2027-01-01', '2027-01-04'].map(week),
    ['2024-W52', '2025-W01', '2026-W47', '2026-W48', '2026-W53', '2027-W01'],
  )
  assert.deepEqual(daysBetween('2026-02-27T23:59:59.999Z', '2026-03-02T00:00:00.000Z'), [
    '2026-02-28',
    '2026-03-01',
  ])
  assert.deepEqual(daysBetween('2026-03-01T23:00:00.000Z', '2026-03-02T01:00:00.000Z'), [])
  assert.deepEqual(weeksBetween('2026-12-27T00:00:00.000Z', '2027-01-12T00:00:00.000Z'), [
    '2026-W53',
    '2027-W01',
  ])
})

test(
  'O1 the daily check runs once a day however often it is asked, and the next one names the days missed',
  onCopy(async ({ ports }) => {
    refusedWith('not_authorised', await opsDaily(ports, { actorId: 'nobody' }))
    const first = succeeded(await opsDaily(ports, { actorId: 'cron' }))
    const [again, other] = await Promise.all([
      opsDaily(ports, { actorId: 'cron' }),
      opsDaily(ports, { actorId: 'ana' }),
    ])
    assert.deepEqual(succeeded(again), { ...first, already_ran: true })
    assert.deepEqual(succeeded(other), { ...first, already_ran: true })
    assert.equal(await eventsOf(ports, 'ops_daily_run'), 1)
    assert.equal(await eventsOf(ports, 'kpi_snapshot_recorded'), 1)
    const later = daysLater(ports, 4)
    const job = (await validateInstallation(later)).checks.find(check => check.name === 'daily_check_ran')
    assert.match(job?.proof ?? '', /^3 missed since /)
    assert.equal(succeeded(await opsDaily(later, { actorId: 'cron' })).missed_days.length, 3)
    assert.deepEqual(succeeded(await opsDaily(daysLater(ports, 5), { actorId: 'cron' })).missed_days, [])
  }),
)

test(
  'O1 the weekly check keeps one governance record with three confirmations and the validation, and names missed weeks',
  onCopy(async ({ ports }) => {
    refusedWith('not_authorised', await opsWeekly(ports, { actorId: 'sam' }))
    const first = succeeded(await opsWeekly(ports, { actorId: 'cron' }))
    assert.equal(first.ok, true, JSON.stringify(first.validation.checks))
    assert.equal(first.confirmations.length, 3)
    assert.deepEqual(succeeded(await opsWeekly(ports, { actorId: 'ruth' })), { ...first, already_ran: true })
    assert.equal(await eventsOf(ports, 'drill_completed'), 1)
    const artifact = await ports.store.read(tx => tx.last('artifact', { digest: first.record_digest }))
    assert.equal(artifact?.schema, 'clo_governance_record.v1')
    assert.equal(succeeded(await opsWeekly(daysLater(ports, 21), { actorId: 'cron' })).missed_weeks.length, 2)
    assert.deepEqual(succeeded(await verifyAudit(ports, null)).findings, [])
  }),
)

test(
  'P2 a release is refused while a control check fails, and not for a missed job',
  onCopy(async ({ ports }) => {
    const pause = { ticket: 'CLO-SAFETY-PAUSE-3', reason: 'gap', metrics: ['margin_gap_alert'] }
    succeeded(await engagePause(ports, { actorId: 'sam', ...pause }))
    succeeded(await recordKpiSummary(ports, { actorId: 'ana', length: '30d', from: null, to: null }))
    const input = { actorId: 'sam', remediation: 'explained' }
    const [control, job] = (['control', 'job'] as const).map(kind => ({
      ok: false,
      checks: [{ name: `a_${kind}`, kind, ok: false, proof: 'it does not hold' }],
    }))
    const refusal = refusedWith('release_blocked', await releasePause(ports, input, control))
    assert.match(refusal.message, /a_control/)
    succeeded(await releasePause(ports, input, job))
    assert.equal(succeeded(await releasePause(ports, { ...input, actorId: 'ruth' }, job)).paused, false)
    const released = await ports.store.read(tx =>
      tx.last('policy_lifecycle_audit', { event_type: 'pause_released' }),
    )
    assert.deepEqual(JSON.parse(released?.event_payload_json ?? '{}').validation, job)
  }),
)

const sick = (report: DoctorReport): readonly string[] =>
  report.checks.filter(check => !check.ok).map(check => check.name)

test(
  'O1 an alert raised after the day’s run has its incident at the next look, once, and a calm look records nothing',
  onCopy(async ({ ports }) => {
    const spike = { rollback_rate_bps: 2500, applied_candidate_count: 40, rolled_back_candidate_count: 10 }
    const run = succeeded(await opsDaily(ports, { actorId: 'cron' }))
    const entries = async () => (await ports.store.read(logHead)).size
    const before = await entries()
    assert.deepEqual(succeeded(await opsDaily(ports, { actorId: 'cron' })), { ...run, already_ran: true })
    assert.equal(await entries(), before)
    const spiking = withKpiFigures(ports, { ...spike, rollback_spike_alert: 1 })
    const look = succeeded(await opsDaily(spiking, { actorId: 'ana' }))
    assert.deepEqual([look.already_ran, look.raised_alerts], [true, ['rollback_spike']])
    const [incident] = look.incidents
    assert.deepEqual(look.incidents_opened, [incident?.incident_id])
    assert.deepEqual([incident?.cause, incident?.next_step], ['rollback_spike', 1])
    const row = await ports.store.read(tx => tx.last('incident'))
    const snapshot = await ports.store.read(tx => tx.last('kpi_snapshot'))
    assert.equal(row?.kpi_snapshot_id, snapshot?.id)
    assert.notEqual(snapshot?.id, run.kpi_snapshot_id)
    const raised = await entries()
    const after = succeeded(await opsDaily(spiking, { actorId: 'cron' }))
    assert.deepEqual([after.incidents_opened, after.incidents.length], [[], 1])
    assert.equal(await entries(), raised)
    assert.equal(await eventsOf(ports, 'ops_daily_run'), 1)
    assert.deepEqual(succeeded(await verifyAudit(ports, null)).findings, [])
  }),
)

test(
  'doctor finds nothing on a sound installation, and each thing that is wrong, with what to do',
  onCopy(async ({ ports, config }) => {
    const machine = await composeMachine(config)
    const looks = (with_: Partial<Machine> = {}, under: Ports = ports) =>
      examine({ ...machine, ...with_ }, { ok: true, value: under })
    const sound = await looks()
    assert.deepEqual(sick(sound), [], JSON.stringify(sound.checks))

    const [key] = (await machine.keys()).files
    assert.ok(key)
    await chmod(key.path, 0o644)
    const open = await looks()
    assert.deepEqual(sick(open), ['key_files'])
    assert.match(open.checks[0]?.remedy ?? '', /chmod 600/)
    await chmod(key.path, 0o600)

    await chmod(join(config.home, 'quotey.db'), 0o666)
    const writable = await looks()
    assert.deepEqual(sick(writable), ['permissions'])
    const remedy = writable.checks.find(check => !check.ok)?.remedy ?? ''
    assert.match(remedy, /`chmod o-w .*quotey\.db`/)
    await chmod(join(config.home, 'quotey.db'), 0o644)
    assert.deepEqual(sick(await looks()), [], 'nobody else gets into its folder')
    await chmod(config.home, 0o711)
    const readable = (await looks()).checks.find(check => !check.ok)
    assert.match(readable?.found ?? '', /everybody on this machine may read .*quotey\.db`/)
    assert.match(readable?.remedy ?? '', /`chmod o-rwx .*quotey\.db`/)
    await chmod(config.home, 0o700)

    assert.deepEqual(sick(await looks({ disk: async () => ({ freeBytes: 1, databaseBytes: 1 }) })), ['disk'])
    assert.deepEqual(sick(await looks({ databaseFaults: async () => ['row missing from index'] })), [
      'database',
    ])
    assert.deepEqual(sick(await looks({}, daysLater(ports, -1))).includes('clock'), true)
    assert.deepEqual(sick(await looks({}, daysLater(ports, 15))), ['daily_check', 'weekly_check'])

    for (const id of ['ruth', 'rex', 'both']) {
      succeeded(await revokeActor(ports, { id, keyId: null, reason: 'left' }))
    }
    const closed = await looks()
    assert.deepEqual(sick(closed), ['keys', 'authority'])
    assert.match(
      closed.checks.find(check => check.name === 'authority')?.found ?? '',
      /nobody can apply a candidate/,
    )

    const folder = join(config.home, 'snapshots')
    const [file] = await readdir(folder)
    await writeFile(join(folder, file as string), 'not a snapshot')
    assert.equal(sick(await looks()).includes('snapshots'), true)
    await rm(join(folder, file as string))
    assert.equal(sick(await looks()).includes('snapshots'), true)
  }),
)
