import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openIncident } from '../../src/loop/incident-open.ts'
import { doIncidentStep } from '../../src/loop/incident-step.ts'
import { monitorCandidate } from '../../src/loop/monitor.ts'
import { badOutcomes, costlyStep, troubledInstallation } from '../support/desk.ts'
import { apply, approvedCandidate, rollback } from '../support/governed-candidate.ts'
import { daysLater, refusedWith, succeeded } from '../support/installation.ts'

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
