import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { recordKpiSummary } from '../../src/loop/kpi.ts'
import { quotey } from '../support/command-line.ts'
import { apply, approvedCandidate, installationWithHistory, rollback } from '../support/governed-candidate.ts'
import { daysLater, succeeded, type TestInstallation } from '../support/installation.ts'

let installed: TestInstallation
let home: string
before(async () => {
  installed = await installationWithHistory()
  home = installed.config.home
  const { candidateId } = await approvedCandidate(installed.ports)
  const month = { length: '30d', from: null, to: null, actorId: 'cron' }
  succeeded(await recordKpiSummary(installed.ports, month))
  const applied = succeeded(await apply(installed.ports, 'ruth', candidateId))
  succeeded(await rollback(installed.ports, 'sam', applied.apply_record.id))
  succeeded(await recordKpiSummary(daysLater(installed.ports, 1), month))
  succeeded(await recordKpiSummary(daysLater(installed.ports, 40), month))
})
after(() => installed.remove())

/** CSV read back by its header; no cell here holds a comma but the reason codes, which come last. */
function recordsIn(csv: string): readonly Record<string, string>[] {
  const [head = '', ...lines] = csv.trimEnd().split('\n')
  const names = head.split(',')
  return lines.map(line => {
    const cells = [...line.matchAll(/"([^"]*)"|([^,]+)|(?<=,|^)(?=,|$)/g)].map(match => match[1] ?? match[0])
    return Object.fromEntries(names.map((name, at) => [name, cells[at] ?? '']))
  })
}

test('recorded snapshots are listed oldest first, as JSON, as CSV, and as small pictures', async () => {
  const { json } = await quotey(home, null, 'kpi', 'history', '--json')
  const { snapshots, earlier } = json as {
    snapshots: readonly { rollback_rate_bps: number; recorded_by: string; kpi_snapshot_id: string }[]
    earlier: number
  }
  assert.deepEqual([snapshots.map(row => row.rollback_rate_bps), earlier], [[0, 10_000, 0], 0])
  const newest = (await quotey(home, null, 'kpi', 'history', '--last', '2', '--json')).json as typeof json
  assert.deepEqual(newest, { snapshots: snapshots.slice(1), earlier: 1 })
  const csv = await quotey(home, null, 'kpi', 'history', '--csv')
  assert.deepEqual(
    recordsIn(csv.stdout).map(row => [row.kpi_snapshot_id, row.rollback_rate_bps, row.alert_reason_codes]),
    [
      [snapshots[0]?.kpi_snapshot_id, '0', ''],
      [snapshots[1]?.kpi_snapshot_id, '10000', 'rollback_spike,false_positive_spike'],
      [snapshots[2]?.kpi_snapshot_id, '0', ''],
    ],
  )
  const text = await quotey(home, null, 'kpi', 'history')
  assert.match(text.stdout, /rolled back, of applied +▁█▁ {2}0 bps now, 0 to 10000/)
  assert.equal((await quotey(home, null, 'kpi', 'history', '--last', '0')).exitCode, 2)
})

test('both summaries and the detail print text, JSON and CSV of the same figures', async () => {
  for (const words of [['summary'], ['summary', '--v2'], ['detail']]) {
    const json = (await quotey(home, null, 'kpi', ...words, '--json')).json as Record<string, unknown>
    const rows = (words[0] === 'detail' ? json.rows : [json]) as Record<string, unknown>[]
    const csv = recordsIn((await quotey(home, null, 'kpi', ...words, '--csv')).stdout)
    // The window moves on between two calls.
    const figures = (row: Record<string, unknown>) =>
      Object.entries(row)
        .filter(([name]) => !name.startsWith('window_'))
        .map(([name, value]) => [name, String(value ?? '')])
    assert.deepEqual(csv.map(figures), rows.map(figures), words.join(' '))
  }
  const text = await quotey(home, null, 'kpi', 'summary')
  assert.match(text.stdout, /The last 3 recorded snapshots:\n {2}rolled back, of applied +▁█▁/)
  const second = await quotey(home, null, 'kpi', 'summary', '--v2')
  assert.match(second.stdout, /ok {5}rolled back, of applied .*1 samples of at least 5/)
  assert.equal((await quotey(home, 'ana', 'kpi', 'summary', '--v2', '--record')).exitCode, 2)
})

test('a back-test says how often each alert would have fired, bare and governed', async () => {
  const words = ['kpi', 'backtest', '--window', '30d', '--step', '1d']
  const json = (await quotey(home, null, ...words, '--json')).json as {
    windows: number
    alerts: readonly { code: string; bare_windows: number; governed_raised: number }[]
  }
  assert.equal(json.windows, 1)
  assert.deepEqual(
    json.alerts.map(alert => [alert.code, alert.bare_windows, alert.governed_raised]),
    [
      ['rollback_spike', 1, 0],
      ['false_positive_spike', 1, 0],
      ['margin_gap_drift', 0, 0],
    ],
  )
  const text = await quotey(home, null, ...words)
  assert.match(text.stdout, /No alert would have been raised\./)
  const csv = recordsIn((await quotey(home, null, ...words, '--csv')).stdout)
  assert.deepEqual(
    csv.map(row => [row.code, row.bare_windows]),
    [
      ['rollback_spike', '1'],
      ['false_positive_spike', '1'],
      ['margin_gap_drift', '0'],
    ],
  )
  assert.equal((await quotey(home, null, 'kpi', 'backtest', '--step', 'daily')).exitCode, 2)
})
