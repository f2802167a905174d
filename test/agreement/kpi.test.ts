import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { runKpiQuery } from '../../src/adapters/sqlite/kpi.ts'
import { agreesInSqlite, databaseOf, END, START } from '../support/kpi-agreement.ts'
import { type KpiEvent, type KpiWorld, referenceDetail, referenceSummary } from '../support/kpi-reference.ts'
import { referenceSummaryV2 } from '../support/kpi-reference-v2.ts'
import { kpiWorlds } from '../support/kpi-world.ts'

const EMPTY: KpiWorld = { events: [], replays: [], applies: [], rollbacks: [] }

function summaryOf(world: KpiWorld): Record<string, unknown> {
  const rows = runKpiQuery(databaseOf(world), 'clo_kpi_summary_v1', START, END)
  assert.equal(rows.length, 1)
  return rows[0] as Record<string, unknown>
}

let events = 0
const nextNumber = (): number => {
  events += 1
  return events
}
const event = (
  candidate_id: string | null,
  event_type: string,
  occurred_at: string,
  payload = {},
): KpiEvent => ({
  id: `event_${nextNumber()}`,
  candidate_id,
  event_type,
  event_payload_json: JSON.stringify(payload),
  occurred_at,
})

test('K1 every query of the pack equals an independent computation on 150 generated worlds', () => {
  fc.assert(fc.property(kpiWorlds(Date.parse(START), Date.parse(END)), agreesInSqlite), { numRuns: 150 })
})

