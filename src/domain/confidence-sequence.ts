/**
 * A confidence sequence for the mean of bounded values that come one after another: at every moment at once, with probability
 * 1 - ERROR_RATE, the mean lies between the limits. So one may look every day, and stop whenever one likes, and be wrong in
 * no more than ERROR_RATE of all cases; an interval computed afresh every day has no such promise.
 *
 * Source: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", Journal of the Royal Statistical
 * Society B 86 (2024), theorem 2, the predictable plug-in empirical Bernstein sequence. For x_i in [0, 1]:
 *
 *   mean_t     = (1/2 + sum x_i) / (t + 1)
 *   variance_t = (1/4 + sum (x_i - mean_i)^2) / (t + 1)
 *   lambda_t   = min(sqrt(2 log(2 / a) / (variance_{t-1} t log(1 + t))), LAMBDA_MAX)
 *   limits     = sum lambda_i x_i / sum lambda_i
 *                +- (log(2 / a) + sum 4 (x_i - mean_{i-1})^2 psi(lambda_i)) / sum lambda_i
 *   psi(l)     = (-log(1 - l) - l) / 4
 *
 * It needs no distribution, only bounds, and that each value has the same mean given those before it.
 */
export interface SequenceState {
  readonly count: number
  readonly sum: number
  readonly squares: number
  readonly lambdas: number
  readonly weighted: number
  readonly penalty: number
}

export const EMPTY_SEQUENCE: SequenceState = {
  count: 0,
  sum: 0,
  squares: 0,
  lambdas: 0,
  weighted: 0,
  penalty: 0,
}

/** Share of all sequences that may ever leave the mean outside. */
export const ERROR_RATE = 0.05

const LAMBDA_MAX = 0.75
const LOG_TERM = Math.log(2 / ERROR_RATE)

const meanOf = ({ count, sum }: SequenceState): number => (0.5 + sum) / (count + 1)

/** The state after one more value. 0 <= value <= 1. */
export function extendSequence(state: SequenceState, value: number): SequenceState {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`${value} is not within 0 and 1`)
  const count = state.count + 1
  const variance = (0.25 + state.squares) / count
  const lambda = Math.min(Math.sqrt((2 * LOG_TERM) / (variance * count * Math.log(1 + count))), LAMBDA_MAX)
  const sum = state.sum + value
  return {
    count,
    sum,
    squares: state.squares + (value - (0.5 + sum) / (count + 1)) ** 2,
    lambdas: state.lambdas + lambda,
    weighted: state.weighted + lambda * value,
    penalty: state.penalty + (value - meanOf(state)) ** 2 * (-Math.log(1 - lambda) - lambda),
  }
}

export interface SequenceLimits {
  readonly lower: number
  readonly upper: number
}

/** 0 and 1 before the first value. */
export function sequenceLimits({ lambdas, weighted, penalty }: SequenceState): SequenceLimits {
  if (lambdas === 0) return { lower: 0, upper: 1 }
  const centre = weighted / lambdas
  const reach = (LOG_TERM + penalty) / lambdas
  return { lower: Math.max(0, centre - reach), upper: Math.min(1, centre + reach) }
}
