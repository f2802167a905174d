import { slopeOf } from './response-design.ts'
import type { FloatingResponse } from './response-fit.ts'
import { studentTQuantile } from './student-t.ts'

/** Whether discounts lose deals in a segment beyond chance: the upper limit of its slope (two-sided 95%) lies below zero. */
export function isFalling(floating: FloatingResponse, segment: number): boolean {
  const { slope, error } = fittedSlope(floating, segment)
  return slope + studentTQuantile(0.975, floating.groupsUsed.length - 1) * error < 0
}

/** Slope of a segment by position, per ten percent of discount, with its delete-a-group jackknife error. */
export function fittedSlope(
  { fits, plan, flat, groupsUsed }: FloatingResponse,
  segment: number,
): { readonly slope: number; readonly error: number } {
  const [slope = 0, ...without] = fits.map(fit => slopeOf(fit, plan, flat, segment))
  return { slope, error: jackknifeError(groupsUsed.map(group => without[group] as number)) }
}

/** Standard error by delete-a-group jackknife (Shao and Tu, The Jackknife and Bootstrap, 2.3): sqrt((G-1)/G sum (x_g - mean)^2). */
function jackknifeError(leftOut: readonly number[]): number {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  const mean = sum(leftOut) / leftOut.length
  const squares = sum(leftOut.map(value => (value - mean) ** 2))
  return Math.sqrt(((leftOut.length - 1) / leftOut.length) * squares)
}
