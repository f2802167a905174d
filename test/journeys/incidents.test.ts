import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import type { Incident } from '../../src/loop/incident.ts'
import type { DailyReport } from '../../src/loop/ops-daily.ts'
import {
  badOutcomes,
  costlyStep,
  Desk,
  incidentOf,
  ROLL_BACK,
  troubledInstallation,
  WATCHFUL,
} from '../support/desk.ts'
import { apply, approvedCandidate } from '../support/governed-candidate.ts'
import { copyOf, succeeded, type TestInstallation } from '../support/installation.ts'

/** Ana reviews, Ruth applies, Sam looks after safety, cron runs the jobs: an incident each, from bad outcome to closure. */
const installations: TestInstallation[] = []
let outcomes = ''

before(async () => {
  const original = await troubledInstallation()
  installations.push(original)
  const { candidateId } = await approvedCandidate(original.ports, await costlyStep(original.ports))
  succeeded(await apply(original.ports, 'ruth', candidateId))
  outcomes = await badOutcomes(original)
})
after(() => Promise.all(installations.map(installed => installed.remove())))

/** An installation of its own for one incident. */
async function deskOfItsOwn(): Promise<Desk> {
  const copy = await copyOf(installations[0] as TestInstallation)
  installations.push(copy)
  return new Desk(copy.config.home)
}

/** The release by both, each validated; the pause is over then. */
async function released(desk: Desk): Promise<void> {
  const words = ['policy-opt', 'control', 'release', '--remediation', 'rolled back, and the cap stays']
  assert.equal((await desk.does('sam', ...words)).paused, true)
  assert.equal((await desk.does('ruth', ...words)).paused, false)
}

