/**
 * Messages to receivers outside and each attempt at delivering them. They are transport and no evidence: an attempt cannot be an
 * entry of the log, as every entry may be a message again. Append-only like the rest.
 */
export const OUTBOX_TABLES = `
CREATE TABLE outbox_message (
  row_order INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  webhook TEXT NOT NULL,
  event_id TEXT NOT NULL REFERENCES policy_lifecycle_audit (id) DEFERRABLE INITIALLY DEFERRED,
  created_at TEXT NOT NULL,
  UNIQUE (webhook, event_id)
) STRICT;

CREATE TABLE outbox_attempt (
  row_order INTEGER PRIMARY KEY,
  message_id TEXT NOT NULL REFERENCES outbox_message (id) DEFERRABLE INITIALLY DEFERRED,
  number INTEGER NOT NULL CHECK (number >= 0),
  outcome TEXT NOT NULL CHECK (outcome IN ('started', 'failed', 'delivered', 'given_up', 'addressed')),
  status_code INTEGER,
  why TEXT,
  at TEXT NOT NULL,
  next_attempt_at TEXT,
  CHECK ((outcome IN ('started', 'failed')) = (next_attempt_at IS NOT NULL))
) STRICT;

CREATE INDEX outbox_attempt_by_message ON outbox_attempt (message_id);
CREATE INDEX outbox_attempt_that_ended ON outbox_attempt (message_id)
  WHERE outcome IN ('delivered', 'given_up', 'addressed');
`

/** Which messages are still to be delivered, in the order of the log, and what came of the newest attempt at each? */
export const UNDELIVERED = `
SELECT
  message.id,
  message.webhook,
  message.event_id,
  message.created_at,
  coalesce(attempt.number, 0) AS attempts,
  attempt.next_attempt_at
FROM outbox_message AS message
JOIN policy_lifecycle_audit AS event ON event.id = message.event_id
LEFT JOIN outbox_attempt AS attempt
  ON attempt.row_order = (SELECT max(newest.row_order) FROM outbox_attempt AS newest WHERE newest.message_id = message.id)
WHERE NOT EXISTS (
  SELECT 1 FROM outbox_attempt AS ended
  WHERE ended.message_id = message.id AND ended.outcome IN ('delivered', 'given_up', 'addressed')
)
ORDER BY event.entry_index, message.row_order`