test('K1 the files run as they are in the sqlite3 binary over the last 30 days', context => {
  if (spawnSync('sqlite3', ['--version']).status !== 0) return context.skip('no sqlite3 binary here')
  const folder = mkdtempSync(join(tmpdir(), 'quotey-kpi-'))
  try {
    const nowMs = Date.now()
    // Edges of the window are left out: it moves on between the two calls.
    const worlds = kpiWorlds(nowMs - 29 * 86_400_000, nowMs - 60_000)
    fc.sample(worlds, 3).forEach((world, n) => {
      const path = join(folder, `world-${n}.db`)
      databaseOf(world, path).close()
      const run = (query: string): Record<string, unknown>[] => {
        const file = fileURLToPath(new URL(`../../sql/kpi/${query}.sqlite.sql`, import.meta.url))
        const printed = execFileSync('sqlite3', ['-json', path, `.read ${file}`], { encoding: 'utf8' })
        return printed === '' ? [] : JSON.parse(printed)
      }
      const [summary] = run('clo_kpi_summary_v1')
      const [beside] = run('clo_kpi_summary_v2')
      const { window_start, window_end } = summary as { window_start: string; window_end: string }
      assert.equal(Date.parse(window_end) - Date.parse(window_start), 30 * 86_400_000)
      assert.ok(
        Math.abs(Date.parse(window_end) - nowMs) < 60_000,
        `the window ends now, not at ${window_end}`,
      )
      assert.deepEqual(summary, referenceSummary(world, window_start, window_end))
      const v2 = beside as { window_start: string; window_end: string }
      assert.deepEqual(beside, referenceSummaryV2(world, v2.window_start, v2.window_end))
      assert.deepEqual(
        run('clo_kpi_projected_vs_realized_detail_v1'),
        referenceDetail(world, window_start, window_end),
      )
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('K1 nothing recorded gives zeros and no alert', () => {
  const {
    window_start,
    window_end,
    alert_reason_codes,
    max_rollback_rate_bps,
    max_false_positive_rate_bps,
    max_projected_realized_margin_gap_bps,
    ...figures
  } = summaryOf(EMPTY)
  assert.deepEqual([window_start, window_end, alert_reason_codes], [START, END, ''])
  assert.deepEqual(
    [max_rollback_rate_bps, max_false_positive_rate_bps, max_projected_realized_margin_gap_bps],
    [1500, 1000, 200],
  )
  for (const [name, value] of Object.entries(figures)) assert.equal(value, 0, name)
})

/** `applied` candidates of which the first `rolledBack` were rolled back. */
const applying = (applied: number, rolledBack: number): KpiWorld => ({
  ...EMPTY,
  events: Array.from({ length: applied }, (_, n) => event(`cand_${n}`, 'applied', START)).concat(
    Array.from({ length: rolledBack }, (_, n) => event(`cand_${n}`, 'rolled_back', START)),
  ),
})

test('K2 the rollback alert fires at 1501 bps and not at 1500', () => {
  const at = summaryOf(applying(20, 3))
  assert.deepEqual([at.rollback_rate_bps, at.rollback_spike_alert], [1500, 0])
  const beyond = summaryOf(applying(1999, 300))
  assert.deepEqual([beyond.rollback_rate_bps, beyond.rollback_spike_alert], [1501, 1])
  assert.equal(beyond.alert_reason_codes, 'rollback_spike,false_positive_spike')
})

test('K2 the false-positive alert fires at 1001 bps and not at 1000', () => {
  const at = summaryOf(applying(20, 2))
  assert.deepEqual([at.false_positive_rate_bps, at.false_positive_alert], [1000, 0])
  const beyond = summaryOf(applying(1998, 200))
  assert.deepEqual([beyond.false_positive_rate_bps, beyond.false_positive_alert], [1001, 1])
  assert.equal(beyond.alert_reason_codes, 'false_positive_spike')
})

test('K2 the margin alert fires beyond 200 bps to either side and not at 200', () => {
  for (const [gap, alert] of [
    [200, 0],
    [201, 1],
    [-200, 0],
    [-201, 1],
  ] as const) {
    const row = summaryOf({
      ...EMPTY,
      events: [event('cand_0', 'monitoring_started', START, { realized_margin_delta_bps: -gap })],
      replays: [
        {
          id: 'replay_0',
          candidate_id: 'cand_0',
          projected_margin_delta_bps: 0,
          projected_win_rate_delta_bps: null,
          projected_approval_latency_delta_seconds: null,
          hard_violation_count: 0,
          deterministic_pass: 1,
          replayed_at: START,
        },
      ],
    })
    assert.deepEqual(
      [row.avg_projected_vs_realized_margin_gap_bps, row.margin_gap_alert, row.alert_reason_codes],
      [gap, alert, alert === 1 ? 'margin_gap_drift' : ''],
    )
  }
})

const secondSummaryOf = (world: KpiWorld): Record<string, unknown> =>
  runKpiQuery(databaseOf(world), 'clo_kpi_summary_v2', START, END)[0] as Record<string, unknown>

/** A candidate applied and observed, with the upper end of its realised interval and what its replay had promised. */
const observed = (n: number, upper: number | null, gap: number): KpiWorld => ({
  ...EMPTY,
  events: [
    event(`cand_${n}`, 'applied', START),
    event(`cand_${n}`, 'monitoring_started', START, {
      realized_margin_delta_bps: -gap,
      realized_win_rate_delta_bps: 0,
      realized_approval_latency_delta_seconds: 0,
      realized_expected_margin_delta_cents_per_quote: 0,
      realized_intervals: { margin_delta_bps: { upper } },
    }),
  ],
  replays: [
    {
      id: `replay_${n}`,
      candidate_id: `cand_${n}`,
      projected_margin_delta_bps: 0,
      projected_win_rate_delta_bps: null,
      projected_approval_latency_delta_seconds: null,
      hard_violation_count: 0,
      deterministic_pass: 1,
      replayed_at: START,
    },
  ],
})

const together = (worlds: readonly KpiWorld[]): KpiWorld => ({
  ...EMPTY,
  events: worlds.flatMap(world => world.events),
  replays: worlds.flatMap(world => world.replays),
})

test('K2 the second summary calls harmful only what lies wholly below zero, and alerts on enough samples only', () => {
  const harmful = (uppers: readonly (number | null)[]) =>
    secondSummaryOf(together(uppers.map((upper, n) => observed(n, upper, 0))))
  const edge = harmful([-1, 0, null, 5])
  assert.deepEqual([edge.applied_candidate_count, edge.harmful_candidate_count], [4, 1])
  assert.deepEqual([edge.harmful_candidate_rate_bps, edge.harmful_spike_alert], [2500, 0], 'four are too few')
  const enough = harmful([-1, 0, null, 5, 5])
  assert.deepEqual([enough.harmful_candidate_rate_bps, enough.alert_reason_codes], [2000, 'harmful_spike'])
  const atLimit = harmful([-1, ...Array.from({ length: 9 }, () => 5)])
  assert.deepEqual([atLimit.harmful_candidate_rate_bps, atLimit.harmful_spike_alert], [1000, 0])
})

test('K2 misses of opposite sign cancel in the first summary and not in the second', () => {
  const world = together([300, -300, 300, -300].map((gap, n) => observed(n, 5, gap)))
  const [first, second] = [summaryOf(world), secondSummaryOf(world)]
  assert.deepEqual([first.avg_projected_vs_realized_margin_gap_bps, first.margin_gap_alert], [0, 0])
  assert.deepEqual(
    [second.mean_absolute_margin_gap_bps, second.largest_absolute_margin_gap_bps, second.margin_gap_alert],
    [300, 300, 1],
  )
  const few = secondSummaryOf(together([300, -300].map((gap, n) => observed(n, 5, gap))))
  assert.deepEqual([few.mean_absolute_margin_gap_bps, few.margin_gap_alert], [300, 0], 'two are too few')
  const atLimit = secondSummaryOf(together([200, -200, 200].map((gap, n) => observed(n, 5, gap))))
  assert.deepEqual([atLimit.mean_absolute_margin_gap_bps, atLimit.margin_gap_alert], [200, 0])
})

test('K1 a candidate rolled back twice counts once, and both records count', () => {
  const rollback = (id: string, apply: string, rolled_back_at: string, triggered: string) => ({
    id,
    candidate_id: 'cand_0',
    apply_record_id: apply,
    rollback_metadata_json: JSON.stringify({ rollback_triggered_at: triggered }),
    rolled_back_at,
  })
  const row = summaryOf({
    ...EMPTY,
    events: [
      event('cand_0', 'applied', '2026-11-01T00:00:00.000Z'),
      event('cand_0', 'rolled_back', '2026-11-01T01:00:00.000Z'),
      event('cand_0', 'rolled_back', '2026-11-02T01:00:00.000Z'),
    ],
    applies: [{ id: 'apply_0', candidate_id: 'cand_0', applied_at: '2026-11-01T00:00:00.000Z' }],
    rollbacks: [
      rollback('rollback_0', 'apply_0', '2026-11-01T01:00:00.000Z', '2026-11-01T00:59:30.500Z'),
      rollback('rollback_1', 'apply_0', '2026-11-02T01:00:00.000Z', '2026-11-02T01:00:10.000Z'),
    ],
  })
  assert.equal(row.rolled_back_candidate_count, 1)
  assert.equal(row.rollback_count, 2)
  // 29.5 s, and a trigger after the rollback that counts 0: the mean of 14.75 s rounds to 15.
  assert.equal(row.rollback_mttr_seconds, 15)
  assert.equal(row.rollback_mttr_proxy_seconds, (3600 + 25 * 3600) / 2)
})

test('K1 the window holds its start and not its end, and a decision before its packet counts 0 seconds', () => {
  const row = summaryOf({
    ...EMPTY,
    events: [
      event('cand_0', 'candidate_created', START),
      event('cand_1', 'candidate_created', END),
      event('cand_0', 'approved', '2026-11-01T00:00:00.000Z'),
      event('cand_0', 'review_packet_built', '2026-11-01T00:00:07.000Z'),
      event('cand_1', 'review_packet_built', '2026-11-01T00:00:00.000Z'),
      event('cand_1', 'changes_requested', '2026-11-01T00:00:03.000Z'),
      event('cand_1', 'rejected', '2026-11-01T00:09:00.000Z'),
    ],
  })
  assert.equal(row.candidate_throughput_count, 1)
  assert.deepEqual([row.review_decision_count, row.approved_count, row.adoption_rate_bps], [3, 1, 3333])
  // 0 s and 3 s: 1.5 s rounds away from zero.
  assert.equal(row.avg_approval_latency_seconds, 2)
})
