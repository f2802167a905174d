-- Where did the promised effect not arrive? One row for each candidate with a projection and an observation in the window.
--
-- Window [window_start, window_end), to be tuned in `params` alone. The newest replay of a candidate is set against its newest
-- observation with a realised margin; of equal age the one with the greater id counts. Largest absolute gap first, a gap
-- unknown for want of a projected margin last, then by candidate.
WITH params AS (
  SELECT
    date_trunc('milliseconds', now()) - interval '30 days' AS window_start,
    date_trunc('milliseconds', now()) AS window_end
)

, bounds AS (
  SELECT
    trunc(extract(epoch FROM window_start) * 1000) AS start_ms,
    trunc(extract(epoch FROM window_end) * 1000) AS end_ms
  FROM params
)

-- The newest replay of each candidate.
, projected AS (
  SELECT *
  FROM (
    SELECT timed.*, row_number() OVER (PARTITION BY candidate_id ORDER BY replayed_ms DESC, id DESC) AS age_rank
    FROM (
      SELECT
        id,
        candidate_id,
        replayed_at,
        projected_margin_delta_bps,
        projected_win_rate_delta_bps,
        projected_approval_latency_delta_seconds,
        trunc(extract(epoch FROM replayed_at) * 1000) AS replayed_ms
      FROM policy_replay_evaluation
    ) AS timed
    CROSS JOIN bounds
    WHERE replayed_ms >= start_ms AND replayed_ms < end_ms
  ) AS ranked
  WHERE age_rank = 1
)

-- The newest observation of each candidate that has a realised margin.
, realized AS (
  SELECT *
  FROM (
    SELECT timed.*, row_number() OVER (PARTITION BY candidate_id ORDER BY monitored_ms DESC, id DESC) AS age_rank
    FROM (
      SELECT
        id,
        candidate_id,
        occurred_at AS monitored_at,
        CAST(CAST(event_payload_json AS jsonb) ->> 'realized_margin_delta_bps' AS bigint) AS realized_margin_delta_bps,
        CAST(CAST(event_payload_json AS jsonb) ->> 'realized_win_rate_delta_bps' AS bigint) AS realized_win_rate_delta_bps,
        CAST(CAST(event_payload_json AS jsonb) ->> 'realized_approval_latency_delta_seconds' AS bigint)
          AS realized_approval_latency_delta_seconds,
        trunc(extract(epoch FROM occurred_at) * 1000) AS monitored_ms
      FROM policy_lifecycle_audit
      WHERE event_type = 'monitoring_started' AND candidate_id IS NOT NULL
    ) AS timed
    CROSS JOIN bounds
    WHERE monitored_ms >= start_ms AND monitored_ms < end_ms AND realized_margin_delta_bps IS NOT NULL
  ) AS ranked
  WHERE age_rank = 1
)

SELECT
  projected.candidate_id,
  replayed_at,
  monitored_at,
  projected_margin_delta_bps,
  realized_margin_delta_bps,
  projected_margin_delta_bps - realized_margin_delta_bps AS margin_gap_bps,
  projected_win_rate_delta_bps,
  realized_win_rate_delta_bps,
  projected_approval_latency_delta_seconds,
  realized_approval_latency_delta_seconds
FROM projected
INNER JOIN realized ON realized.candidate_id = projected.candidate_id
ORDER BY abs(projected_margin_delta_bps - realized_margin_delta_bps) DESC NULLS LAST, projected.candidate_id COLLATE "C";
