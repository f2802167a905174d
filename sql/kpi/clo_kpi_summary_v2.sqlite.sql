-- What v1 cannot say: how many applied candidates harmed, how far promises were missed, and on how many samples. One row.
--
-- Window [window_start, window_end), to be tuned in `params` alone, with the limits and the smallest sample of each alert. Read
-- beside clo_kpi_summary_v1, whose false-positive rate can hardly differ from its rollback rate and whose mean gap lets misses of
-- opposite sign cancel. An applied candidate is harmful when its newest observation has an interval of the realised margin
-- that lies wholly below zero; a candidate without an interval is not counted as harmful, and without an observation it is
-- counted as unobserved. An observation is incomplete when one of the four realised figures is missing in it: that is an alert
-- by itself, whatever the sample. Rounding as in v1. An alert needs its limit passed and its smallest sample reached.
WITH params AS (
  SELECT
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days') AS window_start,
    strftime('%Y-%m-%dT%H:%M:%fZ', 'now') AS window_end,
    1500 AS max_rollback_rate_bps,
    1000 AS max_harmful_candidate_rate_bps,
    200 AS max_mean_absolute_margin_gap_bps,
    5 AS min_rollback_spike_samples,
    5 AS min_harmful_spike_samples,
    3 AS min_margin_gap_drift_samples
)

-- The window in milliseconds since 1970: instants are compared as integers from here on.
, bounds AS (
  SELECT
    unixepoch(window_start) * 1000 + CAST(substr(strftime('%f', window_start), 4) AS INTEGER) AS start_ms,
    unixepoch(window_end) * 1000 + CAST(substr(strftime('%f', window_end), 4) AS INTEGER) AS end_ms
  FROM params
)

-- Every event in the window that belongs to a candidate.
, event AS (
  SELECT timed.*
  FROM (
    SELECT
      id,
      candidate_id,
      event_type,
      event_payload_json,
      unixepoch(occurred_at) * 1000 + CAST(substr(strftime('%f', occurred_at), 4) AS INTEGER) AS occurred_ms
    FROM policy_lifecycle_audit
  ) AS timed
  CROSS JOIN bounds
  WHERE occurred_ms >= start_ms AND occurred_ms < end_ms AND candidate_id IS NOT NULL
)

, candidate_event AS (
  SELECT
    candidate_id,
    max(event_type = 'applied') AS is_applied,
    max(event_type = 'rolled_back') AS is_rolled_back
  FROM event
  GROUP BY candidate_id
)

-- What each observation says, its age counted from the newest of its candidate.
, observation AS (
  SELECT
    observed.*,
    row_number() OVER (PARTITION BY candidate_id ORDER BY occurred_ms DESC, id DESC) AS age_rank
  FROM (
    SELECT
      id,
      candidate_id,
      occurred_ms,
      CAST(json_extract(event_payload_json, '$.realized_margin_delta_bps') AS INTEGER) AS margin_bps,
      CAST(json_extract(event_payload_json, '$.realized_win_rate_delta_bps') AS INTEGER) AS win_rate_bps,
      CAST(json_extract(event_payload_json, '$.realized_approval_latency_delta_seconds') AS INTEGER) AS latency_seconds,
      CAST(json_extract(event_payload_json, '$.realized_expected_margin_delta_cents_per_quote') AS INTEGER) AS expected_cents,
      CAST(json_extract(event_payload_json, '$.realized_intervals.margin_delta_bps.upper') AS INTEGER) AS margin_upper_bps
    FROM event
    WHERE event_type = 'monitoring_started'
  ) AS observed
)

-- The newest observation of each candidate that has a realised margin, as in v1.
, realized AS (
  SELECT candidate_id, margin_bps, margin_upper_bps
  FROM (
    SELECT
      observation.*,
      row_number() OVER (PARTITION BY candidate_id ORDER BY occurred_ms DESC, id DESC) AS margin_rank
    FROM observation
    WHERE margin_bps IS NOT NULL
  ) AS ranked
  WHERE margin_rank = 1
)

, incomplete_count AS (
  SELECT count(*) AS incomplete
  FROM observation
  WHERE age_rank = 1
    AND (margin_bps IS NULL OR win_rate_bps IS NULL OR latency_seconds IS NULL OR expected_cents IS NULL)
)

, candidate_count AS (
  SELECT
    count(CASE WHEN is_applied THEN 1 END) AS applied,
    count(CASE WHEN is_rolled_back THEN 1 END) AS rolled_back,
    count(CASE WHEN is_applied AND realized.candidate_id IS NULL THEN 1 END) AS unobserved,
    count(CASE WHEN is_applied AND realized.margin_upper_bps < 0 THEN 1 END) AS harmful
  FROM candidate_event
  LEFT JOIN realized ON realized.candidate_id = candidate_event.candidate_id
)

