import { divWide } from './arithmetic.ts'
import type { Estimate } from './replay-report.ts'

/** An exact quotient; `d` > 0. */
export interface Ratio {
  readonly n: bigint
  readonly d: bigint
}

/** Fixed point of everything between a ratio and a rounded limit: 40 binary places. */
const FRACTION_BITS = 40n
const ONE = 1n << FRACTION_BITS

const ONE_MILLION = 1_000_000n

/**
 * Quantiles of Student's t for two-sided 95% (probability 0.975) at 1 to 31 degrees of freedom, in ppm. Source: NIST/SEMATECH
 * e-Handbook of Statistical Methods, 1.3.6.7.2, with further digits computed; a test recomputes them by integration.
 */
const TWO_SIDED_95_PPM: readonly number[] = [
  12_706_205, 4_302_653, 3_182_446, 2_776_445, 2_570_582, 2_446_912, 2_364_624, 2_306_004, 2_262_157,
  2_228_139, 2_200_985, 2_178_813, 2_160_369, 2_144_787, 2_131_450, 2_119_905, 2_109_816, 2_100_922,
  2_093_024, 2_085_963, 2_079_614, 2_073_873, 2_068_658, 2_063_899, 2_059_539, 2_055_529, 2_051_831,
  2_048_407, 2_045_230, 2_042_272, 2_039_513,
]

/** The multiplier of a 95% interval over a number of groups (at least 2), in ppm; degrees of freedom are groups - 1. */
export const twoSided95Ppm = (groups: number): number =>
  TWO_SIDED_95_PPM[Math.min(groups - 1, TWO_SIDED_95_PPM.length) - 1] as number

/**
 * Point and delete-a-group jackknife interval of a statistic in its unit; `leftOut` is the statistic without each group. The point rounded half away from zero, the limits outwards. `full` null means
 * no data; fewer than two groups leave the limits unknown. With the multiplier of a one-sided level, `lower` (or `upper`) is
 * the one-sided limit at that level.
 */
export function jackknifeEstimate(
  full: Ratio | null,
  leftOut: readonly Ratio[],
  tPpm: number = twoSided95Ppm(Math.max(2, leftOut.length)),
): Estimate {
  if (full === null) return { point: null, lower: null, upper: null }
  const point = Number(divWide(full.n, full.d))
  if (leftOut.length < 2) return { point, lower: null, upper: null }
  const half = ceilDiv(jackknifeError(leftOut.map(fixed)) * BigInt(tPpm), ONE_MILLION)
  return {
    point,
    lower: Number(-ceilDiv(half - fixed(full), ONE)),
    upper: Number(ceilDiv(half + fixed(full), ONE)),
  }
}

/**
 * Standard error by delete-a-group jackknife: sqrt((G - 1) / G * sum over groups of (estimate without the group - their mean)^2)
 * (Shao and Tu, The Jackknife and Bootstrap, 1995, section 2.3), rounded up. Takes the G >= 2 estimates, each without one
 * group, in one unit that is fine enough for its rounding not to matter.
 */
export function jackknifeError(leftOut: readonly bigint[]): bigint {
  const groups = BigInt(leftOut.length)
  const sum = leftOut.reduce((total, value) => total + value, 0n)
  // Deviations times G, so that the mean needs no rounding.
  const squares = leftOut.reduce((total, value) => total + (groups * value - sum) ** 2n, 0n)
  return squareRootUp(ceilDiv((groups - 1n) * squares, groups ** 3n))
}

/** The smallest integer whose square is not below n >= 0, by Newton's iteration from above. */
export function squareRootUp(n: bigint): bigint {
  if (n < 2n) return n
  let root = 1n << BigInt((n.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (root + n / root) >> 1n
    if (next >= root) break
    root = next
  }
  return root * root === n ? root : root + 1n
}

const fixed = ({ n, d }: Ratio): bigint => divWide(n * ONE, d)

/** n / d rounded up. d > 0. */
function ceilDiv(n: bigint, d: bigint): bigint {
  const quotient = n / d
  return n > 0n && quotient * d !== n ? quotient + 1n : quotient
}
