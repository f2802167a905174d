import { GROUPS } from '../../../domain/quote.ts'
import type { SettingSums } from '../../../domain/settings.ts'
import type { Naming } from '../assemble.ts'
import { assembleSums } from '../assemble.ts'
import { BASE_GROUP, type BaseLayout, type CandidateLayout, GROUP, SHIFT_COUNT, SLICE } from '../layout.ts'
import { addCents, PPM_CENTS_CELLS } from '../wide.ts'
import { CLASS_GROUP, type ClassLayout } from './class-vector.ts'

/** Slices that a class belongs to. */
export interface ClassPlace {
  readonly segment: number
  readonly region: number
  /** Whether no proposal may touch it. */
  readonly thin: boolean
}

/** Adds the sums of one class to the cells of a candidate. */
export function addClass(
  cells: Float64Array,
  layout: CandidateLayout,
  sums: Float64Array,
  from: ClassLayout,
  place: ClassPlace,
): void {
  addSlices(cells, layout, sums, from, place)
  const add = (cell: number, at: number): void => {
    cells[cell] = (cells[cell] as number) + (sums[at] as number)
  }
  const addWide = (cell: number, at: number): void => {
    add(cell, at)
    add(cell + 1, at + 1)
  }
  for (let sort = 0; sort < 3; sort += 1) add(layout.support + sort, from.support + sort)
  add(layout.impacted, from.impacted)
  for (let group = 0; group < GROUPS; group += 1) {
    const was = from.groups + group * CLASS_GROUP.cells
    const is = layout.groups + group * GROUP.cells
    add(is + GROUP.marginDelta, was + CLASS_GROUP.marginDelta)
    add(is + GROUP.approvalsDelta, was + CLASS_GROUP.approvalsDelta)
    add(is + GROUP.violationsDelta, was + CLASS_GROUP.violationsDelta)
    add(is + GROUP.latencyDelta, was + CLASS_GROUP.latencyDelta)
    addWide(is + GROUP.netDelta, was + CLASS_GROUP.netDelta)
    addWide(is + GROUP.profitDelta, was + CLASS_GROUP.profitDelta)
    addWide(is + GROUP.approvalLost, was + CLASS_GROUP.approvalLost)
  }
  for (let at = 0; at < from.responses; at += 1) add(layout.win + at, from.win + at)
  for (let at = 0; at < from.responses * PPM_CENTS_CELLS; at += 1) {
    add(layout.expected + at, from.expected + at)
    add(layout.worst + at, from.worst + at)
  }
}

/** Adds the sums of one class to the segment and the region it lies in. */
function addSlices(
  cells: Float64Array,
  layout: CandidateLayout,
  sums: Float64Array,
  from: ClassLayout,
  place: ClassPlace,
): void {
  const add = (cell: number, amount: number): void => {
    cells[cell] = (cells[cell] as number) + amount
  }
  const impacted = sums[from.impacted] as number
  if (place.thin) add(layout.impactedThin, impacted)
  let [margin, approvals, violations] = [0, 0, 0]
  for (let group = 0; group < GROUPS; group += 1) {
    const at = from.groups + group * CLASS_GROUP.cells
    margin += sums[at + CLASS_GROUP.marginDelta] as number
    approvals += sums[at + CLASS_GROUP.approvalsDelta] as number
    violations += sums[at + CLASS_GROUP.violationsDelta] as number
  }
  for (const slice of [
    layout.segments + place.segment * SLICE.cells,
    layout.regions + place.region * SLICE.cells,
  ]) {
    add(slice + SLICE.impacted, impacted)
    add(slice + SLICE.marginDelta, margin)
    add(slice + SLICE.approvalsDelta, approvals)
    add(slice + SLICE.violationsDelta, violations)
    if (from.responses === 0) continue
    add(slice + SLICE.winDelta, sums[from.win + POINT] as number)
    for (let limb = 0; limb < PPM_CENTS_CELLS; limb += 1) {
      add(slice + SLICE.expected + limb, sums[from.expected + POINT * PPM_CENTS_CELLS + limb] as number)
    }
  }
}

/** The full fit at the point slope. */
const POINT = Math.floor(SHIFT_COUNT / 2)

/** The base's sums moved to a setting: what the setting is as a base of its own. Right where both decide the same rows. */
export function rebased(
  base: Float64Array,
  baseLayout: BaseLayout,
  cells: Float64Array,
  layout: CandidateLayout,
): Float64Array {
  const moved = base.slice()
  const add = (cell: number, from: number): void => {
    moved[cell] = (moved[cell] as number) + (cells[from] as number)
  }
  const addWide = (cell: number, from: number): void => {
    addCents(moved, cell, cells[from] as number)
    add(cell + 1, from + 1)
  }
  for (let sort = 0; sort < 3; sort += 1) add(baseLayout.support + sort, layout.support + sort)
  for (let group = 0; group < GROUPS; group += 1) {
    const to = baseLayout.groups + group * BASE_GROUP.cells
    const from = layout.groups + group * GROUP.cells
    add(to + BASE_GROUP.approvals, from + GROUP.approvalsDelta)
    add(to + BASE_GROUP.violations, from + GROUP.violationsDelta)
    addWide(to + BASE_GROUP.net, from + GROUP.netDelta)
    addWide(to + BASE_GROUP.profit, from + GROUP.profitDelta)
    addWide(to + BASE_GROUP.netWithCost, from + GROUP.profitDelta)
  }
  return moved
}

/** Names the sums that are known of a setting. */
export function settingSumsOf(naming: Naming, base: Float64Array, cells: Float64Array): SettingSums {
  const sums = assembleSums(naming, base, {
    cells,
    clusters: NO_CLUSTERS,
    cohorts: new Map(),
    losing: [],
    gaining: [],
  })
  const { in_scope, open, not_replayable, not_replayable_base, scored, groups, response } = sums
  const { by_segment, by_region, support, impacted, impacted_thin, value_cents } = sums
  return {
    in_scope,
    open,
    not_replayable,
    not_replayable_base,
    scored,
    groups,
    response,
    by_segment,
    by_region,
    support,
    impacted,
    impacted_thin,
    value_cents,
  }
}

const NO_CLUSTERS = new Uint8Array(0)