-- The newest replay of each candidate.
, projected AS (
  SELECT candidate_id, projected_margin_delta_bps AS margin_bps
  FROM (
    SELECT timed.*, row_number() OVER (PARTITION BY candidate_id ORDER BY replayed_ms DESC, id DESC) AS age_rank
    FROM (
      SELECT
        id,
        candidate_id,
        projected_margin_delta_bps,
        unixepoch(replayed_at) * 1000 + CAST(substr(strftime('%f', replayed_at), 4) AS INTEGER) AS replayed_ms
      FROM policy_replay_evaluation
    ) AS timed
    CROSS JOIN bounds
    WHERE replayed_ms >= start_ms AND replayed_ms < end_ms
  ) AS ranked
  WHERE age_rank = 1
)

, gap_count AS (
  SELECT
    count(*) AS samples,
    coalesce(sum(abs(projected.margin_bps - realized.margin_bps)), 0) AS absolute_gap_bps,
    coalesce(max(abs(projected.margin_bps - realized.margin_bps)), 0) AS largest_gap_bps
  FROM projected
  INNER JOIN realized ON realized.candidate_id = projected.candidate_id
  WHERE projected.margin_bps IS NOT NULL
)

, ratio AS (
  SELECT 'rollback_rate_bps' AS name, 10000 * rolled_back AS total, applied AS samples FROM candidate_count
  UNION ALL SELECT 'harmful_candidate_rate_bps', 10000 * harmful, applied FROM candidate_count
  UNION ALL SELECT 'mean_absolute_margin_gap_bps', absolute_gap_bps, samples FROM gap_count
)

-- No total is negative here.
, quotient AS (
  SELECT name, CASE WHEN samples = 0 THEN 0 ELSE (2 * total + samples) / (2 * samples) END AS value
  FROM ratio
)

-- All quotients in one row.
, rounded AS (
  SELECT
    max(CASE WHEN name = 'rollback_rate_bps' THEN value END) AS rollback_rate_bps,
    max(CASE WHEN name = 'harmful_candidate_rate_bps' THEN value END) AS harmful_candidate_rate_bps,
    max(CASE WHEN name = 'mean_absolute_margin_gap_bps' THEN value END) AS mean_absolute_margin_gap_bps
  FROM quotient
)

, summary AS (
  SELECT
    params.window_start,
    params.window_end,
    candidate_count.applied AS applied_candidate_count,
    candidate_count.rolled_back AS rolled_back_candidate_count,
    rounded.rollback_rate_bps,
    candidate_count.harmful AS harmful_candidate_count,
    rounded.harmful_candidate_rate_bps,
    candidate_count.unobserved AS unobserved_candidate_count,
    incomplete_count.incomplete AS incomplete_observation_count,
    gap_count.samples AS projected_vs_realized_sample_size,
    rounded.mean_absolute_margin_gap_bps,
    gap_count.largest_gap_bps AS largest_absolute_margin_gap_bps,
    params.max_rollback_rate_bps,
    params.max_harmful_candidate_rate_bps,
    params.max_mean_absolute_margin_gap_bps,
    params.min_rollback_spike_samples,
    params.min_harmful_spike_samples,
    params.min_margin_gap_drift_samples
  FROM params
  CROSS JOIN candidate_count
  CROSS JOIN incomplete_count
  CROSS JOIN gap_count
  CROSS JOIN rounded
)

, alerted AS (
  SELECT
    summary.*,
    CASE
      WHEN rollback_rate_bps > max_rollback_rate_bps AND applied_candidate_count >= min_rollback_spike_samples THEN 1
      ELSE 0
    END AS rollback_spike_alert,
    CASE
      WHEN harmful_candidate_rate_bps > max_harmful_candidate_rate_bps
        AND applied_candidate_count >= min_harmful_spike_samples THEN 1
      ELSE 0
    END AS harmful_spike_alert,
    CASE
      WHEN mean_absolute_margin_gap_bps > max_mean_absolute_margin_gap_bps
        AND projected_vs_realized_sample_size >= min_margin_gap_drift_samples THEN 1
      ELSE 0
    END AS margin_gap_alert,
    CASE WHEN incomplete_observation_count > 0 THEN 1 ELSE 0 END AS realized_fields_missing_alert
  FROM summary
)

SELECT
  alerted.*,
  rtrim(
    CASE WHEN rollback_spike_alert = 1 THEN 'rollback_spike,' ELSE '' END
    || CASE WHEN harmful_spike_alert = 1 THEN 'harmful_spike,' ELSE '' END
    || CASE WHEN margin_gap_alert = 1 THEN 'margin_gap_drift,' ELSE '' END
    || CASE WHEN realized_fields_missing_alert = 1 THEN 'realized_fields_missing,' ELSE '' END,
    ','
  ) AS alert_reason_codes
FROM alerted;
