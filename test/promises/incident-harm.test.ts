import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openIncident } from '../../src/loop/incident-open.ts'
import { doIncidentStep } from '../../src/loop/incident-step.ts'
import { recordKpiSummary } from '../../src/loop/kpi.ts'
import { monitorCandidate } from '../../src/loop/monitor.ts'
import { opsDaily } from '../../src/loop/ops-daily.ts'
import { badOutcomes, costlyStep, troubledInstallation } from '../support/desk.ts'
import { apply, approvedCandidate, rollback } from '../support/governed-candidate.ts'
import { daysLater, refusedWith, succeeded } from '../support/installation.ts'
import { overriding } from '../support/overriding.ts'

test('O1 what does harm holds an incident open however long ago it was applied and observed', async () => {
  const installed = await troubledInstallation()
  try {
    const { candidateId } = await approvedCandidate(installed.ports, await costlyStep(installed.ports))
    const { apply_record } = succeeded(await apply(installed.ports, 'ruth', candidateId))
    const outcomesPath = await badOutcomes(installed)
    const observed = { actorId: 'ana', candidateId, outcomesPath, map: null }
    succeeded(await monitorCandidate(installed.ports, observed))

    const ports = daysLater(installed.ports, 60)
    const seen = { cause: 'other', reason: 'customers call', ticket: null } as const
    const { incident_id } = succeeded(await openIncident(ports, { actorId: 'ana', ...seen }))
    const step = (number: number) =>
      doIncidentStep(ports, { actorId: 'ruth', incidentId: incident_id, step: number, note: 'looked' })
    succeeded(await step(1))
    succeeded(await step(2))
    const refusal = refusedWith('illegal_move', await step(3))
    assert.match(refusal.message, /is active and its realised margin lies below zero/)
    assert.match(refusal.remedy, new RegExp(`rollback ${apply_record.id} --incident ${incident_id}`))
    succeeded(await rollback(ports, 'ruth', apply_record.id))
    assert.equal(succeeded(await step(3)).next_step, 4)
  } finally {
    await installed.remove()
  }
})

test('K2 a window of calm that somebody records meanwhile hides no alert from the daily check', async () => {
  const installed = await troubledInstallation()
  try {
    const { ports } = installed
    const calm = { actorId: 'ana', length: '30d', from: '2020-01-01', to: '2020-01-31' }
    let changes = 0
    const store = overriding(ports.store, {
      change: async work => {
        changes += 1
        // Between the snapshot of the daily check and what it opens.
        if (changes === 2) succeeded(await recordKpiSummary(ports, calm))
        return ports.store.change(work)
      },
    })
    const report = succeeded(await opsDaily({ ...ports, store }, { actorId: 'cron' }))
    assert.deepEqual(report.raised_alerts, ['rollback_spike', 'false_positive_spike'])
    assert.equal(report.incidents_opened.length, 2)
    const newest = await ports.store.read(tx => tx.last('kpi_snapshot'))
    assert.notEqual(newest?.id, report.kpi_snapshot_id)
  } finally {
    await installed.remove()
  }
})
