import type { CheckedPolicy } from './policy.ts'
import type { QuoteColumns } from './quote.ts'
import type { ResponseModel, SlopeShift } from './response.ts'
import type { SettingsReplay, SettingsTask } from './settings.ts'
import type { Digest, Instant } from './units.ts'

/** Version of the semantics, one for all engines: raise it when any figure of a report could change. */
export const ENGINE_VERSION = 'clo-engine/3'

/** Which quotes of a snapshot a replay looks at; empty lists and nulls mean all. Window: [from, to) on quoted_at. */
export interface CohortScope {
  readonly segments: readonly string[]
  readonly regions: readonly string[]
  readonly quote_ids: readonly string[]
  readonly window: { readonly from: Instant | null; readonly to: Instant | null } | null
}

export const WHOLE_SNAPSHOT: CohortScope = { segments: [], regions: [], quote_ids: [], window: null }

/** One task for an engine: a base and candidates over the same quotes. */
export interface ReplayTask {
  readonly snapshotDigest: Digest
  readonly columns: QuoteColumns
  readonly base: CheckedPolicy
  readonly candidates: readonly CheckedPolicy[]
  readonly scope: CohortScope
  /** null where history supports no response model: win rate and expected margin are then unknown. */
  readonly model: ResponseModel | null
}

/**
 * Sums of one candidate against the base, all integers (bigint where 2^53 may be passed), addable over partitions and equal
 * over engines. A quote is scored when it is in scope, closed and replayable under both policies; where both fail,
 * `attribute_absent` under either goes before `cost_absent`. It is impacted when it is scored and grant, approval, the set of
 * approvers or the set of violated rules differs. Records hold only keys that occur, sorted by UTF-8 bytes.
 */
export interface ReplaySums {
  readonly in_scope: number
  readonly open: number
  readonly not_replayable: { readonly attribute_absent: number; readonly cost_absent: number }
  /** Closed quotes in scope that are not replayable under the base, whatever the candidate; for violation laundering. */
  readonly not_replayable_base: number
  readonly scored: number
  /** By jackknife group, 0..31. */
  readonly groups: readonly GroupSums[]
  /** By fit (0 full, g + 1 fitted without group g), each over all scored quotes; null without a model. */
  readonly response: readonly FitSums[] | null
  readonly by_segment: Readonly<Record<string, SliceSums>>
  readonly by_region: Readonly<Record<string, SliceSums>>
  /** By rule id, over the impacted quotes on which the rule's effect differs (changedRules in rule-effects.ts). */
  readonly by_rule: Readonly<Record<string, SliceSums>>
  /** Impacted quotes by `segment/region`. */
  readonly impacted_cohorts: Readonly<Record<string, number>>
  /** Of scored quotes under the candidate; classes in support.ts. */
  readonly support: { readonly observed: number; readonly reweighted: number; readonly extrapolated: number }
  readonly impacted: number
  /** Sum of the base's net over impacted scored quotes and over all scored quotes. */
  readonly impacted_value_cents: bigint
  readonly value_cents: bigint
  readonly impacted_clusters: number
  /** Impacted scored quotes that lie in thin segments of the model. */
  readonly impacted_thin: number
  /** Counts of margin_bps deltas of scored quotes by bin: upper bounds in MARGIN_DELTA_BINS, for the picture. */
  readonly margin_delta_histogram: readonly number[]
  /**
   * Row numbers, worst (best) expected-margin delta first (full fit, point slope; without a model the difference in profit),
   * ties by quote_id in UTF-8 bytes; at most MOVERS_MAX each, deltas non-zero.
   */
  readonly losing_rows: readonly number[]
  readonly gaining_rows: readonly number[]
}

/** Sums that need no model. `value` is the base's net. */
export interface GroupSums {
  readonly scored: number
  /** Scored quotes with cost: margins are known for these alone. */
  readonly with_cost: number
  readonly margin_bps_delta: number
  readonly base_net_cents: bigint
  readonly candidate_net_cents: bigint
  readonly base_profit_cents: bigint
  readonly candidate_profit_cents: bigint
  /** Net of quotes with cost, for the revenue-weighted margin. */
  readonly base_net_with_cost_cents: bigint
  readonly candidate_net_with_cost_cents: bigint
  readonly base_approvals: number
  readonly candidate_approvals: number
  readonly base_violations: number
  readonly candidate_violations: number
  /** Base's net of quotes that need an approval under the base and none under the candidate. */
  readonly approval_lost_value_cents: bigint
  /**
   * Sum of (candidate approval - base approval) * the mean latency of the quote's segment: div over all approved quotes of the
   * snapshot with a latency, in or out of scope; over all segments where the segment has none. Null where no quote has one.
   */
  readonly latency_delta_seconds: number | null
}

/**
 * Sums of (candidate - base) over scored quotes by slope shift. Expected deltas are win_ppm * profit, in ppm-cents, quotes with
 * cost; in the worst case with the candidate's win as in support.ts on impacted extrapolated quotes, as fitted on all others.
 */
export interface FitSums {
  readonly win_ppm_delta: BySlope
  readonly expected_delta: BySlope
  readonly worst_case_expected_delta: BySlope
}

/** One sum for each slope shift. */
export type BySlope = Readonly<Record<SlopeShift, bigint>>

/** One segment, region or rule, with the full fit at the point slope (expected and win are null without a model). */
export interface SliceSums {
  readonly scored: number
  readonly with_cost: number
  readonly impacted: number
  readonly margin_bps_delta: number
  readonly approvals_delta: number
  readonly violations_delta: number
  readonly win_ppm_delta: bigint | null
  readonly expected_delta: bigint | null
}

export const MOVERS_MAX = 10

/** Upper bounds (inclusive) in bps of the histogram's bins; a last bin holds what is larger. */
export const MARGIN_DELTA_BINS = [-500, -200, -100, -50, -20, -1, 0, 19, 49, 99, 199, 499] as const

/**
 * An engine. It MUST return one ReplaySums per candidate in order, equal to the oracle's to the last integer, for any row
 * order and any number of threads. It MUST NOT skip quotes, sample, or use floating sums.
 */
export interface ReplayEngine {
  readonly name: 'oracle' | 'columnar' | 'sql' | 'clickhouse'
  evaluate(task: ReplayTask, progress?: (done: number, total: number) => void): Promise<readonly ReplaySums[]>
  /** Replays settings of one policy by the thousand; absent or null where the engine has no faster way than `evaluate`. */
  settings?(task: SettingsTask): SettingsReplay | null
  close(): Promise<void>
}
