-- How is the loop doing? One row of counts, rates, averages and alerts over one window.
--
-- Window [window_start, window_end), to be tuned in `params` alone. Whatever counts happened in the window; only "approved" of
-- a replayed candidate looks at everything before its end. Rates are round(10000 * a / b), averages round(total / samples),
-- half away from zero, on integers, 0 without samples: all of them in `quotient`. A negative duration counts 0. Of several
-- replays or observations of a candidate the newest counts, of equal age the one with the greater id. The score takes an
-- unknown win rate or latency as no change. Alerts compare the row's own rounded figures with its limits.
WITH params AS (
  SELECT
    date_trunc('milliseconds', now()) - interval '30 days' AS window_start,
    date_trunc('milliseconds', now()) AS window_end,
    1500 AS max_rollback_rate_bps,
    1000 AS max_false_positive_rate_bps,
    200 AS max_projected_realized_margin_gap_bps
)

-- The window in milliseconds since 1970: instants are compared and subtracted as whole numerics from here on.
, bounds AS (
  SELECT
    trunc(extract(epoch FROM window_start) * 1000) AS start_ms,
    trunc(extract(epoch FROM window_end) * 1000) AS end_ms
  FROM params
)

-- Every event before the end of the window.
, event AS (
  SELECT timed.*, occurred_ms >= start_ms AS in_window
  FROM (
    SELECT
      id,
      candidate_id,
      event_type,
      event_payload_json,
      trunc(extract(epoch FROM occurred_at) * 1000) AS occurred_ms
    FROM policy_lifecycle_audit
  ) AS timed
  CROSS JOIN bounds
  WHERE occurred_ms < end_ms
)

, event_count AS (
  SELECT
    count(CASE WHEN event_type = 'candidate_created' THEN 1 END) AS created,
    count(CASE WHEN event_type IN ('approved', 'rejected', 'changes_requested') THEN 1 END) AS decided,
    count(CASE WHEN event_type = 'approved' THEN 1 END) AS approved
  FROM event
  WHERE in_window
)

-- What happened to each candidate in the window.
, candidate_event AS (
  SELECT
    candidate_id,
    min(CASE WHEN event_type IN ('approved', 'rejected', 'changes_requested') THEN occurred_ms END)
      - min(CASE WHEN event_type = 'review_packet_built' THEN occurred_ms END) AS approval_latency_ms,
    bool_or(event_type = 'applied') AS is_applied,
    bool_or(event_type = 'rolled_back') AS is_rolled_back
  FROM event
  WHERE in_window AND candidate_id IS NOT NULL
  GROUP BY candidate_id
)

, candidate_count AS (
  SELECT
    count(CASE WHEN is_applied THEN 1 END) AS applied,
    count(CASE WHEN is_rolled_back THEN 1 END) AS rolled_back,
    count(CASE WHEN is_applied AND is_rolled_back THEN 1 END) AS false_positive,
    coalesce(sum(CASE WHEN approval_latency_ms > 0 THEN approval_latency_ms END), 0) AS approval_latency_ms,
    count(approval_latency_ms) AS approval_latency_samples
  FROM candidate_event
)

, approved_candidate AS (
  SELECT DISTINCT candidate_id
  FROM event
  WHERE event_type = 'approved' AND candidate_id IS NOT NULL
)

, replay AS (
  SELECT timed.*
  FROM (
    SELECT
      id,
      candidate_id,
      projected_margin_delta_bps,
      hard_violation_count,
      deterministic_pass,
      trunc(extract(epoch FROM replayed_at) * 1000) AS replayed_ms
    FROM policy_replay_evaluation
  ) AS timed
  CROSS JOIN bounds
  WHERE replayed_ms >= start_ms AND replayed_ms < end_ms
)

, replay_count AS (
  SELECT count(*) AS total, count(CASE WHEN deterministic_pass = 1 THEN 1 END) AS deterministic
  FROM replay
)

