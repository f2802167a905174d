import { GROUPS } from '../../domain/quote.ts'
import { MARGIN_DELTA_BINS } from '../../domain/replay.ts'
import { SLOPE_SHIFTS } from '../../domain/response.ts'
import { CENTS_CELLS, PPM_CENTS_CELLS } from './wide.ts'

/*
 * Where each sum lies. All sums of a base, and all of a candidate, are cells of one Float64Array that starts at zero, so
 * that partitions are merged by adding arrays. The base's sums are over the quotes it decides. A candidate's are
 * corrections to them: what is lost with quotes it does not decide, and differences on impacted quotes. So a candidate
 * costs work only where it changes something.
 */

export const BIN_COUNT = MARGIN_DELTA_BINS.length + 1
/** The bin of quotes whose margin stays. */
export const ZERO_BIN = MARGIN_DELTA_BINS.indexOf(0)
export const SHIFT_COUNT = SLOPE_SHIFTS.length

/** Fields of a group or slice of the base: plain cells, then sums of cents. */
export const BASE_GROUP = {
  scored: 0,
  withCost: 1,
  approvals: 2,
  violations: 3,
  net: 4,
  profit: 6,
  netWithCost: 8,
  cells: 10,
} as const
export const BASE_SLICE = { scored: 0, withCost: 1, cells: 2 } as const

export interface BaseLayout {
  readonly inScope: number
  readonly open: number
  readonly attributeAbsent: number
  readonly costAbsent: number
  readonly support: number
  readonly groups: number
  readonly segments: number
  readonly regions: number
  readonly cells: number
}

export function baseLayout(segments: number, regions: number): BaseLayout {
  const take = allocator()
  return {
    inScope: take(1),
    open: take(1),
    attributeAbsent: take(1),
    costAbsent: take(1),
    support: take(3),
    groups: take(GROUPS * BASE_GROUP.cells),
    segments: take(segments * BASE_SLICE.cells),
    regions: take(regions * BASE_SLICE.cells),
    cells: take(0),
  }
}

/** Fields of a group of a candidate. `lost…` is what the base decides and the candidate does not. */
export const GROUP = {
  lostScored: 0,
  lostWithCost: 1,
  lostApprovals: 2,
  lostViolations: 3,
  marginDelta: 4,
  approvalsDelta: 5,
  violationsDelta: 6,
  latencyDelta: 7,
  lostNet: 8,
  lostProfit: 10,
  lostNetWithCost: 12,
  netDelta: 14,
  /** Difference of profit, and of the net of quotes with cost: costs are the same under both. */
  profitDelta: 16,
  approvalLost: 18,
  cells: 20,
} as const

/** Fields of a segment, region or rule of a candidate. */
export const SLICE = {
  lostScored: 0,
  lostWithCost: 1,
  impacted: 2,
  impactedWithCost: 3,
  marginDelta: 4,
  approvalsDelta: 5,
  violationsDelta: 6,
  winDelta: 7,
  expected: 8,
  cells: 8 + PPM_CENTS_CELLS,
} as const

export interface CandidateLayout {
  readonly attributeAbsent: number
  readonly costAbsent: number
  readonly support: number
  readonly bins: number
  readonly impacted: number
  readonly impactedThin: number
  readonly impactedValue: number
  readonly groups: number
  /** [fit][shift], plain. */
  readonly win: number
  /** [fit][shift] sums of ppm-cents. */
  readonly expected: number
  /** [fit][shift] sums of ppm-cents: worst case less modelled. */
  readonly worst: number
  readonly segments: number
  readonly regions: number
  readonly rules: number
  readonly cells: number
}

export function candidateLayout(shape: {
  readonly segments: number
  readonly regions: number
  readonly rules: number
  readonly fits: number
}): CandidateLayout {
  const take = allocator()
  return {
    attributeAbsent: take(1),
    costAbsent: take(1),
    support: take(3),
    bins: take(BIN_COUNT),
    impacted: take(1),
    impactedThin: take(1),
    impactedValue: take(CENTS_CELLS),
    groups: take(GROUPS * GROUP.cells),
    win: take(shape.fits * SHIFT_COUNT),
    expected: take(shape.fits * SHIFT_COUNT * PPM_CENTS_CELLS),
    worst: take(shape.fits * SHIFT_COUNT * PPM_CENTS_CELLS),
    segments: take(shape.segments * SLICE.cells),
    regions: take(shape.regions * SLICE.cells),
    rules: take(shape.rules * SLICE.cells),
    cells: take(0),
  }
}

function allocator(): (cells: number) => number {
  let next = 0
  return cells => {
    const at = next
    next += cells
    return at
  }
}
