/**
 * Counts to fit a logistic regression on, one row per cell. Row r has `width` slots; slot s holds coefficient `index[r * width
 * + s]` (-1: none) with weight `weight[r * width + s]`.
 */
export interface LogisticDesign {
  readonly rows: number
  readonly width: number
  readonly coefficients: number
  readonly index: Int32Array
  readonly weight: Float64Array
}

export interface Counts {
  readonly quotes: Float64Array
  readonly wins: Float64Array
}

const NEWTON_STEPS_MAX = 40
const STEP_TOLERANCE = 1e-9

/**
 * Ridge logistic regression by Newton's method (Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, 4.4.1 and
 * 3.4.1): maximises the log-likelihood minus half of `penalty` times the squared coefficients. A coefficient that occurs in no
 * row needs a positive penalty. The objective is concave; a step that does not raise it is halved.
 */
export function fitLogistic(
  design: LogisticDesign,
  counts: Counts,
  penalty: Float64Array,
  start: Float64Array,
): Float64Array {
  let coefficients: Float64Array = start.slice()
  let state = derivatives(design, counts, penalty, coefficients)
  for (let step = 0; step < NEWTON_STEPS_MAX; step += 1) {
    const move = solvePositive(state.curvature, state.gradient)
    let share = 1
    let next = moved(coefficients, move, share)
    let nextState = derivatives(design, counts, penalty, next)
    while (nextState.objective < state.objective - 1e-9 * Math.abs(state.objective) && share > 1e-4) {
      share /= 2
      next = moved(coefficients, move, share)
      nextState = derivatives(design, counts, penalty, next)
    }
    coefficients = next
    state = nextState
    if (move.every(value => Math.abs(value) * share < STEP_TOLERANCE ** 0.75)) break
  }
  return coefficients
}

/** Log-odds of one row. */
export function linearPredictor(design: LogisticDesign, row: number, coefficients: Float64Array): number {
  let eta = 0
  for (let at = row * design.width; at < (row + 1) * design.width; at += 1) {
    const index = design.index[at] as number
    if (index >= 0) eta += (coefficients[index] as number) * (design.weight[at] as number)
  }
  return eta
}

interface Derivatives {
  readonly objective: number
  readonly gradient: Float64Array
  /** Minus the Hessian, lower triangle by rows. */
  readonly curvature: Float64Array
}

function derivatives(
  design: LogisticDesign,
  counts: Counts,
  penalty: Float64Array,
  coefficients: Float64Array,
): Derivatives {
  const size = design.coefficients
  const gradient = new Float64Array(size)
  const curvature = new Float64Array(size * size)
  let objective = 0
  for (let row = 0; row < design.rows; row += 1) {
    const quotes = counts.quotes[row] as number
    if (quotes === 0) continue
    const eta = linearPredictor(design, row, coefficients)
    const win = 1 / (1 + Math.exp(-eta))
    const wins = counts.wins[row] as number
    objective +=
      wins * eta - quotes * (eta > 0 ? eta + Math.log1p(Math.exp(-eta)) : Math.log1p(Math.exp(eta)))
    addRow(design, row, wins - quotes * win, quotes * win * (1 - win), gradient, curvature)
  }
  for (let at = 0; at < size; at += 1) {
    const value = coefficients[at] as number
    const weight = penalty[at] as number
    objective -= (weight * value * value) / 2
    gradient[at] = (gradient[at] as number) - weight * value
    curvature[at * size + at] = (curvature[at * size + at] as number) + weight
  }
  return { objective, gradient, curvature }
}

function addRow(
  design: LogisticDesign,
  row: number,
  residual: number,
  information: number,
  gradient: Float64Array,
  curvature: Float64Array,
): void {
  const { index, weight, width, coefficients: size } = design
  const begin = row * width
  for (let at = begin; at < begin + width; at += 1) {
    const i = index[at] as number
    if (i < 0) continue
    const x = weight[at] as number
    gradient[i] = (gradient[i] as number) + residual * x
    for (let other = begin; other <= at; other += 1) {
      const j = index[other] as number
      if (j < 0) continue
      const place = i >= j ? i * size + j : j * size + i
      curvature[place] = (curvature[place] as number) + information * x * (weight[other] as number)
    }
  }
}

const moved = (from: Float64Array, by: Float64Array, share: number): Float64Array =>
  from.map((value, at) => value + share * (by[at] as number))

/** Solves A x = b by Cholesky's decomposition; A symmetric positive definite, its lower triangle given by rows. */
export function solvePositive(matrix: Float64Array, right: Float64Array): Float64Array {
  const size = right.length
  const lower = choleskyFactor(matrix, size)
  const solution = right.slice()
  for (let i = 0; i < size; i += 1) {
    let sum = solution[i] as number
    for (let k = 0; k < i; k += 1) sum -= (lower[i * size + k] as number) * (solution[k] as number)
    solution[i] = sum / (lower[i * size + i] as number)
  }
  for (let i = size - 1; i >= 0; i -= 1) {
    let sum = solution[i] as number
    for (let k = i + 1; k < size; k += 1) sum -= (lower[k * size + i] as number) * (solution[k] as number)
    solution[i] = sum / (lower[i * size + i] as number)
  }
  return solution
}

function choleskyFactor(matrix: Float64Array, size: number): Float64Array {
  const lower = matrix.slice()
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = lower[i * size + j] as number
      for (let k = 0; k < j; k += 1) sum -= (lower[i * size + k] as number) * (lower[j * size + k] as number)
      if (i === j) {
        if (sum <= 0) throw new RangeError('the matrix is not positive definite')
        lower[i * size + i] = Math.sqrt(sum)
      } else {
        lower[i * size + j] = sum / (lower[j * size + j] as number)
      }
    }
  }
  return lower
}
