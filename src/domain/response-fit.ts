import { GROUPS, OUTCOMES, type QuoteColumns } from './quote.ts'
import type { FittedResponseModel } from './response.ts'
import { cellsOf, countsWithout, type ResponseCells } from './response-cells.ts'
import { chooseRidge, type FoldPrediction } from './response-crossval.ts'
import {
  type CoefficientPlan,
  designOf,
  penaltyOf,
  planOf,
  type RidgeStrength,
  slopeOf,
} from './response-design.ts'
import { freezeResponse } from './response-freeze.ts'
import { type Counts, fitLogistic } from './ridge-logistic.ts'
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

/** One fit before it is frozen. */
export interface FloatingFit {
  readonly coefficients: Float64Array
  /** Segments whose slope is held at zero. */
  readonly flat: ReadonlySet<number>
}

/** Everything that freezing needs. Fit 0 is on all quotes, fit g + 1 without group g. */
export interface FloatingResponse {
  readonly cells: ResponseCells
  readonly plan: CoefficientPlan
  readonly ridge: RidgeStrength
  readonly fits: readonly FloatingFit[]
  readonly groupsUsed: readonly number[]
  readonly folds: readonly FoldPrediction[]
}

/**
 * Fits the response model of DESIGN section 7 to the closed quotes of a history and freezes it. Ridge logistic regression on
 * counts per cell; slopes of segments are shrunk to the pooled one and never negative: a segment whose slope would be is held
 * at zero, the rest fitted again. Deterministic.
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
  const full = fitHeld(cells, plan, ridge, cells, new Float64Array(plan.count), new Set())
  const fits: FloatingFit[] = [full]
  for (let group = 0; group < GROUPS; group += 1) {
    fits.push(
      groupsUsed.includes(group)
        ? fitHeld(cells, plan, ridge, countsWithout(cells, [group]), full.coefficients, full.flat)
        : full,
    )
  }
  return { cells, plan, ridge, fits, groupsUsed, folds }
}

/** Fits until no segment's slope is negative; segments held at zero stay there. */
function fitHeld(
  cells: ResponseCells,
  plan: CoefficientPlan,
  ridge: RidgeStrength,
  counts: Counts,
  start: Float64Array,
  held: ReadonlySet<number>,
): FloatingFit {
  const penalty = penaltyOf(plan, ridge)
  let flat = held
  let coefficients = start
  for (;;) {
    coefficients = fitLogistic(designOf(cells, plan, flat), counts, penalty, coefficients)
    const fitted = coefficients
    const falling = segmentsOf(cells).filter(segment => slopeOf(fitted, plan, flat, segment) < 0)
    if (falling.length === 0) return { coefficients, flat }
    flat = new Set([...flat, ...falling])
  }
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
