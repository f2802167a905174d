import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promtoolPath } from '../../scripts/promtool.mjs'
import { buildServer } from '../../src/http/server.ts'
import { engagePause } from '../../src/loop/pause-engage.ts'
import type { Ports, Reading } from '../../src/loop/ports.ts'
import { standingNow } from '../../src/loop/standing.ts'
import type { KpiSnapshotRow } from '../../src/loop/tables.ts'
import type { TestInstallation } from '../support/installation.ts'
import { succeeded } from '../support/installation.ts'
import { livedInInstallation } from '../support/lived-in-installation.ts'
import { metricLines } from '../support/metric-lines.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const RULES = join(root, 'ops/prometheus/alerts.yaml')
const promtool = promtoolPath()
const skip = promtool === null ? 'no promtool here: install prometheus, or set QUOTEY_TEST_PROMTOOL' : false

let lived: TestInstallation
let text = ''
let samples: ReadonlyMap<string, number>
before(async () => {
  lived = await livedInInstallation()
  const list = 'webhooks: [{name: chat, kind: slack, url: "http://127.0.0.1:9/x", events: [pause_engaged]}]\n'
  writeFileSync(join(lived.config.home, 'webhooks.yaml'), list)
  const pause = { actorId: 'sam', ticket: 'CLO-SAFETY-PAUSE-2', reason: 'again', metrics: ['other:x'] }
  succeeded(await engagePause(lived.ports, pause))
  text = await scraped(lived)
  samples = metricLines(text)
})
after(() => lived.remove())

async function scraped({ ports }: TestInstallation): Promise<string> {
  const server = buildServer(ports, { write: () => undefined })
  const answer = await server.inject('/metrics')
  await server.close()
  assert.equal(answer.statusCode, 200)
  assert.match(String(answer.headers['content-type']), /^text\/plain; version=0\.0\.4/)
  return answer.body
}

const checked = (words: readonly string[], input = ''): string =>
  execFileSync(promtool as string, words, { input, stdio: ['pipe', 'pipe', 'pipe'] }).toString()

test("Prometheus' own parser and lint accept the metrics", { skip }, () => {
  assert.equal(checked(['check', 'metrics'], text), '')
})

test('Prometheus accepts the alert rules', { skip }, () => {
  assert.match(checked(['check', 'rules', RULES]), /SUCCESS: 10 rules/)
})

test('each alert fires when it should and is silent when it should be', { skip }, () => {
  const tests = join(root, 'ops/prometheus/alerts.test.yaml')
  assert.match(checked(['test', 'rules', tests]), /SUCCESS/)
  const tested = readFileSync(tests, 'utf8')
  for (const [, alert] of readFileSync(RULES, 'utf8').matchAll(/- alert: (\w+)/g)) {
    assert.match(tested, new RegExp(`alertname: ${alert}\\n\\s+eval_time: \\d+m\\n\\s+exp_alerts:\\n`), alert)
  }
})

test('the metrics say what the tables hold', () => {
  const database = new DatabaseSync(join(lived.config.home, 'quotey.db'), { readOnly: true })
  const number = (sql: string): number => Number(Object.values(database.prepare(sql).get() ?? {})[0])
  const expected: Readonly<Record<string, number>> = {
    quotey_safety_paused: 1,
    quotey_policy_epoch: number('SELECT max(epoch) FROM policy_activation'),
    quotey_active_policy_version: number(
      'SELECT policy_version FROM policy_activation ORDER BY epoch DESC LIMIT 1',
    ),
    quotey_audit_entries_total: number('SELECT count(*) FROM policy_lifecycle_audit'),
    'quotey_candidates{status="rolled_back"}': number(
      "SELECT count(*) FROM policy_candidate WHERE status = 'rolled_back'",
    ),
    'quotey_candidates{status="rejected"}': number(
      "SELECT count(*) FROM policy_candidate WHERE status = 'rejected'",
    ),
    'quotey_outbox_messages{webhook="chat"}': 1,
    quotey_outbox_given_up_total: 0,
    quotey_webhook_list_readable: 1,
    quotey_kpi_rollbacks: number('SELECT count(*) FROM policy_rollback_record'),
    quotey_kpi_rollback_ratio: 1,
    'quotey_kpi_alert{alert="rollback_spike"}': 1,
    'quotey_kpi_limit_ratio{alert="rollback_spike"}': 0.15,
    // One rollback of one apply is beyond the limit, and too few to raise the alert.
    'quotey_alert_raised{alert="rollback_spike"}': 0,
    quotey_kpi_incomplete_observations: 0,
    'quotey_job_last_run_timestamp_seconds{task="daily"}': 0,
    'quotey_job_missed_runs{task="daily"}': 0,
  }
  database.close()
  assert.ok((expected['quotey_candidates{status="rolled_back"}'] ?? 0) > 0)
  assert.ok((expected['quotey_candidates{status="rejected"}'] ?? 0) > 0)
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map(name => [name, samples.get(name)])), expected)
})