-- The newest replay of each candidate.
, projected AS (
  SELECT candidate_id, projected_margin_delta_bps AS margin_bps, hard_violation_count
  FROM (
    SELECT replay.*, row_number() OVER (PARTITION BY candidate_id ORDER BY replayed_ms DESC, id DESC) AS age_rank
    FROM replay
  ) AS ranked
  WHERE age_rank = 1
)

, projected_count AS (
  SELECT
    count(*) AS replayed,
    count(approved_candidate.candidate_id) AS approved,
    count(CASE WHEN hard_violation_count > 0 THEN 1 END) AS violating,
    count(CASE WHEN hard_violation_count > 0 AND approved_candidate.candidate_id IS NULL THEN 1 END) AS blocked,
    coalesce(sum(margin_bps), 0) AS margin_bps,
    count(margin_bps) AS margin_samples
  FROM projected
  LEFT JOIN approved_candidate ON approved_candidate.candidate_id = projected.candidate_id
)

-- The newest observation of each candidate that has a realised margin.
, realized AS (
  SELECT candidate_id, margin_bps, win_rate_bps, latency_seconds
  FROM (
    SELECT observed.*, row_number() OVER (PARTITION BY candidate_id ORDER BY occurred_ms DESC, id DESC) AS age_rank
    FROM (
      SELECT
        id,
        candidate_id,
        occurred_ms,
        CAST(CAST(event_payload_json AS jsonb) ->> 'realized_margin_delta_bps' AS bigint) AS margin_bps,
        CAST(CAST(event_payload_json AS jsonb) ->> 'realized_win_rate_delta_bps' AS bigint) AS win_rate_bps,
        CAST(CAST(event_payload_json AS jsonb) ->> 'realized_approval_latency_delta_seconds' AS bigint) AS latency_seconds
      FROM event
      WHERE in_window AND candidate_id IS NOT NULL AND event_type = 'monitoring_started'
    ) AS observed
    WHERE margin_bps IS NOT NULL
  ) AS ranked
  WHERE age_rank = 1
)

, realized_count AS (
  SELECT
    count(*) AS observed,
    coalesce(sum(margin_bps), 0) AS margin_bps,
    coalesce(sum(win_rate_bps), 0) AS win_rate_bps,
    count(win_rate_bps) AS win_rate_samples,
    coalesce(sum(latency_seconds), 0) AS latency_seconds,
    count(latency_seconds) AS latency_samples,
    coalesce(sum(4 * margin_bps + 4 * coalesce(win_rate_bps, 0) - 2 * coalesce(latency_seconds, 0)), 0)
      AS tenfold_score
  FROM realized
)

, gap_count AS (
  SELECT count(*) AS samples, coalesce(sum(projected.margin_bps - realized.margin_bps), 0) AS margin_gap_bps
  FROM projected
  INNER JOIN realized ON realized.candidate_id = projected.candidate_id
  WHERE projected.margin_bps IS NOT NULL
)

, rollback_count AS (
  SELECT
    count(*) AS rollbacks,
    coalesce(sum(CASE WHEN rolled_back_ms > triggered_ms THEN rolled_back_ms - triggered_ms END), 0) AS repair_ms,
    count(triggered_ms) AS repair_samples,
    coalesce(sum(CASE WHEN rolled_back_ms > applied_ms THEN rolled_back_ms - applied_ms END), 0) AS active_ms,
    count(applied_ms) AS active_samples
  FROM (
    SELECT
      trunc(extract(epoch FROM rolled_back_at) * 1000) AS rolled_back_ms,
      trunc(extract(epoch FROM triggered_at) * 1000) AS triggered_ms,
      trunc(extract(epoch FROM applied_at) * 1000) AS applied_ms
    FROM (
      SELECT apply_record_id, rolled_back_at, CAST(CAST(rollback_metadata_json AS jsonb) ->> 'rollback_triggered_at' AS timestamptz) AS triggered_at
      FROM policy_rollback_record
    ) AS rollback_record
    LEFT JOIN policy_apply_record ON policy_apply_record.id = rollback_record.apply_record_id
  ) AS timed
  CROSS JOIN bounds
  WHERE rolled_back_ms >= start_ms AND rolled_back_ms < end_ms
)

