import { GROUPS } from '../../domain/quote.ts'
import type { GroupSums, ReplaySums, SliceSums } from '../../domain/replay.ts'
import { compareText } from '../../domain/text.ts'
import {
  BASE_GROUP,
  BASE_SLICE,
  type BaseLayout,
  BIN_COUNT,
  type CandidateLayout,
  GROUP,
  SHIFT_COUNT,
  SLICE,
  ZERO_BIN,
} from './layout.ts'
import type { CandidatePartition } from './partition.ts'
import { PPM_CENTS_CELLS, readCents, readPpmCents } from './wide.ts'

/** The names behind the codes, and what is known at all. */
export interface Naming {
  readonly segments: readonly string[]
  readonly regions: readonly string[]
  readonly ruleIds: readonly string[]
  /** Number of fits; null without a model. */
  readonly fits: number | null
  readonly latenciesKnown: boolean
  readonly baseLayout: BaseLayout
  readonly layout: CandidateLayout
}

/** Turns the cells of all partitions of one candidate into its sums. */
export function assembleSums(naming: Naming, base: Float64Array, candidate: CandidatePartition): ReplaySums {
  const { baseLayout, layout } = naming
  const { cells } = candidate
  const inBase = (cell: number): number => base[cell] as number
  const inCandidate = (cell: number): number => cells[cell] as number
  const groups = Array.from({ length: GROUPS }, (_, group) => groupSums(naming, base, cells, group))
  const scored = sumOf(groups, group => group.scored)
  const support = (at: number): number => inBase(baseLayout.support + at) + inCandidate(layout.support + at)
  return {
    in_scope: inBase(baseLayout.inScope),
    open: inBase(baseLayout.open),
    not_replayable: {
      attribute_absent: inBase(baseLayout.attributeAbsent) + inCandidate(layout.attributeAbsent),
      cost_absent: inBase(baseLayout.costAbsent) + inCandidate(layout.costAbsent),
    },
    not_replayable_base: inBase(baseLayout.attributeAbsent) + inBase(baseLayout.costAbsent),
    scored,
    groups,
    response: naming.fits === null ? null : fitSums(naming.fits, layout, cells),
    by_segment: scoredSlices(naming, base, cells, 'segments'),
    by_region: scoredSlices(naming, base, cells, 'regions'),
    by_rule: ruleSlices(naming, cells),
    impacted_cohorts: cohorts(naming, candidate.cohorts),
    support: { observed: support(0), reweighted: support(1), extrapolated: support(2) },
    impacted: inCandidate(layout.impacted),
    impacted_value_cents: readCents(cells, layout.impactedValue),
    value_cents: groups.reduce((sum, group) => sum + group.base_net_cents, 0n),
    impacted_clusters: bitsIn(candidate.clusters),
    impacted_thin: inCandidate(layout.impactedThin),
    margin_delta_histogram: Array.from(
      { length: BIN_COUNT },
      (_, bin) => inCandidate(layout.bins + bin) + (bin === ZERO_BIN ? baseWithCost(naming, base) : 0),
    ),
    losing_rows: candidate.losing.map(mover => mover.row),
    gaining_rows: candidate.gaining.map(mover => mover.row),
  }
}

const sumOf = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((sum, item) => sum + of(item), 0)

function baseWithCost({ baseLayout }: Naming, base: Float64Array): number {
  let sum = 0
  for (let group = 0; group < GROUPS; group += 1) {
    sum += base[baseLayout.groups + group * BASE_GROUP.cells + BASE_GROUP.withCost] as number
  }
  return sum
}

function groupSums(
  { baseLayout, layout, latenciesKnown }: Naming,
  base: Float64Array,
  cells: Float64Array,
  group: number,
): GroupSums {
  const was = baseLayout.groups + group * BASE_GROUP.cells
  const is = layout.groups + group * GROUP.cells
  const kept = (field: number, lost: number): number =>
    (base[was + field] as number) - (cells[is + lost] as number)
  const approvals = kept(BASE_GROUP.approvals, GROUP.lostApprovals)
  const violations = kept(BASE_GROUP.violations, GROUP.lostViolations)
  const ofBase = baseCents(base, baseLayout)[group] as GroupCents
  const net = less(ofBase.net, readCents(cells, is + GROUP.lostNet))
  const profit = less(ofBase.profit, readCents(cells, is + GROUP.lostProfit))
  const netWithCost = less(ofBase.netWithCost, readCents(cells, is + GROUP.lostNetWithCost))
  const netDelta = readCents(cells, is + GROUP.netDelta)
  const profitDelta = readCents(cells, is + GROUP.profitDelta)
  return {
    scored: kept(BASE_GROUP.scored, GROUP.lostScored),
    with_cost: kept(BASE_GROUP.withCost, GROUP.lostWithCost),
    margin_bps_delta: cells[is + GROUP.marginDelta] as number,
    base_net_cents: net,
    candidate_net_cents: plus(net, netDelta),
    base_profit_cents: profit,
    candidate_profit_cents: plus(profit, profitDelta),
    base_net_with_cost_cents: netWithCost,
    candidate_net_with_cost_cents: plus(netWithCost, profitDelta),
    base_approvals: approvals,
    candidate_approvals: approvals + (cells[is + GROUP.approvalsDelta] as number),
    base_violations: violations,
    candidate_violations: violations + (cells[is + GROUP.violationsDelta] as number),
    approval_lost_value_cents: readCents(cells, is + GROUP.approvalLost),
    latency_delta_seconds: latenciesKnown ? (cells[is + GROUP.latencyDelta] as number) : null,
  }
}

