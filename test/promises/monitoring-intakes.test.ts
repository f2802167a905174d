import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { writeMarketFile } from '../../src/adapters/market-file.ts'
import type { KpiSummaryV2 } from '../../src/domain/kpi.ts'
import { activePolicy } from '../../src/loop/active.ts'
import { checkCopy } from '../../src/loop/backup.ts'
import { kpiDetail } from '../../src/loop/kpi.ts'
import { type MonitoringResult, monitorCandidate } from '../../src/loop/monitor.ts'
import type { AuditRow } from '../../src/loop/tables.ts'
import { apply, approvedCandidate, installationWithHistory } from '../support/governed-candidate.ts'
import { copyOf, refusedWith, succeeded, type TestInstallation } from '../support/installation.ts'

let applied: TestInstallation
let candidateId: string
let head: string
let lines: readonly string[]

before(async () => {
  applied = await installationWithHistory(2000)
  candidateId = (await approvedCandidate(applied.ports)).candidateId
  succeeded(await apply(applied.ports, 'ruth', candidateId))
  const { policy, version } = await applied.ports.store.read(activePolicy)
  const path = join(applied.folder, 'all.csv')
  succeeded(await writeMarketFile(path, { seed: 21, quotes: 500, policy, policyVersion: version }))
  const text = (await readFile(path, 'utf8')).split('\n').filter(line => line !== '')
  ;[head, ...lines] = text as [string, ...string[]]
})
after(() => applied.remove())

const column = (name: string): number => head.split(',').indexOf(name)

/** A line with one cell changed. */
function withCell(line: string, name: string, value: string): string {
  const cells = line.split(',')
  cells[column(name)] = value
  return cells.join(',')
}

const cellOf = (line: string, name: string): string => line.split(',')[column(name)] as string

async function takeIn(
  installed: TestInstallation,
  name: string,
  rows: readonly string[],
  firstLine = head,
): Promise<MonitoringResult> {
  const outcomesPath = join(installed.folder, name)
  await writeFile(outcomesPath, [firstLine, ...rows, ''].join('\n'))
  return succeeded(
    await monitorCandidate(installed.ports, { actorId: 'ana', candidateId, outcomesPath, map: null }),
  )
}

const events = (installed: TestInstallation, event_type: string): Promise<readonly AuditRow[]> =>
  installed.ports.store.read(tx => tx.find('policy_lifecycle_audit', { event_type }))

/** What is measured, without how it came in. */
const measured = ({ counts, realized_intervals, promises, outcomes_digest }: MonitoringResult) => ({
  counts,
  realized_intervals,
  promises,
  outcomes_digest,
})

test('outcomes in several overlapping files count each quote once, and measure what one file of them all does', async () => {
  const [parts, whole] = [await copyOf(applied), await copyOf(applied)]
  try {
    const first = await takeIn(parts, 'monday.csv', lines.slice(0, 300))
    const second = await takeIn(parts, 'tuesday.csv', lines.slice(200))
    assert.deepEqual(
      [second.intake.number, second.intake.first_seen, second.intake.repeated, second.intake.changed],
      [2, 200, 100, 0],
    )
    assert.ok(second.counts.scored > first.counts.scored)
    const atOnce = await takeIn(whole, 'all.csv', lines)
    assert.deepEqual(measured(second), measured(atOnce))
    assert.equal(second.margin_drift.quotes, atOnce.margin_drift.quotes)

    assert.deepEqual(
      await takeIn(parts, 'again.csv', lines.slice(100, 400)),
      second,
      'nothing new, no new record',
    )
    assert.equal((await events(parts, 'monitoring_started')).length, 2)
    const detail = succeeded(await kpiDetail(parts.ports, { length: '1d', from: null, to: null }))
    assert.equal(
      detail.rows[0]?.realized_margin_delta_bps,
      second.realized_margin_delta_bps,
      'the newest counts',
    )
  } finally {
    await Promise.all([parts.remove(), whole.remove()])
  }
})

test('a changed outcome of a known quote is rejected, reported and recorded, and moves no figure', async () => {
  const installed = await copyOf(applied)
  try {
    const known = lines.slice(0, 400)
    const first = await takeIn(installed, 'first.csv', known)
    const at = known.findIndex(line => cellOf(line, 'outcome') === 'lost')
    const lost = known[at] as string
    const rewritten = withCell(lost, 'outcome', 'won')
    const seen = await takeIn(installed, 'rewritten.csv', [rewritten, ...known.slice(at + 1, at + 3)])
    assert.deepEqual(measured(seen), measured(first))
    assert.deepEqual([seen.intake.changed, seen.intake.repeated, seen.intake.first_seen], [1, 2, 0])
    assert.deepEqual(
      seen.alerts.map(alert => alert.code),
      ['outcomes_changed'],
    )
    const report = await readFile(seen.intake.reject_report as string, 'utf8')
    assert.match(report, new RegExp(`${cellOf(lost, 'quote_id')},outcome,was taken in as lost`))
    await takeIn(installed, 'rewritten.csv', [rewritten, ...known.slice(at + 1, at + 3)])
    assert.equal((await events(installed, 'monitoring_started')).length, 1)
    assert.equal((await events(installed, 'outcomes_rejected')).length, 1)

    const mixed = await takeIn(installed, 'mixed.csv', [
      withCell(lost, 'net_cents', '1'),
      ...lines.slice(400),
    ])
    assert.deepEqual([mixed.intake.changed, mixed.intake.first_seen], [1, 100])
    assert.ok(mixed.alerts.some(alert => alert.code === 'outcomes_changed'))
    const whole = await copyOf(applied)
    assert.deepEqual(measured(mixed), measured(await takeIn(whole, 'all.csv', lines)))
    await whole.remove()
  } finally {
    await installed.remove()
  }
})