, ratio AS (
  SELECT 'adoption_rate_bps' AS name, 10000 * approved AS total, decided AS samples FROM event_count
  UNION ALL SELECT 'rollback_rate_bps', 10000 * rolled_back, applied FROM candidate_count
  UNION ALL SELECT 'false_positive_rate_bps', 10000 * false_positive, applied FROM candidate_count
  UNION ALL SELECT 'approval_latency_seconds', approval_latency_ms, 1000 * approval_latency_samples FROM candidate_count
  UNION ALL SELECT 'projected_margin_bps', margin_bps, margin_samples FROM projected_count
  UNION ALL SELECT 'candidate_acceptance_rate_bps', 10000 * approved, replayed FROM projected_count
  UNION ALL SELECT 'unsafe_candidate_block_rate_bps', 10000 * blocked, violating FROM projected_count
  UNION ALL SELECT 'realized_margin_bps', margin_bps, observed FROM realized_count
  UNION ALL SELECT 'realized_win_rate_bps', win_rate_bps, win_rate_samples FROM realized_count
  UNION ALL SELECT 'realized_latency_seconds', latency_seconds, latency_samples FROM realized_count
  UNION ALL SELECT 'realized_score', tenfold_score, 10 * observed FROM realized_count
  UNION ALL SELECT 'margin_gap_bps', margin_gap_bps, samples FROM gap_count
  UNION ALL SELECT 'rollback_repair_seconds', repair_ms, 1000 * repair_samples FROM rollback_count
  UNION ALL SELECT 'rollback_active_seconds', active_ms, 1000 * active_samples FROM rollback_count
  UNION ALL SELECT 'replay_determinism_rate_bps', 10000 * deterministic, total FROM replay_count
)

, quotient AS (
  SELECT
    name,
    CASE
      WHEN samples = 0 THEN 0
      WHEN total < 0 THEN -div(2 * -total + samples, 2 * samples)
      ELSE div(2 * total + samples, 2 * samples)
    END::bigint AS value
  FROM ratio
)

-- All quotients in one row.
, rounded AS (
  SELECT
    max(CASE WHEN name = 'adoption_rate_bps' THEN value END) AS adoption_rate_bps,
    max(CASE WHEN name = 'rollback_rate_bps' THEN value END) AS rollback_rate_bps,
    max(CASE WHEN name = 'false_positive_rate_bps' THEN value END) AS false_positive_rate_bps,
    max(CASE WHEN name = 'approval_latency_seconds' THEN value END) AS approval_latency_seconds,
    max(CASE WHEN name = 'projected_margin_bps' THEN value END) AS projected_margin_bps,
    max(CASE WHEN name = 'realized_margin_bps' THEN value END) AS realized_margin_bps,
    max(CASE WHEN name = 'margin_gap_bps' THEN value END) AS margin_gap_bps,
    max(CASE WHEN name = 'candidate_acceptance_rate_bps' THEN value END) AS candidate_acceptance_rate_bps,
    max(CASE WHEN name = 'unsafe_candidate_block_rate_bps' THEN value END) AS unsafe_candidate_block_rate_bps,
    max(CASE WHEN name = 'rollback_repair_seconds' THEN value END) AS rollback_repair_seconds,
    max(CASE WHEN name = 'rollback_active_seconds' THEN value END) AS rollback_active_seconds,
    max(CASE WHEN name = 'replay_determinism_rate_bps' THEN value END) AS replay_determinism_rate_bps,
    max(CASE WHEN name = 'realized_win_rate_bps' THEN value END) AS realized_win_rate_bps,
    max(CASE WHEN name = 'realized_latency_seconds' THEN value END) AS realized_latency_seconds,
    max(CASE WHEN name = 'realized_score' THEN value END) AS realized_score
  FROM quotient
)

