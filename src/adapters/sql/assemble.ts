import { GROUPS } from '../../domain/quote.ts'
import {
  type BySlope,
  type FitSums,
  type GroupSums,
  MARGIN_DELTA_BINS,
  type ReplaySums,
  type SliceSums,
} from '../../domain/replay.ts'
import { SUPPORT_CLASSES } from '../../domain/support.ts'
import { compareText } from '../../domain/text.ts'
import { EVERY_RULE } from './scored.ts'

/** A row as the database answers: integers wide or not, texts, truths; NULL where nothing was summed. */
export type Row = Readonly<Record<string, unknown>>

/** The answers to the questions about one candidate. */
export interface Answers {
  readonly counts: Row
  readonly latenciesKnown: boolean
  readonly clusters: Row
  readonly byDimension: readonly Row[]
  readonly byRule: readonly Row[]
  readonly ruleIds: readonly string[]
  /** By fit; null without a model. */
  readonly response: { readonly fits: number; readonly rows: readonly Row[] } | null
  readonly losing: readonly Row[]
  readonly gaining: readonly Row[]
}

/** The answers as ReplaySums; what the database summed over no row is zero. */
export function assembleSums(answers: Answers): ReplaySums {
  const { counts, byDimension, response } = answers
  const of = (dimension: string): readonly Row[] => byDimension.filter(row => row.dimension === dimension)
  const withModel = response !== null
  const all = of('all')[0] ?? {}
  const groups = groupSums(of('group'), answers.latenciesKnown)
  const countBy = (rows: readonly Row[], column: string, key: string | number): number =>
    count(rows.find(row => row[column] !== null && String(row[column]) === String(key)) ?? {}, 'scored')
  const [observed, reweighted, extrapolated] = SUPPORT_CLASSES.map(name =>
    countBy(of('support'), 'support_key', name),
  ) as [number, number, number]
  return {
    in_scope: count(counts, 'in_scope_quotes'),
    open: count(counts, 'open_quotes'),
    not_replayable: {
      attribute_absent: count(counts, 'attribute_absent'),
      cost_absent: count(counts, 'cost_absent'),
    },
    not_replayable_base: count(counts, 'not_replayable_base'),
    scored: count(all, 'scored'),
    groups,
    response: response === null ? null : fitSums(response),
    by_segment: slices(of('segment'), row => row.segment_key as string, withModel),
    by_region: slices(of('region'), row => row.region_key as string, withModel),
    by_rule: slices(
      answers.byRule.filter(row => Number(row.rule) !== EVERY_RULE),
      row => answers.ruleIds[Number(row.rule)] as string,
      withModel,
    ),
    impacted_cohorts: sortedRecord(
      of('cohort')
        .filter(row => count(row, 'impacted_quotes') > 0)
        .map(row => [`${row.segment_key}/${row.region_key}`, count(row, 'impacted_quotes')]),
      (left, right) => left + right,
    ),
    support: { observed, reweighted, extrapolated },
    impacted: count(all, 'impacted_quotes'),
    impacted_value_cents: wide(all, 'impacted_value_cents'),
    value_cents: wide(all, 'base_net_cents'),
    impacted_clusters: count(answers.clusters, 'impacted_clusters'),
    impacted_thin: count(all, 'impacted_thin_quotes'),
    margin_delta_histogram: Array.from({ length: MARGIN_DELTA_BINS.length + 1 }, (_, bin) =>
      countBy(of('margin_bin'), 'margin_bin_key', bin),
    ),
    losing_rows: answers.losing.map(row => count(row, 'place')),
    gaining_rows: answers.gaining.map(row => count(row, 'place')),
  }
}

const wide = (row: Row, column: string): bigint => BigInt((row[column] ?? 0) as bigint | number)

/** A sum that stays within 2^53 - 1 by its meaning; one that does not is a bug. */
function count(row: Row, column: string): number {
  const number = Number(wide(row, column))
  if (!Number.isSafeInteger(number)) throw new Error(`\`${column}\` is too large to be counted`)
  return number
}

function groupSums(rows: readonly Row[], latenciesKnown: boolean): readonly GroupSums[] {
  const byGroup = new Map(rows.map(row => [Number(row.quote_group_key), row]))
  return Array.from({ length: GROUPS }, (_, group) => {
    const row = byGroup.get(group) ?? {}
    return {
      scored: count(row, 'scored'),
      with_cost: count(row, 'with_cost'),
      margin_bps_delta: count(row, 'margin_bps_delta'),
      base_net_cents: wide(row, 'base_net_cents'),
      candidate_net_cents: wide(row, 'candidate_net_cents'),
      base_profit_cents: wide(row, 'base_profit_cents'),
      candidate_profit_cents: wide(row, 'candidate_profit_cents'),
      base_net_with_cost_cents: wide(row, 'base_net_with_cost_cents'),
      candidate_net_with_cost_cents: wide(row, 'candidate_net_with_cost_cents'),
      base_approvals: count(row, 'base_approvals'),
      candidate_approvals: count(row, 'candidate_approvals'),
      base_violations: count(row, 'base_violation_count'),
      candidate_violations: count(row, 'candidate_violation_count'),
      approval_lost_value_cents: wide(row, 'approval_lost_value_cents'),
      latency_delta_seconds: latenciesKnown ? count(row, 'latency_delta_seconds') : null,
    }
  })
}

const byShift = (row: Row, name: string): BySlope => ({
  low: wide(row, `${name}_low`),
  point: wide(row, `${name}_point`),
  high: wide(row, `${name}_high`),
})

function fitSums({ fits, rows }: NonNullable<Answers['response']>): readonly FitSums[] {
  const byFit = new Map(rows.map(row => [Number(row.fit), row]))
  return Array.from({ length: fits }, (_, fit) => {
    const row = byFit.get(fit) ?? {}
    return {
      win_ppm_delta: byShift(row, 'win'),
      expected_delta: byShift(row, 'expected'),
      worst_case_expected_delta: byShift(row, 'worst'),
    }
  })
}

const slices = (
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  withModel: boolean,
): Readonly<Record<string, SliceSums>> =>
  sortedRecord(
    rows.map(row => [
      keyOf(row),
      {
        scored: count(row, 'scored'),
        with_cost: count(row, 'with_cost'),
        impacted: count(row, 'impacted_quotes'),
        margin_bps_delta: count(row, 'margin_bps_delta'),
        approvals_delta: count(row, 'candidate_approvals') - count(row, 'base_approvals'),
        violations_delta: count(row, 'candidate_violation_count') - count(row, 'base_violation_count'),
        win_ppm_delta: withModel ? wide(row, 'win_ppm_delta') : null,
        expected_delta: withModel ? wide(row, 'expected_ppm_cents_delta') : null,
      },
    ]),
  )

/** Entries by key in UTF-8 order. Two cohorts may share a name (`a/b` in `c`, `a` in `b/c`): they are put together. */
function sortedRecord<T>(
  entries: readonly (readonly [string, T])[],
  together: (left: T, right: T) => T = (_, right) => right,
): Readonly<Record<string, T>> {
  const named = new Map<string, T>()
  for (const [key, value] of entries) {
    named.set(key, named.has(key) ? together(named.get(key) as T, value) : value)
  }
  return Object.fromEntries([...named].toSorted(([left], [right]) => compareText(left, right)))
}