test('a quote taken in while open counts once it closes', async () => {
  const installed = await copyOf(applied)
  try {
    const closed = lines.filter(line => cellOf(line, 'outcome') !== 'open')
    const [one, ...others] = closed as [string, ...string[]]
    const before = await takeIn(installed, 'open.csv', [
      withCell(withCell(one, 'outcome', 'open'), 'closed_at', ''),
      ...others,
    ])
    assert.deepEqual([before.counts.open, before.counts.scored], [1, others.length])
    const later = await takeIn(installed, 'closed.csv', [one])
    assert.deepEqual([later.counts.open, later.counts.scored], [0, closed.length])
    assert.deepEqual([later.intake.updated_while_open, later.intake.changed], [1, 0])
    assert.equal(later.margin_drift.quotes, before.margin_drift.quotes + 1)
  } finally {
    await installed.remove()
  }
})

test('two intakes at the same moment are both counted', async () => {
  const installed = await copyOf(applied)
  try {
    const both = await Promise.all([
      takeIn(installed, 'left.csv', lines.slice(0, 250)),
      takeIn(installed, 'right.csv', lines.slice(250)),
    ])
    const last = both.find(result => result.intake.number === 2) as MonitoringResult
    const { open, scored, not_replayable } = last.counts
    const replayless = Object.values(not_replayable).reduce((sum, value) => sum + value, 0)
    assert.equal(open + scored + replayless, lines.length)
    assert.equal((await events(installed, 'monitoring_started')).length, 2)
  } finally {
    await installed.remove()
  }
})

test('realised figures that cannot be made are an alert with what is missing, in the record and in the second summary', async () => {
  const [installed, whole] = [await copyOf(applied), await copyOf(applied)]
  try {
    const blank = lines.map(line => withCell(line, 'approval_latency_seconds', ''))
    const seen = await takeIn(installed, 'blank.csv', blank)
    assert.equal(seen.realized_approval_latency_delta_seconds, null)
    const [alert] = seen.alerts
    assert.equal(alert?.code, 'realized_fields_missing')
    assert.deepEqual(alert?.facts.fields, ['realized_approval_latency_delta_seconds'])
    const now = Date.parse(installed.ports.clock.now())
    const [start, end] = [now - 86_400_000, now + 1000].map(at => new Date(at).toISOString())
    const [row] = (await installed.ports.store.read(tx =>
      tx.kpi('clo_kpi_summary_v2', start as string, end as string),
    )) as unknown as readonly KpiSummaryV2[]
    assert.deepEqual(
      [row?.incomplete_observation_count, row?.realized_fields_missing_alert, row?.alert_reason_codes],
      [1, 1, 'realized_fields_missing'],
    )
    assert.deepEqual((await takeIn(whole, 'whole.csv', lines)).alerts, [])
  } finally {
    await Promise.all([installed.remove(), whole.remove()])
  }
})

test('a file with no quote of the applied version is refused, also after others were taken in', async () => {
  const installed = await copyOf(applied)
  try {
    await takeIn(installed, 'first.csv', lines.slice(0, 200))
    const outcomesPath = join(installed.folder, 'others.csv')
    const others = lines.slice(200, 210).map(line => withCell(line, 'policy_version', '1'))
    await writeFile(outcomesPath, [head, ...others, ''].join('\n'))
    refusedWith(
      'bad_input',
      await monitorCandidate(installed.ports, { actorId: 'ana', candidateId, outcomesPath, map: null }),
    )
  } finally {
    await installed.remove()
  }
})

test('a margin below its promise is said once enough quotes show it, and not before', async () => {
  const installed = await copyOf(applied)
  try {
    // Exceptions of 5 percent points on every quote that closed: reps grant past the policy.
    const closed = lines.filter(line => cellOf(line, 'outcome') !== 'open')
    const generous = closed.map(line => {
      const granted = Number(cellOf(line, 'granted_discount_bps')) + 500
      return withCell(withCell(line, 'granted_discount_bps', String(granted)), 'net_cents', '')
    })
    const few = await takeIn(installed, 'few.csv', generous.slice(0, 5))
    assert.deepEqual([few.margin_drift.verdict, few.alerts], ['as_promised', []])
    const many = await takeIn(installed, 'many.csv', generous)
    assert.equal(many.margin_drift.verdict, 'below_promise')
    assert.ok(many.margin_drift.upper_bps < (many.alerts[0]?.facts.promised_lower_bps as number))
    assert.deepEqual(
      many.alerts.map(alert => alert.code),
      ['margin_below_promise'],
    )
  } finally {
    await installed.remove()
  }
})

test('an intake whose earlier outcomes are lost or altered is refused and says how to repair it', async () => {
  const installed = await copyOf(applied)
  try {
    const first = await takeIn(installed, 'first.csv', lines.slice(0, 200))
    const hex = first.outcomes_digest.slice('sha256:'.length)
    const kept = join(installed.config.home, 'snapshots', `${hex}.parquet`)
    const outcomesPath = join(installed.folder, 'second.csv')
    await writeFile(outcomesPath, [head, ...lines.slice(200), ''].join('\n'))
    const request = { actorId: 'ana', candidateId, outcomesPath, map: null }
    await writeFile(kept, 'not what it was')
    refusedWith('audit_broken', await monitorCandidate(installed.ports, request))
    await rm(kept)
    refusedWith('audit_broken', await checkCopy(installed.ports))
    const { remedy } = refusedWith('not_found', await monitorCandidate(installed.ports, request))
    assert.match(remedy, /backup/)
    assert.equal((await events(installed, 'monitoring_started')).length, 1)
  } finally {
    await installed.remove()
  }
})