describe('each of the three incidents', { concurrency: true }, () => {
  test('O1 a rollback spike from the first bad outcome to closure: pause by itself, evidence, rollback, sign-off (L6)', async () => {
    const desk = await deskOfItsOwn()
    await desk.does('ana', 'policy-opt', 'monitor', 'latest', '--outcomes', outcomes)
    const daily = await desk.does<DailyReport>('cron', 'ops', 'daily')
    assert.deepEqual(daily.pause, [{ cause: 'rollback_spike', engaged: true, refused: null }])
    const again = await desk.does<DailyReport>('ana', 'ops', 'daily')
    assert.deepEqual({ ...again, already_ran: false }, daily)
    const id = incidentOf(daily, 'rollback_spike')

    await desk.refused('not_authorised', 'ana', 'incident', 'step', id, '1', '--note', 'x')
    await desk.refused('not_authorised', 'cron', 'incident', 'step', id, '1', '--note', 'x')
    await desk.refused('illegal_move', 'sam', 'incident', 'step', id, '2', '--note', 'x')
    await desk.refused('reason_required', 'sam', 'incident', 'step', id, '1')
    await desk.refused('bad_input', 'sam', 'incident', 'step', id, '9', '--note', 'x')
    await desk.step('sam', id, 1, 'the scheduler engaged it')
    await desk.step('ana', id, 2, 'the enterprise step lost most')
    const lineage = await desk.step('ana', id, 3, 'both candidates hold')
    assert.equal(lineage.steps[2]?.done?.holds, true)
    const harmful = await desk.refused('illegal_move', 'ana', 'incident', 'step', id, '4', '--note', 'x')
    assert.match(harmful, /is active and its realised margin lies below zero/)
    const because = ['--reason', 'it does harm']
    await desk.refused('not_authorised', 'ana', ...ROLL_BACK, 'latest', '--incident', id, ...because)
    await desk.refused('not_found', 'sam', ...ROLL_BACK, 'latest', '--incident', 'incident_0', ...because)
    const taken = await desk.does<{ rollback_record: { rollback_triggered_at: string } }>(
      'sam',
      ...ROLL_BACK,
      'latest',
      '--incident',
      id,
      ...because,
    )
    assert.equal(taken.rollback_record.rollback_triggered_at, lineage.triggered_at)
    await desk.step('ruth', id, 4, 'rolled back')

    await desk.refused('not_authorised', 'ruth', 'incident', 'step', id, '5', '--note', 'x')
    await desk.refused('illegal_move', 'sam', 'incident', 'step', id, '5', '--note', 'x')
    await desk.refused('illegal_move', 'ruth', 'incident', 'close', id, '--note', 'x')
    desk.days = 20
    await desk.does('cron', 'ops', 'daily')
    const early = await desk.refused('illegal_move', 'sam', 'incident', 'step', id, '5', '--note', 'x')
    assert.match(early, /the newest window starts at/)
    desk.days = 31
    const later = await desk.does<DailyReport>('cron', 'ops', 'daily')
    assert.equal(later.missed_days.length, 10, 'the days between are named')
    await desk.step('sam', id, 5, 'a month without a rollback')
    await desk.refused('not_authorised', 'ana', 'incident', 'close', id, '--note', 'x')
    const closed = await desk.does<Incident>('ruth', 'incident', 'close', id, '--note', 'over')
    assert.deepEqual([closed.state, closed.closed?.by], ['closed', 'ruth'])
    await desk.refused('illegal_move', 'sam', 'incident', 'step', id, '2', '--note', 'x')
    await released(desk)
    assert.equal((await desk.does(null, 'audit', 'verify')).ok, true)
  })

  test('O1 a spike of false positives to closure: nothing closes it before the thresholds are tighter and a window is clear', async () => {
    const desk = await deskOfItsOwn()
    const daily = await desk.does<DailyReport>('ana', 'ops', 'daily')
    const [pause] = daily.pause
    assert.equal(pause?.engaged, false)
    assert.match(pause?.refused ?? '', /`ana` may not engage the safety pause/)
    const engaged = [{ cause: 'rollback_spike', engaged: true, refused: null }]
    for (const actor of ['cron', 'ana']) {
      const again = await desk.does<DailyReport>(actor, 'ops', 'daily')
      assert.deepEqual(
        again,
        { ...daily, already_ran: true, pause: engaged },
        'the scheduler stops it after all',
      )
    }
    const id = incidentOf(daily, 'false_positive_spike')
    await desk.step('ruth', id, 1, 'stopped until we know')
    const compared = await desk.step('ana', id, 2, 'one of two was taken back')
    assert.equal(compared.next_step, 3)
    await desk.step('sam', id, 3, 'the rationale was thin')
    await desk.refused('illegal_move', 'sam', 'incident', 'step', id, '4', '--note', 'x')
    const tighter = { ...WATCHFUL, guardrails: { ...WATCHFUL.guardrails, min_margin_delta_bps: 0 } }
    await writeFile(desk.file('tighter.json'), JSON.stringify(tighter))
    await desk.refused(
      'not_authorised',
      'ana',
      'policy-opt',
      'control',
      'thresholds',
      desk.file('tighter.json'),
    )
    await desk.does('sam', 'policy-opt', 'control', 'thresholds', desk.file('tighter.json'))
    await desk.step('sam', id, 4, 'no candidate may lose margin now')
    await desk.refused('illegal_move', 'sam', 'incident', 'close', id, '--note', 'x')
    desk.days = 31
    await desk.does('ana', 'ops', 'daily')
    const closed = await desk.does<Incident>(
      'sam',
      'incident',
      'close',
      id,
      '--note',
      'below the limit for a month',
    )
    assert.equal(closed.state, 'closed')
    await released(desk)
    assert.equal((await desk.does(null, 'audit', 'verify')).ok, true)
  })

  test('O1 a drift between promise and outcome to closure: payloads, replay again, root cause', async () => {
    const desk = await deskOfItsOwn()
    await desk.does('ana', 'policy-opt', 'monitor', 'latest', '--outcomes', outcomes)
    const daily = await desk.does<DailyReport>('ruth', 'ops', 'daily')
    const id = incidentOf(daily, 'margin_gap_drift')
    await desk.step('sam', id, 1, 'no applies until it is explained')
    assert.equal((await desk.does(null, 'policy-opt', 'control', 'status')).paused, true)
    await desk.step('ana', id, 2, 'one candidate drifts')
    await desk.refused('illegal_move', 'ana', 'incident', 'step', id, '4', '--note', 'x')
    const payloads = await desk.step('ana', id, 3, 'read them all')
    assert.equal(payloads.steps[2]?.done?.holds, true)
    const replayed = await desk.step('ana', id, 4, 'the checksums agree')
    assert.equal(replayed.steps[3]?.done?.holds, true)
    await desk.step('ana', id, 5, 'outcomes came from large deals alone')
    await desk.does('ruth', ...ROLL_BACK, 'latest', '--incident', id, '--reason', 'it does harm')
    await desk.refused('illegal_move', 'ruth', 'incident', 'close', id, '--note', 'x')
    desk.days = 31
    await desk.does('cron', 'ops', 'daily')
    const closed = await desk.does<Incident>('ruth', 'incident', 'close', id, '--note', 'explained')
    assert.equal(closed.state, 'closed')
    await released(desk)
    assert.equal((await desk.does(null, 'audit', 'verify')).ok, true)
  })
})