interface GroupCents {
  readonly net: bigint
  readonly profit: bigint
  readonly netWithCost: bigint
}

/** Wide integers of a base by group, made once for all its candidates. */
const knownCents = new WeakMap<Float64Array, readonly GroupCents[]>()

function baseCents(base: Float64Array, layout: BaseLayout): readonly GroupCents[] {
  let cents = knownCents.get(base)
  if (cents === undefined) {
    cents = Array.from({ length: GROUPS }, (_, group) => {
      const at = layout.groups + group * BASE_GROUP.cells
      return {
        net: readCents(base, at + BASE_GROUP.net),
        profit: readCents(base, at + BASE_GROUP.profit),
        netWithCost: readCents(base, at + BASE_GROUP.netWithCost),
      }
    })
    knownCents.set(base, cents)
  }
  return cents
}

/** The sum itself where nothing is added: most candidates leave most groups as they are, and wide integers are not free. */
const plus = (sum: bigint, delta: bigint): bigint => (delta === 0n ? sum : sum + delta)
const less = (sum: bigint, delta: bigint): bigint => (delta === 0n ? sum : sum - delta)

function fitSums(
  fits: number,
  layout: CandidateLayout,
  cells: Float64Array,
): NonNullable<ReplaySums['response']> {
  return Array.from({ length: fits }, (_, fit) => {
    const win = (shift: number): bigint => BigInt(cells[layout.win + fit * SHIFT_COUNT + shift] as number)
    const cents = (sums: number, shift: number): bigint =>
      readPpmCents(cells, sums + (fit * SHIFT_COUNT + shift) * PPM_CENTS_CELLS)
    const expected = (shift: number): bigint => cents(layout.expected, shift)
    const worst = (shift: number): bigint => expected(shift) + cents(layout.worst, shift)
    return {
      win_ppm_delta: { low: win(0), point: win(1), high: win(2) },
      expected_delta: { low: expected(0), point: expected(1), high: expected(2) },
      worst_case_expected_delta: { low: worst(0), point: worst(1), high: worst(2) },
    }
  })
}

function scoredSlices(
  naming: Naming,
  base: Float64Array,
  cells: Float64Array,
  dimension: 'segments' | 'regions',
): Readonly<Record<string, SliceSums>> {
  return sortedRecord(
    naming[dimension].flatMap((key, code) => {
      const was = naming.baseLayout[dimension] + code * BASE_SLICE.cells
      const is = naming.layout[dimension] + code * SLICE.cells
      const scored = (base[was + BASE_SLICE.scored] as number) - (cells[is + SLICE.lostScored] as number)
      const withCost =
        (base[was + BASE_SLICE.withCost] as number) - (cells[is + SLICE.lostWithCost] as number)
      return scored === 0 ? [] : [[key, sliceSums(naming, cells, is, scored, withCost)] as const]
    }),
  )
}

/** A rule's slice holds impacted quotes alone. */
const ruleSlices = (naming: Naming, cells: Float64Array): Readonly<Record<string, SliceSums>> =>
  sortedRecord(
    naming.ruleIds.flatMap((id, rule) => {
      const at = naming.layout.rules + rule * SLICE.cells
      const impacted = cells[at + SLICE.impacted] as number
      const withCost = cells[at + SLICE.impactedWithCost] as number
      return impacted === 0 ? [] : [[id, sliceSums(naming, cells, at, impacted, withCost)] as const]
    }),
  )

const sliceSums = (
  { fits }: Naming,
  cells: Float64Array,
  at: number,
  scored: number,
  withCost: number,
): SliceSums => ({
  scored,
  with_cost: withCost,
  impacted: cells[at + SLICE.impacted] as number,
  margin_bps_delta: cells[at + SLICE.marginDelta] as number,
  approvals_delta: cells[at + SLICE.approvalsDelta] as number,
  violations_delta: cells[at + SLICE.violationsDelta] as number,
  win_ppm_delta: fits === null ? null : BigInt(cells[at + SLICE.winDelta] as number),
  expected_delta: fits === null ? null : readPpmCents(cells, at + SLICE.expected),
})

function cohorts(naming: Naming, counts: ReadonlyMap<number, number>): Readonly<Record<string, number>> {
  const regions = naming.regions.length
  const named = new Map<string, number>()
  for (const [cohort, count] of counts) {
    const name = `${naming.segments[Math.floor(cohort / regions)]}/${naming.regions[cohort % regions]}`
    named.set(name, (named.get(name) ?? 0) + count)
  }
  return sortedRecord([...named])
}

const sortedRecord = <T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> =>
  Object.fromEntries(entries.toSorted(([left], [right]) => compareText(left, right)))

function bitsIn(bytes: Uint8Array): number {
  let bits = 0
  for (let rest of bytes) for (; rest !== 0; rest &= rest - 1) bits += 1
  return bits
}
