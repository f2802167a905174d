import { GROUPS, OUTCOMES, type QuoteColumns } from './quote.ts'
import type { FittedResponseModel } from './response.ts'
import { cellsOf, countsWithout, type ResponseCells } from './response-cells.ts'
import { chooseRidge, type FoldPrediction } from './response-crossval.ts'
import { type CoefficientPlan, designOf, penaltyOf, planOf, type RidgeStrength } from './response-design.ts'
import { freezeResponse } from './response-freeze.ts'
import { isFalling } from './response-slopes.ts'
import { fitLogistic } from './ridge-logistic.ts'
import type { JsonObject } from './units.ts'

/** Fewer wins or losses than this say nothing about a dozen coefficients. */
const OUTCOMES_MIN = 30

export interface FitOptions {
  /** A segment with fewer closed quotes is thin. */
  readonly thinSegmentQuotes: number
  /** Half-width of the slope range as a share of the pooled slope. */
  readonly sensitivityOffsetShare: number
  /** Words of attributes that no model may use; default PROTECTED_ATTRIBUTES_DEFAULT. */
  readonly protectedAttributes?: readonly string[]
}

/** Why no response can be learnt from a history. */
export type UnfittableReason =
  | 'no_losses'
  | 'no_wins'
  | 'too_few_outcomes'
  | 'no_price_variation'
  | 'too_few_groups'

export type FitOutcome =
  | { readonly kind: 'fitted'; readonly model: FittedResponseModel }
  | { readonly kind: 'unfittable'; readonly reason: UnfittableReason; readonly facts: JsonObject }

/** Everything that freezing needs. Fit 0 is on all quotes, fit g + 1 without group g. */
export interface FloatingResponse {
  readonly cells: ResponseCells
  readonly plan: CoefficientPlan
  readonly ridge: RidgeStrength
  /** Segments by position whose slope is held at zero, in every fit. */
  readonly flat: ReadonlySet<number>
  /** Coefficients by `plan`. */
  readonly fits: readonly Float64Array[]
  readonly groupsUsed: readonly number[]
  readonly folds: readonly FoldPrediction[]
}

/**
 * Fits the response model of DESIGN section 7 to the closed quotes of a history and freezes it. Ridge logistic regression on
 * counts per cell; slopes of segments are shrunk to the pooled one. A segment in which discounts lose deals beyond chance is held
 * at zero and the rest fitted again. A slope that chance alone took below zero stays as fitted, and is held to the sensible sign
 * where an offer moves (`slopeNano`): held in the fit, it would look surer than it is. Deterministic.
 */
export function fitResponse(columns: QuoteColumns, options: FitOptions): FitOutcome {
  const floating = fitFloating(columns, options.protectedAttributes)
  return 'reason' in floating
    ? { kind: 'unfittable', ...floating }
    : { kind: 'fitted', model: freezeResponse(columns, floating, options) }
}

/** The same before freezing, for the bound on the freezing error. */
export function fitFloating(
  columns: QuoteColumns,
  protectedWords?: readonly string[],
): FloatingResponse | { readonly reason: UnfittableReason; readonly facts: JsonObject } {
  const counted = countOutcomes(columns)
  if (counted.reason !== null) return { reason: counted.reason, facts: counted.facts }
  const cells = cellsOf(columns, GROUPS, protectedWords)
  const groupsUsed = usedGroups(cells)
  if (groupsUsed.length < 2) return { reason: 'too_few_groups', facts: { groups: groupsUsed.length } }

  const plan = planOf(cells)
  const { ridge, folds } = chooseRidge(cells, plan, groupsUsed)
  let flat: ReadonlySet<number> = new Set()
  for (;;) {
    const fits = fitEach(cells, plan, ridge, groupsUsed, flat)
    const floating = { cells, plan, ridge, flat, fits, groupsUsed, folds }
    const falling = segmentsOf(cells).filter(segment => isFalling(floating, segment))
    if (falling.length === 0) return floating
    flat = new Set([...flat, ...falling])
  }
}

/** The fit on all quotes, and the fits without each group. */
function fitEach(
  cells: ResponseCells,
  plan: CoefficientPlan,
  ridge: RidgeStrength,
  groupsUsed: readonly number[],
  flat: ReadonlySet<number>,
): readonly Float64Array[] {
  const design = designOf(cells, plan, flat)
  const penalty = penaltyOf(plan, ridge)
  const full = fitLogistic(design, cells, penalty, new Float64Array(plan.count))
  const without = Array.from({ length: GROUPS }, (_, group) =>
    groupsUsed.includes(group) ? fitLogistic(design, countsWithout(cells, [group]), penalty, full) : full,
  )
  return [full, ...without]
}

/** Positions of the segments that occur, -1 when some quotes have none. */
const segmentsOf = (cells: ResponseCells): readonly number[] => [...new Set(cells.levels[0] ?? [])]

function usedGroups(cells: ResponseCells): readonly number[] {
  const used: number[] = []
  for (let group = 0; group < GROUPS; group += 1) {
    if ((cells.groupStart[group + 1] as number) > (cells.groupStart[group] as number)) used.push(group)
  }
  return used
}

function countOutcomes(columns: QuoteColumns): {
  readonly reason: UnfittableReason | null
  readonly facts: JsonObject
} {
  let won = 0
  let lost = 0
  const discounts = new Set<number>()
  for (let row = 0; row < columns.rows; row += 1) {
    const outcome = OUTCOMES[columns.outcome[row] as number]
    if (outcome === 'open') continue
    if (outcome === 'won') won += 1
    else lost += 1
    discounts.add(columns.grantedDiscountBps[row] as number)
  }
  const facts = { won, lost, distinct_discounts: discounts.size }
  if (lost === 0) return { reason: 'no_losses', facts }
  if (won === 0) return { reason: 'no_wins', facts }
  if (Math.min(won, lost) < OUTCOMES_MIN) return { reason: 'too_few_outcomes', facts }
  if (discounts.size < 2) return { reason: 'no_price_variation', facts }
  return { reason: null, facts }
}
