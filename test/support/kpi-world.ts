import type { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import type { KpiApply, KpiEvent, KpiReplay, KpiRollback, KpiWorld } from './kpi-reference.ts'

/** Tables with the columns of docs/contracts.md that KPIs may read, and no other: a query that reads more fails here. */
export const CONTRACT_TABLES = `
  CREATE TABLE policy_replay_evaluation (
    id TEXT PRIMARY KEY, candidate_id TEXT, replay_checksum TEXT, engine_version TEXT, cohort_scope_json TEXT,
    cohort_size INTEGER, projected_margin_delta_bps INTEGER, projected_win_rate_delta_bps INTEGER,
    projected_approval_latency_delta_seconds INTEGER, blast_radius_score REAL, hard_violation_count INTEGER,
    risk_flags_json TEXT, deterministic_pass INTEGER, idempotency_key TEXT, replayed_at TEXT);
  CREATE TABLE policy_apply_record (
    id TEXT PRIMARY KEY, candidate_id TEXT, approval_decision_id TEXT, prior_policy_version INTEGER,
    applied_policy_version INTEGER, replay_checksum TEXT, apply_signature TEXT, signature_key_id TEXT, actor_id TEXT,
    idempotency_key TEXT, verification_checksum TEXT, apply_audit_json TEXT, applied_at TEXT);
  CREATE TABLE policy_rollback_record (
    id TEXT PRIMARY KEY, candidate_id TEXT, apply_record_id TEXT, rollback_target_version INTEGER, rollback_reason TEXT,
    verification_checksum TEXT, rollback_signature TEXT, signature_key_id TEXT, actor_id TEXT, idempotency_key TEXT,
    parent_rollback_id TEXT, rollback_depth INTEGER, rollback_metadata_json TEXT, rolled_back_at TEXT);
  CREATE TABLE policy_lifecycle_audit (
    id TEXT PRIMARY KEY, candidate_id TEXT, replay_evaluation_id TEXT, approval_decision_id TEXT, apply_record_id TEXT,
    rollback_record_id TEXT, event_type TEXT, event_payload_json TEXT, actor_type TEXT, actor_id TEXT,
    correlation_id TEXT, idempotency_key TEXT, occurred_at TEXT);
`

const EVENT_TYPES = [
  'candidate_created',
  'replay_completed',
  'review_packet_built',
  'approved',
  'rejected',
  'changes_requested',
  'applied',
  'monitoring_started',
  'monitoring_started',
  'rolled_back',
  'kpi_snapshot_recorded',
]

/** Worlds of few candidates, so that repeats and ties are common; instants fall in, on the edges of, and beyond the window. */
export function kpiWorlds(startMs: number, endMs: number): fc.Arbitrary<KpiWorld> {
  const length = endMs - startMs
  const instant = fc
    .oneof(
      fc.constantFrom(startMs - 1, startMs, startMs + 1, endMs - 1, endMs, endMs + 1),
      fc.integer({ min: startMs - Math.trunc(length / 8), max: endMs + Math.trunc(length / 8) }),
      fc.integer({ min: startMs, max: startMs + 5_000 }),
    )
    .map(at => new Date(at).toISOString())
  const candidate = fc.integer({ min: 0, max: 6 }).map(n => `cand_${n}`)
  const delta = fc.oneof(fc.integer({ min: -900, max: 900 }), fc.constantFrom(0, 200, 201, -200, -201))
  const known = fc.option(delta, { nil: null, freq: 4 })
  const payload = fc.record(
    {
      realized_margin_delta_bps: known,
      realized_win_rate_delta_bps: known,
      realized_approval_latency_delta_seconds: known,
      realized_expected_margin_delta_cents_per_quote: known,
      realized_intervals: fc.record({
        margin_delta_bps: fc.record({
          upper: fc.option(fc.integer({ min: -20, max: 20 }), { nil: null, freq: 4 }),
        }),
      }),
    },
    { requiredKeys: [] },
  )
  const events = fc.array(
    fc.record({
      candidate_id: fc.option(candidate, { nil: null, freq: 12 }),
      event_type: fc.constantFrom(...EVENT_TYPES),
      event_payload_json: payload.map(value => JSON.stringify(value)),
      occurred_at: instant,
    }),
    { maxLength: 80, size: 'max' },
  )
  const replays = fc.array(
    fc.record({
      candidate_id: candidate,
      projected_margin_delta_bps: known,
      projected_win_rate_delta_bps: known,
      projected_approval_latency_delta_seconds: known,
      hard_violation_count: fc.constantFrom(0, 0, 1, 7),
      deterministic_pass: fc.constantFrom(0 as const, 1 as const),
      replayed_at: instant,
    }),
    { maxLength: 15, size: 'max' },
  )
  const applies = fc.array(fc.record({ candidate_id: candidate, applied_at: instant }), { maxLength: 6 })
  const rollbacks = fc.array(
    fc.record({
      candidate_id: candidate,
      apply: fc.integer({ min: 0, max: 5 }),
      rollback_metadata_json: fc
        .option(instant, { nil: null })
        .map(at => JSON.stringify(at === null ? { depth: 0 } : { rollback_triggered_at: at })),
      rolled_back_at: instant,
    }),
    { maxLength: 8 },
  )
  return fc.record({ events, replays, applies, rollbacks }).map(world => ({
    events: world.events.map((row, n): KpiEvent => ({ ...row, id: `event_${(n * 7919) % 997}` })),
    replays: world.replays.map((row, n): KpiReplay => ({ ...row, id: `replay_${(n * 7919) % 997}` })),
    applies: world.applies.map((row, n): KpiApply => ({ ...row, id: `apply_${n}` })),
    rollbacks: world.rollbacks.map(
      ({ apply, ...row }, n): KpiRollback => ({
        ...row,
        id: `rollback_${n}`,
        apply_record_id: `apply_${apply}`,
      }),
    ),
  }))
}

export const TABLE_OF = {
  events: 'policy_lifecycle_audit',
  replays: 'policy_replay_evaluation',
  applies: 'policy_apply_record',
  rollbacks: 'policy_rollback_record',
} as const

/** Puts a world into empty contract tables. */
export function fill(database: DatabaseSync, world: KpiWorld): void {
  for (const [kind, table] of Object.entries(TABLE_OF)) {
    for (const row of world[kind as keyof KpiWorld]) {
      const names = Object.keys(row)
      const marks = names.map(() => '?').join(', ')
      database
        .prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${marks})`)
        .run(...(Object.values(row) as (string | number | null)[]))
    }
  }
}
