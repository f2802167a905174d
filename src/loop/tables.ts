import type { IncidentCause } from '../domain/playbook.ts'
import type { Digest, Instant } from '../domain/units.ts'

/*
 * Rows of the store, names as in docs/contracts.md. Columns that end in `_json` hold canonical text; flags are 0 or 1. A new table
 * or column also goes into `adapters/sqlite/*.sql.ts` (and raises the schema version), from which `adapters/postgres/definition.ts` reads
 * it: it knows an instant by its name (`at`, `…_at`, `window_…`, `valid_…`) and a flag by its CHECK. A table's key goes into `KEY_COLUMNS` of
 * `evidence/row-digest.ts`, so that the log holds its rows and `audit verify` reads them.
 */

export type CandidateStatus =
  | 'draft'
  | 'replayed'
  | 'review_ready'
  | 'approved'
  | 'rejected'
  | 'changes_requested'
  | 'applied'
  | 'monitoring'
  | 'rolled_back'

export interface CandidateRow {
  id: string
  base_policy_version: number
  proposed_policy_version: number
  status: CandidateStatus
  policy_diff_json: string
  provenance_json: string
  confidence_score: number
  cohort_scope_json: string
  latest_replay_checksum: string | null
  idempotency_key: string
  created_by_actor_id: string
  created_at: Instant
  updated_at: Instant
  review_ready_at: Instant | null
  approved_at: Instant | null
  applied_at: Instant | null
  monitoring_started_at: Instant | null
  rolled_back_at: Instant | null
}

export interface ReplayRow {
  id: string
  candidate_id: string
  replay_checksum: Digest
  engine_version: string
  cohort_scope_json: string
  cohort_size: number
  projected_margin_delta_bps: number | null
  projected_win_rate_delta_bps: number | null
  projected_approval_latency_delta_seconds: number | null
  blast_radius_score: number
  hard_violation_count: number
  risk_flags_json: string
  deterministic_pass: 0 | 1
  idempotency_key: string
  replayed_at: Instant
}

export interface DecisionRow {
  id: string
  candidate_id: string
  replay_evaluation_id: string
  decision: 'approved' | 'rejected' | 'changes_requested'
  reason: string | null
  decision_payload_json: string
  actor_id: string
  actor_role: string
  channel_ref: 'cli' | 'http' | 'console' | 'slack'
  signature: string
  signature_key_id: string
  idempotency_key: string
  decided_at: Instant
  expires_at: Instant
  is_stale: 0 | 1
}

export interface ApplyRow {
  id: string
  candidate_id: string
  approval_decision_id: string
  prior_policy_version: number
  applied_policy_version: number
  replay_checksum: Digest
  apply_signature: string
  signature_key_id: string
  actor_id: string
  idempotency_key: string
  verification_checksum: Digest
  apply_audit_json: string
  applied_at: Instant
}

export interface RollbackRow {
  id: string
  candidate_id: string
  apply_record_id: string
  rollback_target_version: number
  rollback_reason: string
  verification_checksum: Digest
  rollback_signature: string
  signature_key_id: string
  actor_id: string
  idempotency_key: string
  parent_rollback_id: string | null
  rollback_depth: number
  rollback_metadata_json: string
  rolled_back_at: Instant
}

export type ActorType = 'user' | 'system' | 'agent'

export interface AuditRow {
  id: string
  candidate_id: string | null
  replay_evaluation_id: string | null
  approval_decision_id: string | null
  apply_record_id: string | null
  rollback_record_id: string | null
  event_type: string
  event_payload_json: string
  actor_type: ActorType
  actor_id: string
  correlation_id: string
  idempotency_key: string
  occurred_at: Instant
  /** Position in the log from 0, without gaps. */
  entry_index: number
  /** The canonical text of the whole entry; the columns above repeat it for SQL. */
  entry_json: string
  /** Its leaf in the log's Merkle tree: SHA-256 over a zero byte and entry_json. */
  entry_hash: Digest
}

/** A complete subtree of the log's Merkle tree, above the leaves. */
export interface AuditNodeRow {
  /** `<level>/<position in the level>`. */
  id: string
  hash: Digest
}

/** A document that was or may become policy. Version numbers come from one counter and are never reused. */
export interface PolicyVersionRow {
  version: number
  policy_digest: Digest
  document_json: string
  candidate_id: string | null
  created_at: Instant
}

/** The fact that a version became the active one; epoch only grows, also on rollback. */
export interface ActivationRow {
  epoch: number
  policy_version: number
  policy_digest: Digest
  cause: 'init' | 'apply' | 'rollback'
  apply_record_id: string | null
  rollback_record_id: string | null
  activated_at: Instant
}

export interface ArtifactRow {
  digest: Digest
  schema: string
  body_json: string
  created_at: Instant
}

export interface SnapshotRow {
  snapshot_id: string
  digest: Digest
  rows: number
  won: number
  lost: number
  open: number
  currency: string
  source_name: string
  /** Canonical text: rejected, collapsed, single discount column, net differences, reject report path … */
  import_json: string
  imported_at: Instant
}

