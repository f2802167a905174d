/**
 * The six tables of the candidate lifecycle, names as in docs/contracts.md. `row_order` keeps the order of insertion and is
 * never shown. Foreign keys wait for the commit, so that the rows of one change may come in any order.
 */
export const LIFECYCLE_TABLES = `
CREATE TABLE policy_candidate (
  row_order INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  base_policy_version INTEGER NOT NULL CHECK (base_policy_version >= 1)
    REFERENCES policy_version (version) DEFERRABLE INITIALLY DEFERRED,
  proposed_policy_version INTEGER NOT NULL UNIQUE CHECK (proposed_policy_version > base_policy_version)
    REFERENCES policy_version (version) DEFERRABLE INITIALLY DEFERRED,
  status TEXT NOT NULL CHECK (status IN ('draft', 'replayed', 'review_ready', 'approved', 'rejected',
    'changes_requested', 'applied', 'monitoring', 'rolled_back')),
  policy_diff_json TEXT NOT NULL,
  provenance_json TEXT NOT NULL,
  confidence_score REAL NOT NULL CHECK (confidence_score BETWEEN 0 AND 1),
  cohort_scope_json TEXT NOT NULL,
  latest_replay_checksum TEXT,
  idempotency_key TEXT NOT NULL UNIQUE,
  created_by_actor_id TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  review_ready_at TEXT,
  approved_at TEXT,
  applied_at TEXT,
  monitoring_started_at TEXT,
  rolled_back_at TEXT
) STRICT;

CREATE TABLE policy_replay_evaluation (
  row_order INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  candidate_id TEXT NOT NULL REFERENCES policy_candidate (id) DEFERRABLE INITIALLY DEFERRED,
  replay_checksum TEXT NOT NULL,
  engine_version TEXT NOT NULL,
  cohort_scope_json TEXT NOT NULL,
  cohort_size INTEGER NOT NULL CHECK (cohort_size >= 0),
  projected_margin_delta_bps INTEGER,
  projected_win_rate_delta_bps INTEGER,
  projected_approval_latency_delta_seconds INTEGER,
  blast_radius_score REAL NOT NULL CHECK (blast_radius_score BETWEEN 0 AND 1),
  hard_violation_count INTEGER NOT NULL,
  risk_flags_json TEXT NOT NULL,
  deterministic_pass INTEGER NOT NULL CHECK (deterministic_pass IN (0, 1)),
  idempotency_key TEXT NOT NULL UNIQUE,
  replayed_at TEXT NOT NULL,
  UNIQUE (candidate_id, replay_checksum)
) STRICT;

CREATE TABLE policy_approval_decision (
  row_order INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  candidate_id TEXT NOT NULL REFERENCES policy_candidate (id) DEFERRABLE INITIALLY DEFERRED,
  replay_evaluation_id TEXT NOT NULL REFERENCES policy_replay_evaluation (id) DEFERRABLE INITIALLY DEFERRED,
  decision TEXT NOT NULL CHECK (decision IN ('approved', 'rejected', 'changes_requested')),
  reason TEXT,
  decision_payload_json TEXT NOT NULL,
  actor_id TEXT NOT NULL REFERENCES actor (id) DEFERRABLE INITIALLY DEFERRED,
  actor_role TEXT NOT NULL,
  channel_ref TEXT NOT NULL CHECK (channel_ref IN ('cli', 'http', 'console', 'slack')),
  signature TEXT NOT NULL,
  signature_key_id TEXT NOT NULL REFERENCES actor_key (key_id) DEFERRABLE INITIALLY DEFERRED,
  idempotency_key TEXT NOT NULL UNIQUE,
  decided_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  is_stale INTEGER NOT NULL CHECK (is_stale IN (0, 1))
) STRICT;
CREATE INDEX policy_approval_decision_by_candidate ON policy_approval_decision (candidate_id);

CREATE TABLE policy_apply_record (
  row_order INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  candidate_id TEXT NOT NULL REFERENCES policy_candidate (id) DEFERRABLE INITIALLY DEFERRED,
  approval_decision_id TEXT NOT NULL REFERENCES policy_approval_decision (id) DEFERRABLE INITIALLY DEFERRED,
  prior_policy_version INTEGER NOT NULL REFERENCES policy_version (version) DEFERRABLE INITIALLY DEFERRED,
  applied_policy_version INTEGER NOT NULL REFERENCES policy_version (version) DEFERRABLE INITIALLY DEFERRED,
  replay_checksum TEXT NOT NULL,
  apply_signature TEXT NOT NULL,
  signature_key_id TEXT NOT NULL REFERENCES actor_key (key_id) DEFERRABLE INITIALLY DEFERRED,
  actor_id TEXT NOT NULL REFERENCES actor (id) DEFERRABLE INITIALLY DEFERRED,
  idempotency_key TEXT NOT NULL UNIQUE,
  verification_checksum TEXT NOT NULL,
  apply_audit_json TEXT NOT NULL,
  applied_at TEXT NOT NULL
) STRICT;

CREATE TABLE policy_rollback_record (
  row_order INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  candidate_id TEXT NOT NULL REFERENCES policy_candidate (id) DEFERRABLE INITIALLY DEFERRED,
  apply_record_id TEXT NOT NULL REFERENCES policy_apply_record (id) DEFERRABLE INITIALLY DEFERRED,
  rollback_target_version INTEGER NOT NULL REFERENCES policy_version (version) DEFERRABLE INITIALLY DEFERRED,
  rollback_reason TEXT NOT NULL CHECK (rollback_reason <> ''),
  verification_checksum TEXT NOT NULL,
  rollback_signature TEXT NOT NULL,
  signature_key_id TEXT NOT NULL REFERENCES actor_key (key_id) DEFERRABLE INITIALLY DEFERRED,
  actor_id TEXT NOT NULL REFERENCES actor (id) DEFERRABLE INITIALLY DEFERRED,
  idempotency_key TEXT NOT NULL UNIQUE,
  parent_rollback_id TEXT REFERENCES policy_rollback_record (id) DEFERRABLE INITIALLY DEFERRED,
  rollback_depth INTEGER NOT NULL CHECK (rollback_depth >= 1),
  rollback_metadata_json TEXT NOT NULL,
  rolled_back_at TEXT NOT NULL
) STRICT;

CREATE TABLE policy_lifecycle_audit (
  row_order INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  candidate_id TEXT REFERENCES policy_candidate (id) DEFERRABLE INITIALLY DEFERRED,
  replay_evaluation_id TEXT REFERENCES policy_replay_evaluation (id) DEFERRABLE INITIALLY DEFERRED,
  approval_decision_id TEXT REFERENCES policy_approval_decision (id) DEFERRABLE INITIALLY DEFERRED,
  apply_record_id TEXT REFERENCES policy_apply_record (id) DEFERRABLE INITIALLY DEFERRED,
  rollback_record_id TEXT REFERENCES policy_rollback_record (id) DEFERRABLE INITIALLY DEFERRED,
  event_type TEXT NOT NULL,
  event_payload_json TEXT NOT NULL,
  actor_type TEXT NOT NULL CHECK (actor_type IN ('user', 'system', 'agent')),
  actor_id TEXT NOT NULL,
  correlation_id TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  occurred_at TEXT NOT NULL,
  entry_index INTEGER NOT NULL UNIQUE CHECK (entry_index >= 0),
  entry_json TEXT NOT NULL,
  entry_hash TEXT NOT NULL UNIQUE,
  UNIQUE (event_type, idempotency_key)
) STRICT;
CREATE INDEX policy_lifecycle_audit_by_candidate ON policy_lifecycle_audit (candidate_id);
CREATE INDEX policy_lifecycle_audit_by_time ON policy_lifecycle_audit (event_type, occurred_at);

CREATE TABLE audit_node (
  row_order INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  hash TEXT NOT NULL
) STRICT;

CREATE TABLE checkpoint (
  size INTEGER PRIMARY KEY CHECK (size >= 1),
  root_hash TEXT NOT NULL,
  note TEXT NOT NULL,
  actor_id TEXT NOT NULL REFERENCES actor (id) DEFERRABLE INITIALLY DEFERRED,
  at TEXT NOT NULL
) STRICT;

CREATE TABLE checkpoint_post (
  row_order INTEGER PRIMARY KEY,
  size INTEGER NOT NULL REFERENCES checkpoint (size) DEFERRABLE INITIALLY DEFERRED,
  place_digest TEXT NOT NULL,
  posted_at TEXT NOT NULL,
  UNIQUE (size, place_digest)
) STRICT;
`
