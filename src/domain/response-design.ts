import type { ResponseCells } from './response-cells.ts'
import type { LogisticDesign } from './ridge-logistic.ts'

/** Discounts enter the fit in units of ten percent, so that all coefficients are of the same order. */
export const BPS_PER_DISCOUNT_UNIT = 1000

/** Just enough to keep an unidentified coefficient at zero. */
const BARE_PENALTY = 0.01

/** Where each coefficient stands in the vector of a fit. */
export interface CoefficientPlan {
  readonly intercept: 0
  /** First level of each factor. */
  readonly factors: readonly number[]
  readonly size: number
  readonly approval: number
  readonly pooledSlope: number
  /** First segment's own slope, a difference from the pooled one. */
  readonly segmentSlopes: number
  readonly segments: number
  readonly count: number
}

/** How strongly effects are shrunk: those of levels and size classes to zero, segments' slopes to the pooled one. */
export interface RidgeStrength {
  readonly levels: number
  readonly slopes: number
}

export function planOf(cells: ResponseCells): CoefficientPlan {
  let next = 1
  const factors = cells.factors.map(factor => {
    const start = next
    next += factor.levels.length
    return start
  })
  const size = next
  const approval = size + cells.sizeBoundsCents.length + 1
  const segments = cells.factors[0]?.levels.length ?? 0
  return {
    intercept: 0,
    factors,
    size,
    approval,
    pooledSlope: approval + 1,
    segmentSlopes: approval + 2,
    segments,
    count: approval + 2 + segments,
  }
}

/** Rows of the regression. Segments in `flat` (by position; -1 for those without a level) get no slope at all. */
export function designOf(
  cells: ResponseCells,
  plan: CoefficientPlan,
  flat: ReadonlySet<number>,
): LogisticDesign {
  const width = cells.factors.length + 5
  const index = new Int32Array(cells.cells * width).fill(-1)
  const weight = new Float64Array(cells.cells * width).fill(1)
  for (let cell = 0; cell < cells.cells; cell += 1) {
    let at = cell * width
    index[at++] = plan.intercept
    for (const [factor, levels] of cells.levels.entries()) {
      const level = levels[cell] as number
      index[at++] = level < 0 ? -1 : (plan.factors[factor] as number) + level
    }
    index[at++] = plan.size + (cells.size[cell] as number)
    index[at++] = cells.approval[cell] === 1 ? plan.approval : -1
    const segment = cells.levels[0]?.[cell] ?? -1
    if (flat.has(segment)) continue
    const discount = (cells.discountBps[cell] as number) / BPS_PER_DISCOUNT_UNIT
    weight[at] = discount
    index[at++] = plan.pooledSlope
    weight[at] = discount
    index[at] = segment < 0 ? -1 : plan.segmentSlopes + segment
  }
  return { rows: cells.cells, width, coefficients: plan.count, index, weight }
}

export function penaltyOf(plan: CoefficientPlan, ridge: RidgeStrength): Float64Array {
  const penalty = new Float64Array(plan.count).fill(ridge.levels)
  penalty[plan.intercept] = BARE_PENALTY
  penalty[plan.approval] = BARE_PENALTY
  penalty[plan.pooledSlope] = BARE_PENALTY
  penalty.fill(ridge.slopes, plan.segmentSlopes)
  return penalty
}

/** Slope of a segment by position (-1: without a level), per ten percent of discount, of either sign; 0 where flat. */
export function slopeOf(
  coefficients: Float64Array,
  plan: CoefficientPlan,
  flat: ReadonlySet<number>,
  segment: number,
): number {
  if (flat.has(segment)) return 0
  const own = segment < 0 ? 0 : (coefficients[plan.segmentSlopes + segment] as number)
  return (coefficients[plan.pooledSlope] as number) + own
}