, summary AS (
  SELECT
    params.window_start,
    params.window_end,
    event_count.created AS candidate_throughput_count,
    event_count.decided AS review_decision_count,
    event_count.approved AS approved_count,
    rounded.adoption_rate_bps,
    candidate_count.applied AS applied_candidate_count,
    candidate_count.rolled_back AS rolled_back_candidate_count,
    rounded.rollback_rate_bps,
    candidate_count.false_positive AS false_positive_candidate_count,
    rounded.false_positive_rate_bps,
    rounded.approval_latency_seconds AS avg_approval_latency_seconds,
    projected_count.margin_samples AS projected_outcome_sample_count,
    rounded.projected_margin_bps AS avg_projected_margin_delta_bps,
    realized_count.observed AS realized_outcome_sample_count,
    rounded.realized_margin_bps AS avg_realized_margin_delta_bps,
    gap_count.samples AS projected_vs_realized_sample_size,
    rounded.margin_gap_bps AS avg_projected_vs_realized_margin_gap_bps,
    projected_count.replayed AS replayed_candidate_count,
    projected_count.approved AS approved_replayed_candidate_count,
    rounded.candidate_acceptance_rate_bps,
    projected_count.violating AS hard_violation_candidate_count,
    projected_count.blocked AS hard_violation_blocked_count,
    rounded.unsafe_candidate_block_rate_bps,
    abs(rounded.margin_gap_bps) AS projected_realized_margin_delta_error_bps,
    rounded.rollback_repair_seconds AS rollback_mttr_seconds,
    rounded.rollback_active_seconds AS rollback_mttr_proxy_seconds,
    rollback_count.rollbacks AS rollback_count,
    replay_count.total AS replay_total_count,
    replay_count.deterministic AS deterministic_pass_count,
    rounded.replay_determinism_rate_bps,
    realized_count.observed AS realized_candidate_count,
    rounded.realized_margin_bps AS avg_realized_margin_delta_for_outcome_bps,
    rounded.realized_win_rate_bps AS avg_realized_win_rate_delta_bps,
    rounded.realized_latency_seconds AS avg_realized_approval_latency_delta_seconds,
    rounded.realized_score AS weighted_realized_outcome_score,
    params.max_rollback_rate_bps,
    params.max_false_positive_rate_bps,
    params.max_projected_realized_margin_gap_bps
  FROM params
  CROSS JOIN event_count
  CROSS JOIN candidate_count
  CROSS JOIN projected_count
  CROSS JOIN realized_count
  CROSS JOIN gap_count
  CROSS JOIN rollback_count
  CROSS JOIN replay_count
  CROSS JOIN rounded
)

, alerted AS (
  SELECT
    summary.*,
    CASE WHEN rollback_rate_bps > max_rollback_rate_bps THEN 1 ELSE 0 END AS rollback_spike_alert,
    CASE WHEN false_positive_rate_bps > max_false_positive_rate_bps THEN 1 ELSE 0 END AS false_positive_alert,
    CASE
      WHEN abs(avg_projected_vs_realized_margin_gap_bps) > max_projected_realized_margin_gap_bps THEN 1
      ELSE 0
    END AS margin_gap_alert
  FROM summary
)

SELECT
  alerted.*,
  rtrim(
    CASE WHEN rollback_spike_alert = 1 THEN 'rollback_spike,' ELSE '' END
    || CASE WHEN false_positive_alert = 1 THEN 'false_positive_spike,' ELSE '' END
    || CASE WHEN margin_gap_alert = 1 THEN 'margin_gap_drift,' ELSE '' END,
    ','
  ) AS alert_reason_codes
FROM alerted;
