import { divWide } from './arithmetic.ts'

/**
 * Standard error by delete-a-group jackknife (Shao and Tu, The Jackknife and Bootstrap, 2.3), integers throughout:
 * sqrt((G-1)/G * sum over groups of (estimate without the group - their mean)^2), rounded up. Takes the G estimates, each
 * without one group, in one unit that is fine enough for its rounding not to matter; at least two.
 */
export function jackknifeError(leftOut: readonly bigint[]): bigint {
  const groups = BigInt(leftOut.length)
  const sum = leftOut.reduce((total, value) => total + value, 0n)
  // Deviations times G, so that the mean needs no rounding.
  const squares = leftOut.reduce((total, value) => total + (groups * value - sum) ** 2n, 0n)
  return squareRootUp(divWide((groups - 1n) * squares, groups ** 3n))
}

/** The smallest integer whose square is at least `n`; n >= 0. Newton's method from above. */
export function squareRootUp(n: bigint): bigint {
  if (n < 2n) return n
  let root = 1n << BigInt(Math.ceil(n.toString(2).length / 2))
  for (;;) {
    const next = (root + n / root) >> 1n
    if (next >= root) break
    root = next
  }
  return root * root === n ? root : root + 1n
}