/** The same ports over a store in which these KPI snapshots were recorded. */
function withSnapshots(ports: Ports, rows: readonly KpiSnapshotRow[]): Ports {
  const over = (tx: Reading): Reading =>
    new Proxy(tx, {
      get: (target, name) => {
        const method = Reflect.get(target, name).bind(target)
        if (name !== 'find') return method
        return (table: string, where?: object) => (table === 'kpi_snapshot' ? rows : method(table, where))
      },
    })
  return { ...ports, store: { ...ports.store, read: work => ports.store.read(tx => work(over(tx))) } }
}

test('a raised alert stays raised until a whole window after it is clear', async () => {
  const recorded = await lived.ports.store.read(tx => tx.last('kpi_snapshot'))
  assert.ok(recorded !== null)
  const day = (number: number): string => new Date(Date.UTC(2026, 0, 1 + number)).toISOString()
  const snapshot = (end: number, rollback_rate_bps: number): KpiSnapshotRow => {
    const window = { window_start: day(end - 30), window_end: day(end) }
    const figures = { ...window, rollback_rate_bps, applied_candidate_count: 20 }
    return {
      ...recorded,
      ...window,
      summary_json: JSON.stringify({ ...JSON.parse(recorded.summary_json), ...figures }),
    }
  }
  const raised = async (...rows: readonly KpiSnapshotRow[]) =>
    (await standingNow(withSnapshots(lived.ports, rows))).raisedAlerts.rollback_spike
  const [before, bad, better, clear] = [
    snapshot(30, 1500),
    snapshot(31, 1501),
    snapshot(40, 0),
    snapshot(61, 0),
  ]
  assert.equal(await raised(before), 0)
  assert.equal(await raised(before, bad), 1)
  assert.equal(await raised(better, bad, before), 1, 'in the order of their windows')
  assert.equal(await raised(before, bad, better, clear), 0)
})

test('an average nobody has a sample of is absent, not 0', () => {
  assert.match(text, /^# TYPE quotey_kpi_realized_margin_delta_ratio gauge$/m)
  assert.equal(samples.has('quotey_kpi_realized_margin_delta_ratio'), false)
  assert.equal(samples.has('quotey_kpi_rollback_mttr_seconds'), true)
})

test('docs/serve.md names every metric, and the rules ask for no other', () => {
  const named = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => `${name} ${kind}`)
  const documented = [
    ...readFileSync(join(root, 'docs/serve.md'), 'utf8').matchAll(
      /^\| `(quotey_\w+)(?:\{\w+\})?` \| (\w+) \|/gm,
    ),
  ].map(([, name, kind]) => `${name} ${kind}`)
  assert.deepEqual(documented.toSorted(), named.toSorted())
  const names = new Set(named.map(line => line.split(' ')[0]))
  const asked = [...readFileSync(RULES, 'utf8').matchAll(/^\s+expr: .*?(quotey_\w+)/gm)].map(
    ([, name]) => name,
  )
  assert.ok(asked.length >= 8)
  assert.deepEqual(
    asked.filter(name => !names.has(name)),
    [],
  )
})