export interface ActorRow {
  id: string
  actor_type: ActorType
  /** Canonical JSON list of roles. */
  roles_json: string
  added_at: Instant
}

/** One public key of an actor. Never deleted; revocation is a row of actor_key_revocation. */
export interface ActorKeyRow {
  key_id: string
  actor_id: string
  /** Base64 of the 32 bytes of the Ed25519 public key. */
  public_key: string
  purpose: 'actor' | 'root'
  valid_from: Instant
  valid_until: Instant | null
}

export interface ActorKeyRevocationRow {
  key_id: string
  actor_id: string
  revoked_at: Instant
  reason: string
}

/** The keyring as signed by the root keys, one row a version. */
export interface KeyringRow {
  version: number
  keyring_json: string
  envelope_json: string
  created_at: Instant
}

/** Each engagement, release signature and release of the pause; the newest row says what holds. */
export interface PauseRow {
  sequence: number
  kind: 'engaged' | 'release_signed' | 'released'
  pause_id: string
  actor_id: string
  actor_role: string
  ticket: string
  reason: string
  metrics_json: string
  envelope_json: string
  at: Instant
}

export interface ThresholdsRow {
  version: number
  digest: Digest
  document_json: string
  /** DSSE envelopes of those who signed it, canonical JSON list; empty for the version made by init. */
  envelopes_json: string
  created_at: Instant
}

export interface KpiSnapshotRow {
  id: string
  window_start: Instant
  window_end: Instant
  summary_json: string
  recorded_by: string
  recorded_at: Instant
}

/** What went wrong, and since when. `window_*` is the reporting window it was seen in. */
export interface IncidentRow {
  id: string
  cause: IncidentCause
  ticket: string
  reason: string
  /** The snapshot whose alert opened it; null when opened by hand. */
  kpi_snapshot_id: string | null
  window_start: Instant
  window_end: Instant
  triggered_at: Instant
  opened_by: string
  opened_at: Instant
}

/** One thing done about an incident, in order; `closed` is the last. The state is derived from these rows. */
export interface IncidentStepRow {
  id: string
  incident_id: string
  sequence: number
  kind: 'step' | 'signed_off' | 'closed'
  step_number: number | null
  note: string
  /** Artifact `clo_incident_evidence.v1`. */
  evidence_digest: Digest
  /** DSSE envelope of a sign-off or a closing; null for other steps. */
  envelope_json: string | null
  actor_id: string
  actor_role: string
  at: Instant
}

/**
 * A message to a receiver outside, written with the event it tells of. The webhook is `*` where the subscriptions could not be read
 * then. Transport, not evidence: the log does not hold these two tables.
 */
export interface OutboxMessageRow {
  id: string
  webhook: string
  event_id: string
  created_at: Instant
}

/** What came of one attempt; `started` holds the message until next_attempt_at, `addressed` ends one for `*`. */
export interface OutboxAttemptRow {
  message_id: string
  /** From 1; 0 where a message ended before any attempt. */
  number: number
  outcome: 'started' | 'failed' | 'delivered' | 'given_up' | 'addressed'
  status_code: number | null
  why: string | null
  at: Instant
  next_attempt_at: Instant | null
}

export interface InstallationRow {
  installation_id: string
  created_at: Instant
}

/** A packet as built, by its id (the digest of its canonical text). */
export interface PacketRow {
  packet_id: Digest
  candidate_id: string
  replay_evaluation_id: string
  built_by: string
  built_at: Instant
  expires_at: Instant
}

/** A checkpoint of the log, kept beside it; columns repeat what its note says. */
export interface CheckpointRow {
  size: number
  root_hash: Digest
  note: string
  actor_id: string
  at: Instant
}

/** A checkpoint that arrived elsewhere. The place is named by digest only, as its address may hold a secret. */
export interface CheckpointPostRow {
  size: number
  place_digest: Digest
  posted_at: Instant
}

export interface Tables {
  policy_candidate: CandidateRow
  policy_replay_evaluation: ReplayRow
  policy_approval_decision: DecisionRow
  policy_apply_record: ApplyRow
  policy_rollback_record: RollbackRow
  policy_lifecycle_audit: AuditRow
  audit_node: AuditNodeRow
  checkpoint: CheckpointRow
  checkpoint_post: CheckpointPostRow
  policy_version: PolicyVersionRow
  policy_activation: ActivationRow
  artifact: ArtifactRow
  history_snapshot: SnapshotRow
  review_packet: PacketRow
  actor: ActorRow
  actor_key: ActorKeyRow
  actor_key_revocation: ActorKeyRevocationRow
  keyring: KeyringRow
  safety_pause: PauseRow
  thresholds_version: ThresholdsRow
  kpi_snapshot: KpiSnapshotRow
  installation: InstallationRow
  outbox_message: OutboxMessageRow
  outbox_attempt: OutboxAttemptRow
  incident: IncidentRow
  incident_step: IncidentStepRow
}
