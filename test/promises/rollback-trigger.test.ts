import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { runDrill } from '../../src/loop/drill.ts'
import { openIncident } from '../../src/loop/incident-open.ts'
import { kpiSummary } from '../../src/loop/kpi.ts'
import { opsDaily } from '../../src/loop/ops-daily.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { rollbackApply } from '../../src/loop/rollback.ts'
import type { RollbackRow } from '../../src/loop/tables.ts'
import { changeThresholds } from '../../src/loop/thresholds.ts'
import { quotey } from '../support/command-line.ts'
import { apply, approvedCandidate, installationWithHistory } from '../support/governed-candidate.ts'
import { daysLater, succeeded } from '../support/installation.ts'

const triggerOf = (row: RollbackRow): string | undefined =>
  (JSON.parse(row.rollback_metadata_json) as { rollback_triggered_at?: string }).rollback_triggered_at

const rollbacksIn = (ports: Ports): Promise<readonly RollbackRow[]> =>
  ports.store.read(tx => tx.find('policy_rollback_record'))

/** The drill's rollbacks live on a fork that goes away; this looks at them before it does. */
function watchingForks(ports: Ports, seen: RollbackRow[]): Ports {
  return {
    ...ports,
    fork: async () => {
      const fork = await ports.fork()
      return {
        ports: fork.ports,
        dispose: async () => {
          seen.push(...(await rollbacksIn(fork.ports)))
          await fork.dispose()
        },
      }
    },
  }
}

test('L6 rollback_triggered_at is in every rollback record, whichever way it was started, and the time to repair follows from it', async () => {
  const installed = await installationWithHistory()
  try {
    const { ports } = installed
    const applied = async (at: Ports): Promise<string> =>
      succeeded(await apply(at, 'ruth', (await approvedCandidate(at)).candidateId)).apply_record.id
    const took = (at: Ports, applyRecordId: string, more: { triggeredAt?: string; incidentId?: string }) =>
      rollbackApply(at, {
        actorId: 'sam',
        applyRecordId,
        reason: 'no effect',
        triggeredAt: more.triggeredAt ?? null,
        incidentId: more.incidentId ?? null,
      })

    // By hand, at once, through the command line.
    const byHand = await applied(ports)
    const ended = await quotey(
      installed.config.home,
      'sam',
      'policy-opt',
      'rollback',
      byHand,
      '--reason',
      'x',
    )
    assert.equal(ended.exitCode, 0, ended.stderr)

    // By hand, for an alert noticed an hour after the apply; two days later.
    const given = await applied(ports)
    const anHourOn = new Date(Date.parse(ports.clock.now()) + 3_600_000).toISOString()
    succeeded(await took(daysLater(ports, 2), given, { triggeredAt: anHourOn }))

    // For an incident opened by hand, a day before the rollback, while the pause holds.
    const forIncident = await applied(daysLater(ports, 3))
    const cause = { cause: 'margin_gap_drift', reason: 'outcomes far below the promise' } as const
    const incident = succeeded(
      await openIncident(daysLater(ports, 4), { actorId: 'sam', ticket: null, ...cause }),
    )
    const metrics = ['margin_gap_alert']
    const ticket = 'CLO-SAFETY-PAUSE-7'
    const later = daysLater(ports, 5)
    succeeded(await engagePause(later, { actorId: 'sam', ticket, reason: 'drift', metrics }))
    succeeded(await took(later, forIncident, { incidentId: incident.incident_id }))

    const rows = await rollbacksIn(ports)
    assert.equal(rows.length, 3)
    const repairs = rows.map(row => Date.parse(row.rolled_back_at) - Date.parse(triggerOf(row) ?? ''))
    assert.ok(repairs.every(ms => ms >= 0))
    assert.ok((repairs[0] as number) < 60_000 && Math.abs((repairs[2] as number) - 86_400_000) < 60_000)
    assert.equal(triggerOf(rows[1] as RollbackRow), anHourOn)
    assert.equal(triggerOf(rows[2] as RollbackRow), incident.triggered_at)
    const summary = succeeded(await kpiSummary(daysLater(ports, 6), { length: '30d', from: null, to: null }))
    assert.equal(summary.rollback_count, 3)
    assert.equal(
      summary.rollback_mttr_seconds,
      Math.round(repairs.reduce((sum, ms) => sum + ms, 0) / (1000 * repairs.length)),
    )
  } finally {
    await installed.remove()
  }
})

test('L6 a rollback for an alert of the daily check, and those of a drill, have their trigger times', async () => {
  const installed = await installationWithHistory()
  try {
    const { ports } = installed
    const seen: RollbackRow[] = []
    const alerts = {
      ...DEFAULT_THRESHOLDS.alerts,
      min_samples: { rollback_spike: 1, false_positive_spike: 1, margin_gap_drift: 1 },
    }
    succeeded(
      await changeThresholds(ports, { actorId: 'sam', thresholds: { ...DEFAULT_THRESHOLDS, alerts } }),
    )
    const first = succeeded(await apply(ports, 'ruth', (await approvedCandidate(ports)).candidateId))
    const reason = 'no effect'
    const asked = { actorId: 'sam', applyRecordId: first.apply_record.id, reason, triggeredAt: null }
    succeeded(await rollbackApply(ports, asked))
    const second = succeeded(await apply(ports, 'ruth', (await approvedCandidate(ports)).candidateId))

    const daily = succeeded(await opsDaily(daysLater(ports, 1), { actorId: 'cron' }))
    assert.deepEqual(daily.raised_alerts, ['rollback_spike', 'false_positive_spike'])
    const [incidentId] = daily.incidents_opened as [string, ...string[]]
    const taken = succeeded(
      await rollbackApply(daysLater(ports, 2), {
        ...asked,
        applyRecordId: second.apply_record.id,
        incidentId,
      }),
    )
    const repairMs =
      Date.parse(taken.rollback_record.rolled_back_at) -
      Date.parse(taken.rollback_record.rollback_triggered_at)
    assert.ok(Math.abs(repairMs - 86_400_000) < 60_000, `triggered when the alert was, ${repairMs} ms before`)

    succeeded(await runDrill(watchingForks(ports, seen), { actorId: 'ruth', candidateId: null }))
    const drilled = seen.slice((await rollbacksIn(ports)).length)
    assert.ok(drilled.length >= 1, 'a drill rolls back on its fork')
    for (const row of seen) assert.ok(triggerOf(row), `${row.id} has no trigger time`)
  } finally {
    await installed.remove()
  }
})
