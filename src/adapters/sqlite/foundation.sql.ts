/** The tables the lifecycle stands on: policies, evidence, people, the pause. Rules as in lifecycle.sql.ts. */
export const FOUNDATION_TABLES = `
CREATE TABLE installation (
  row_order INTEGER PRIMARY KEY,
  installation_id TEXT NOT NULL UNIQUE,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE policy_version (
  version INTEGER PRIMARY KEY CHECK (version >= 1),
  policy_digest TEXT NOT NULL,
  document_json TEXT NOT NULL,
  candidate_id TEXT REFERENCES policy_candidate (id) DEFERRABLE INITIALLY DEFERRED,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE policy_activation (
  epoch INTEGER PRIMARY KEY CHECK (epoch >= 1),
  policy_version INTEGER NOT NULL REFERENCES policy_version (version) DEFERRABLE INITIALLY DEFERRED,
  policy_digest TEXT NOT NULL,
  cause TEXT NOT NULL CHECK (cause IN ('init', 'apply', 'rollback')),
  apply_record_id TEXT REFERENCES policy_apply_record (id) DEFERRABLE INITIALLY DEFERRED,
  rollback_record_id TEXT REFERENCES policy_rollback_record (id) DEFERRABLE INITIALLY DEFERRED,
  activated_at TEXT NOT NULL,
  CHECK ((cause = 'apply') = (apply_record_id IS NOT NULL)),
  CHECK ((cause = 'rollback') = (rollback_record_id IS NOT NULL))
) STRICT;

CREATE TABLE thresholds_version (
  version INTEGER PRIMARY KEY CHECK (version >= 1),
  digest TEXT NOT NULL,
  document_json TEXT NOT NULL,
  envelopes_json TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE artifact (
  row_order INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  schema TEXT NOT NULL,
  body_json TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE history_snapshot (
  row_order INTEGER PRIMARY KEY,
  snapshot_id TEXT NOT NULL UNIQUE,
  digest TEXT NOT NULL UNIQUE,
  rows INTEGER NOT NULL CHECK (rows >= 0),
  won INTEGER NOT NULL CHECK (won >= 0),
  lost INTEGER NOT NULL CHECK (lost >= 0),
  open INTEGER NOT NULL CHECK (open >= 0),
  currency TEXT NOT NULL,
  source_name TEXT NOT NULL,
  import_json TEXT NOT NULL,
  imported_at TEXT NOT NULL,
  CHECK (rows = won + lost + open)
) STRICT;

CREATE TABLE review_packet (
  row_order INTEGER PRIMARY KEY,
  packet_id TEXT NOT NULL UNIQUE,
  candidate_id TEXT NOT NULL REFERENCES policy_candidate (id) DEFERRABLE INITIALLY DEFERRED,
  replay_evaluation_id TEXT NOT NULL REFERENCES policy_replay_evaluation (id) DEFERRABLE INITIALLY DEFERRED,
  built_by TEXT NOT NULL,
  built_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT;

CREATE TABLE actor (
  row_order INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  actor_type TEXT NOT NULL CHECK (actor_type IN ('user', 'system', 'agent')),
  roles_json TEXT NOT NULL,
  added_at TEXT NOT NULL
) STRICT;

CREATE TABLE actor_key (
  row_order INTEGER PRIMARY KEY,
  key_id TEXT NOT NULL UNIQUE,
  actor_id TEXT NOT NULL REFERENCES actor (id) DEFERRABLE INITIALLY DEFERRED,
  public_key TEXT NOT NULL UNIQUE,
  purpose TEXT NOT NULL CHECK (purpose IN ('actor', 'root')),
  valid_from TEXT NOT NULL,
  valid_until TEXT
) STRICT;

CREATE TABLE actor_key_revocation (
  row_order INTEGER PRIMARY KEY,
  key_id TEXT NOT NULL UNIQUE REFERENCES actor_key (key_id) DEFERRABLE INITIALLY DEFERRED,
  actor_id TEXT NOT NULL REFERENCES actor (id) DEFERRABLE INITIALLY DEFERRED,
  revoked_at TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason <> '')
) STRICT;

CREATE TABLE keyring (
  version INTEGER PRIMARY KEY CHECK (version >= 1),
  keyring_json TEXT NOT NULL,
  envelope_json TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE safety_pause (
  sequence INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('engaged', 'release_signed', 'released')),
  pause_id TEXT NOT NULL,
  actor_id TEXT NOT NULL REFERENCES actor (id) DEFERRABLE INITIALLY DEFERRED,
  actor_role TEXT NOT NULL,
  ticket TEXT NOT NULL,
  reason TEXT NOT NULL,
  metrics_json TEXT NOT NULL,
  envelope_json TEXT NOT NULL,
  at TEXT NOT NULL
) STRICT;

CREATE TABLE kpi_snapshot (
  row_order INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  window_start TEXT NOT NULL,
  window_end TEXT NOT NULL,
  summary_json TEXT NOT NULL,
  recorded_by TEXT NOT NULL,
  recorded_at TEXT NOT NULL
) STRICT;

CREATE TABLE counter (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL CHECK (value >= 1)
) STRICT;
`
