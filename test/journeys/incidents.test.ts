import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { DEFAULT_THRESHOLDS } from '../../src/domain/thresholds.ts'
import type { Incident } from '../../src/loop/incident.ts'
import type { DailyReport } from '../../src/loop/ops-daily.ts'
import { quoteyLater } from '../support/command-line.ts'

/** Ana reviews, Ruth applies, Sam looks after safety, cron runs the jobs: an incident each, from bad outcome to closure. */
let folder = ''
const file = (name: string): string => join(folder, name)

/** One installation and how far its clock has come. */
class Desk {
  days = 0
  readonly home: string
  constructor(name: string) {
    this.home = file(name)
  }

  async does<T = Record<string, unknown>>(actor: string | null, ...words: string[]): Promise<T> {
    const ended = await quoteyLater(this.days, this.home, actor, '--json', ...words)
    assert.equal(ended.exitCode, 0, `quotey ${words.join(' ')}\n${ended.stdout}\n${ended.stderr}`)
    return ended.json as T
  }

  /** Expects this refusal, and that it left nothing in the log. */
  async refused(code: string, actor: string | null, ...words: string[]): Promise<string> {
    const before = this.entries()
    const ended = await quoteyLater(this.days, this.home, actor, '--json', ...words)
    const { refusal } = ended.json as { refusal?: { code: string; message: string } }
    assert.equal(refusal?.code, code, `${actor}: quotey ${words.join(' ')}\n${ended.stdout}${ended.stderr}`)
    assert.equal(this.entries(), before)
    return refusal?.message ?? ''
  }

  entries(): number {
    const database = new DatabaseSync(join(this.home, 'quotey.db'), { readOnly: true })
    const row = database.prepare('SELECT count(*) AS entries FROM policy_lifecycle_audit').get()
    database.close()
    return Number(row?.entries)
  }

  step(actor: string, incident: string, number: number, note: string): Promise<Incident> {
    return this.does<Incident>(actor, 'incident', 'step', incident, String(number), '--note', note)
  }
}

const RULE = { smb: 'discount-cap-smb', enterprise: 'discount-cap-enterprise' } as const

/** A candidate by Ana, approved by Sam, applied by Ruth; gives candidate and apply record. */
async function applied(desk: Desk, rule: keyof typeof RULE, from: number, to: number) {
  const { version } = await desk.does<{ version: number }>(null, 'policy', 'show')
  const change = { rule_id: RULE[rule], operation: 'update', field: 'cap_bps', from, to, rationale: 'a step' }
  await writeFile(file('diff.json'), JSON.stringify({ base_policy_version: version, rule_diffs: [change] }))
  await desk.does('ana', 'policy-opt', 'propose', '--from', file('diff.json'))
  await desk.does('ana', 'policy-opt', 'replay', 'latest')
  await desk.does('ana', 'policy-packet', 'build', 'latest')
  const reason = ['--reason', 'the packet shows no harm']
  await desk.does('sam', 'policy-packet', 'action', 'latest', '--decision', 'approve', ...reason)
  const { apply_record } = await desk.does<{ apply_record: { id: string; candidate_id: string } }>(
    'ruth',
    'policy-opt',
    'apply',
    'latest',
  )
  return apply_record
}

const ROLL_BACK = ['policy-opt', 'rollback']

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quotey-incidents-'))
  const desk = new Desk('home')
  await desk.does(null, 'init')
  await desk.does(null, 'actor', 'add', '--id', 'ana', '--role', 'revenue_ops')
  await desk.does(null, 'actor', 'add', '--id', 'sam', '--role', 'safety_owner')
  await desk.does(null, 'actor', 'add', '--id', 'ruth', '--role', 'runtime_owner')
  await desk.does(null, 'actor', 'add', '--id', 'cron', '--role', 'scheduler', '--service')
  const alerts = {
    ...DEFAULT_THRESHOLDS.alerts,
    max_projected_realized_margin_gap_bps: 50,
    min_samples: { rollback_spike: 1, false_positive_spike: 1, margin_gap_drift: 1 },
    engage_pause: ['rollback_spike'],
  }
  await writeFile(file('thresholds.json'), JSON.stringify({ ...DEFAULT_THRESHOLDS, alerts }))
  await desk.does('sam', 'policy-opt', 'control', 'thresholds', file('thresholds.json'))
  await desk.does(
    null,
    'history',
    'simulate',
    '--seed',
    '11',
    '--quotes',
    '3000',
    '--out',
    file('quotes.csv'),
  )
  await desk.does(null, 'history', 'import', file('quotes.csv'))

  const first = await applied(desk, 'smb', 1800, 1750)
  await desk.does('ruth', ...ROLL_BACK, first.id, '--reason', 'reps complained')
  await applied(desk, 'enterprise', 3000, 3050)
  await cp(desk.home, file('spike'), { recursive: true })
  await cp(desk.home, file('false-positives'), { recursive: true })
  await cp(desk.home, file('drift'), { recursive: true })
})
after(() => rm(folder, { recursive: true, force: true }))

