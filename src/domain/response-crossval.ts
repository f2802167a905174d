import { countsWithout, type ResponseCells } from './response-cells.ts'
import { type CoefficientPlan, designOf, penaltyOf, type RidgeStrength } from './response-design.ts'
import { fitLogistic, linearPredictor } from './ridge-logistic.ts'

const FOLDS = 4
const LEVEL_STRENGTHS = [0.3, 1, 3, 10, 30] as const
/**
 * Slopes of segments are held to the pooled one no harder than if they differed by a quarter of a logit per ten percent. On few
 * quotes cross-validation would rather have no difference at all, and a segment that hardly answers to price would borrow the
 * answer of the others, with nothing in its interval to show for it.
 */
const SLOPE_STRENGTHS = [1, 4, 16] as const

/** Predictions of the fit that left out these groups: a win probability by cell. */
export interface FoldPrediction {
  readonly groups: readonly number[]
  readonly win: Float64Array
}

/**
 * Chooses ridge strengths by the log-likelihood of left-out groups, first that of levels and then that of segments' slopes;
 * of equals the weaker. Folds deal out whole groups, so that a cluster never helps to predict itself.
 */
export function chooseRidge(
  cells: ResponseCells,
  plan: CoefficientPlan,
  groupsUsed: readonly number[],
): { readonly ridge: RidgeStrength; readonly folds: readonly FoldPrediction[] } {
  const foldCount = Math.min(FOLDS, groupsUsed.length)
  const folds = Array.from({ length: foldCount }, (_, fold) =>
    groupsUsed.filter((_group, at) => at % foldCount === fold),
  )
  const design = designOf(cells, plan, new Set())
  const starts: Float64Array[] = folds.map(() => new Float64Array(plan.count))
  const kept = folds.map(groups => countsWithout(cells, groups))

  const predict = (ridge: RidgeStrength): readonly FoldPrediction[] =>
    folds.map((groups, fold) => {
      const penalty = penaltyOf(plan, ridge)
      const fitted = fitLogistic(
        design,
        kept[fold] as (typeof kept)[number],
        penalty,
        starts[fold] as Float64Array,
      )
      starts[fold] = fitted
      const win = Float64Array.from({ length: cells.cells }, (_, cell) => {
        const eta = linearPredictor(design, cell, fitted)
        return 1 / (1 + Math.exp(-eta))
      })
      return { groups, win }
    })

  const best = (
    options: readonly RidgeStrength[],
  ): { ridge: RidgeStrength; folds: readonly FoldPrediction[] } => {
    const judged = options.map(ridge => {
      const predicted = predict(ridge)
      return { ridge, folds: predicted, score: logLikelihood(cells, predicted) }
    })
    return judged.reduce((top, next) => (next.score > top.score + 1e-9 ? next : top))
  }
  const byLevels = best(LEVEL_STRENGTHS.map(levels => ({ levels, slopes: 4 })))
  return best(SLOPE_STRENGTHS.map(slopes => ({ levels: byLevels.ridge.levels, slopes })))
}

function logLikelihood(cells: ResponseCells, folds: readonly FoldPrediction[]): number {
  let sum = 0
  for (const { quotes, wins, win } of leftOut(cells, folds)) {
    sum += wins * Math.log(Math.max(win, 1e-12)) + (quotes - wins) * Math.log(Math.max(1 - win, 1e-12))
  }
  return sum
}

/** Every entry of every fold with the prediction of the fit that had not seen it. */
export function* leftOut(
  cells: ResponseCells,
  folds: readonly FoldPrediction[],
): Generator<{
  readonly cell: number
  readonly quotes: number
  readonly wins: number
  readonly win: number
}> {
  for (const fold of folds) {
    for (const group of fold.groups) {
      const end = cells.groupStart[group + 1] as number
      for (let at = cells.groupStart[group] as number; at < end; at += 1) {
        const cell = cells.entryCell[at] as number
        yield {
          cell,
          quotes: cells.entryQuotes[at] as number,
          wins: cells.entryWins[at] as number,
          win: fold.win[cell] as number,
        }
      }
    }
  }
}
