/** Incidents and what was done about them; the state of an incident is derived from its rows. Rules as in lifecycle.sql.ts. */
export const INCIDENT_TABLES = `
CREATE TABLE incident (
  row_order INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  cause TEXT NOT NULL CHECK (cause IN ('rollback_spike', 'false_positive_spike', 'margin_gap_drift', 'other')),
  ticket TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason <> ''),
  kpi_snapshot_id TEXT REFERENCES kpi_snapshot (id) DEFERRABLE INITIALLY DEFERRED,
  window_start TEXT NOT NULL,
  window_end TEXT NOT NULL,
  triggered_at TEXT NOT NULL,
  opened_by TEXT NOT NULL REFERENCES actor (id) DEFERRABLE INITIALLY DEFERRED,
  opened_at TEXT NOT NULL,
  CHECK (window_start < window_end)
) STRICT;

CREATE TABLE incident_step (
  row_order INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  incident_id TEXT NOT NULL REFERENCES incident (id) DEFERRABLE INITIALLY DEFERRED,
  sequence INTEGER NOT NULL CHECK (sequence >= 1),
  kind TEXT NOT NULL CHECK (kind IN ('step', 'signed_off', 'closed')),
  step_number INTEGER CHECK (step_number >= 1),
  note TEXT NOT NULL CHECK (note <> ''),
  evidence_digest TEXT NOT NULL REFERENCES artifact (digest) DEFERRABLE INITIALLY DEFERRED,
  envelope_json TEXT,
  actor_id TEXT NOT NULL REFERENCES actor (id) DEFERRABLE INITIALLY DEFERRED,
  actor_role TEXT NOT NULL,
  at TEXT NOT NULL,
  UNIQUE (incident_id, sequence),
  CHECK ((kind = 'closed') = (step_number IS NULL)),
  CHECK ((kind = 'step') = (envelope_json IS NULL))
) STRICT;
`