/** Outcomes under the active version, of the quotes that it let go cheaper alone. */
async function badOutcomes(desk: Desk, name: string): Promise<string> {
  const { version } = await desk.does<{ version: number }>(null, 'policy', 'show')
  const policy = ['--policy', String(version), '--out', file(`${name}-all.csv`)]
  await desk.does(null, 'history', 'simulate', '--seed', '8', '--quotes', '3000', ...policy)
  const lines = (await readFile(file(`${name}-all.csv`), 'utf8')).trimEnd().split('\n')
  const header = (lines[0] as string).split(',')
  const [segment, asked] = [header.indexOf('segment'), header.indexOf('requested_discount_bps')]
  const harmed = lines.filter((line, at) => {
    const cells = line.split(',')
    return at === 0 || (cells[segment]?.toLowerCase().startsWith('ent') && Number(cells[asked]) > 3000)
  })
  await writeFile(file(`${name}.csv`), `${harmed.join('\n')}\n`)
  return file(`${name}.csv`)
}

/** The release by both, each validated; the pause is over then. */
async function released(desk: Desk): Promise<void> {
  const words = ['policy-opt', 'control', 'release', '--remediation', 'rolled back, and the cap stays']
  assert.equal((await desk.does('sam', ...words)).paused, true)
  assert.equal((await desk.does('ruth', ...words)).paused, false)
}

const incidentOf = (report: DailyReport, cause: string): string => {
  const line = report.incidents.find(incident => incident.cause === cause)
  assert.ok(line, JSON.stringify(report.incidents))
  return line.incident_id
}

describe('each of the three incidents', { concurrency: true }, () => {
  test('O1 a rollback spike from the first bad outcome to closure: pause by itself, evidence, rollback, sign-off (L6)', async () => {
    const desk = new Desk('spike')
    await desk.does('ana', 'policy-opt', 'monitor', 'latest', '--outcomes', await badOutcomes(desk, 'spike'))
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
    const desk = new Desk('false-positives')
    const daily = await desk.does<DailyReport>('ana', 'ops', 'daily')
    const [pause] = daily.pause
    assert.equal(pause?.engaged, false)
    assert.match(pause?.refused ?? '', /`ana` may not engage the safety pause/)
    const id = incidentOf(daily, 'false_positive_spike')
    await desk.step('ruth', id, 1, 'stopped until we know')
    const compared = await desk.step('ana', id, 2, 'one of two was taken back')
    assert.equal(compared.next_step, 3)
    await desk.step('sam', id, 3, 'the rationale was thin')
    await desk.refused('illegal_move', 'sam', 'incident', 'step', id, '4', '--note', 'x')
    const alerts = {
      ...DEFAULT_THRESHOLDS.alerts,
      min_samples: { rollback_spike: 1, false_positive_spike: 1, margin_gap_drift: 1 },
    }
    const guardrails = { ...DEFAULT_THRESHOLDS.guardrails, min_margin_delta_bps: 0 }
    const tighter = {
      ...DEFAULT_THRESHOLDS,
      guardrails,
      alerts: { ...alerts, max_projected_realized_margin_gap_bps: 50, engage_pause: ['rollback_spike'] },
    }
    await writeFile(file('tighter.json'), JSON.stringify(tighter))
    await desk.refused('not_authorised', 'ana', 'policy-opt', 'control', 'thresholds', file('tighter.json'))
    await desk.does('sam', 'policy-opt', 'control', 'thresholds', file('tighter.json'))
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
    const desk = new Desk('drift')
    await desk.does('ana', 'policy-opt', 'monitor', 'latest', '--outcomes', await badOutcomes(desk, 'drift'))
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
