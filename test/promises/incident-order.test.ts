import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Role } from '../../src/domain/controls.ts'
import { INCIDENT_CAUSES, PLAYBOOKS, type StepAction } from '../../src/domain/playbook.ts'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import { closeIncident } from '../../src/loop/incident-close.ts'
import { openIncident } from '../../src/loop/incident-open.ts'
import { doIncidentStep } from '../../src/loop/incident-step.ts'
import type { Ports } from '../../src/loop/ports.ts'
import { changeThresholds } from '../../src/loop/thresholds.ts'
import { copyOf, newInstallation, PEOPLE, succeeded, type TestInstallation } from '../support/installation.ts'
import { undoing } from '../support/undone.ts'

let original: TestInstallation
before(async () => {
  original = await newInstallation()
})
after(() => original.remove())

const WORKERS: readonly Role[] = ['revenue_ops', 'runtime_owner', 'safety_owner']

/** Who may do a step, by the runbook and docs/runbook.md; written out again here. */
const MAY: Readonly<Record<StepAction, readonly Role[]>> = {
  pause: ['runtime_owner', 'safety_owner'],
  largest_gaps: WORKERS,
  lineage: WORKERS,
  rollback: WORKERS,
  applied_against_rolled_back: WORKERS,
  approvals: WORKERS,
  tighten: WORKERS,
  payloads: WORKERS,
  replay_again: WORKERS,
  validate: WORKERS,
  document: WORKERS,
  sign_off: ['safety_owner'],
}
const EVERYBODY: Readonly<Record<string, readonly Role[]>> = { ...PEOPLE, cron: ['scheduler'], nobody: [] }

/** What an incident needs beside its steps, so that each comes to its end. */
const BEFORE: Partial<Record<StepAction, (ports: Ports) => Promise<unknown>>> = {
  tighten: ports => {
    const guardrails = { ...DEFAULT_THRESHOLDS.guardrails, min_margin_delta_bps: 0 }
    return changeThresholds(ports, { actorId: 'sam', thresholds: { ...DEFAULT_THRESHOLDS, guardrails } })
  },
}

const answer = (
  result: { readonly ok: true } | { readonly ok: false; readonly refusal: { code: string } },
): string => (result.ok ? 'done' : result.refusal.code)

for (const cause of INCIDENT_CAUSES) {
  test(`O1 in an incident of ${cause} every wrong person and every skipped step is refused, and nothing closes it early`, async t => {
    const installed = await copyOf(original)
    t.after(() => installed.remove())
    const { ports } = installed
    const opened = succeeded(
      await openIncident(ports, { actorId: 'cron', cause, reason: 'seen', ticket: null }),
    )
    const incidentId = opened.incident_id
    const playbook = PLAYBOOKS[cause]
    const note = 'as the playbook says'
    let cases = 0
    for (const [finished, { action }] of playbook.entries()) {
      for (const [actorId, roles] of Object.entries(EVERYBODY)) {
        const holds = (allowed: readonly Role[]) => roles.some(role => allowed.includes(role))
        for (let step = finished + 2; step <= playbook.length; step += 1) {
          const may = holds(MAY[(playbook[step - 1] as { action: StepAction }).action])
          const skipped = await doIncidentStep(undoing(ports), { actorId, incidentId, step, note })
          assert.equal(answer(skipped), may ? 'illegal_move' : 'not_authorised', `${actorId}, step ${step}`)
          cases += 1
        }
        if (!holds(MAY[action])) {
          const wrong = await doIncidentStep(undoing(ports), {
            actorId,
            incidentId,
            step: finished + 1,
            note,
          })
          assert.equal(answer(wrong), 'not_authorised', `${actorId}, step ${finished + 1}`)
          cases += 1
        }
        const closing = await closeIncident(undoing(ports), { actorId, incidentId, note })
        const mayClose = holds(['runtime_owner', 'safety_owner'])
        assert.equal(answer(closing), mayClose ? 'illegal_move' : 'not_authorised', `${actorId} closes`)
        cases += 1
      }
      // Only a month's clear window lets an alert's incident be signed off, which the journeys play.
      if (action === 'sign_off' && cause !== 'other') continue
      await BEFORE[action]?.(ports)
      const step = finished + 1
      succeeded(await doIncidentStep(ports, { actorId: 'sam', incidentId, step, note }))
    }
    t.diagnostic(`${cases} cases`)
  })
}
