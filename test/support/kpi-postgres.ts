import { boundKpiQuery, type KpiQuery } from '../../src/adapters/kpi-query.ts'
import type { KpiWorld } from './kpi-reference.ts'
import { TABLE_OF } from './kpi-world.ts'
import type { TestPostgres } from './postgres.ts'

/** The contract's tables in PostgreSQL's natural types, and no other column. */
const CONTRACT_TABLES = `
  CREATE TABLE policy_replay_evaluation (
    id text PRIMARY KEY, candidate_id text, replay_checksum text, engine_version text, cohort_scope_json text,
    cohort_size bigint, projected_margin_delta_bps bigint, projected_win_rate_delta_bps bigint,
    projected_approval_latency_delta_seconds bigint, blast_radius_score double precision, hard_violation_count bigint,
    risk_flags_json text, deterministic_pass smallint, idempotency_key text, replayed_at timestamptz);
  CREATE TABLE policy_apply_record (
    id text PRIMARY KEY, candidate_id text, approval_decision_id text, prior_policy_version bigint,
    applied_policy_version bigint, replay_checksum text, apply_signature text, signature_key_id text, actor_id text,
    idempotency_key text, verification_checksum text, apply_audit_json text, applied_at timestamptz);
  CREATE TABLE policy_rollback_record (
    id text PRIMARY KEY, candidate_id text, apply_record_id text, rollback_target_version bigint, rollback_reason text,
    verification_checksum text, rollback_signature text, signature_key_id text, actor_id text, idempotency_key text,
    parent_rollback_id text, rollback_depth bigint, rollback_metadata_json text, rolled_back_at timestamptz);
  CREATE TABLE policy_lifecycle_audit (
    id text PRIMARY KEY, candidate_id text, replay_evaluation_id text, approval_decision_id text, apply_record_id text,
    rollback_record_id text, event_type text, event_payload_json text, actor_type text, actor_id text,
    correlation_id text, idempotency_key text, occurred_at timestamptz);
`

const PLACES = { start: '$1::timestamptz', end: '$2::timestamptz' } as const

export const makeContractTables = (postgres: TestPostgres): Promise<unknown> =>
  postgres.query(CONTRACT_TABLES)

/** Puts a world in place of the one before. */
export async function fillPostgres(postgres: TestPostgres, world: KpiWorld): Promise<void> {
  await postgres.query(`TRUNCATE ${Object.values(TABLE_OF).join(', ')}`)
  for (const [kind, table] of Object.entries(TABLE_OF)) {
    const rows = JSON.stringify(world[kind as keyof KpiWorld])
    await postgres.query(
      `INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1::json)`,
      [rows],
    )
  }
}

export async function postgresKpi(
  postgres: TestPostgres,
  query: KpiQuery,
  start: string,
  end: string,
): Promise<readonly Record<string, unknown>[]> {
  return plainRows(await postgres.query(boundKpiQuery(query, 'postgres', PLACES), [start, end]))
}

/** Instants as text, and whole numbers (which the driver hands over as text) as numbers. */
export const plainRows = (rows: readonly Record<string, unknown>[]): readonly Record<string, unknown>[] =>
  rows.map(row => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])))

function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
}
