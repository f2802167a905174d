import { GROUPS } from './quote.ts'
import type { Estimate } from './replay-report.ts'
import { jackknifeEstimate } from './statistics.ts'

/**
 * A mean with what the delete-a-group jackknife needs: one sum over all quotes and, for each group, one over the quotes
 * outside it. A value that depends on a model may differ by replicate, so that leaving a group out leaves it out of the
 * model's quotes as well, and the interval covers the model's own uncertainty.
 */
export class ReplicatedMean {
  private total = 0n
  private quotes = 0
  private readonly totalWithout = new Array<bigint>(GROUPS).fill(0n)
  private readonly quotesWithout = new Array<number>(GROUPS).fill(0)
  private readonly groups: Set<number>

  /** `groupsOfModel`: groups that the model was fitted on; they count even where no quote of theirs was seen here. */
  constructor(groupsOfModel: readonly number[] = []) {
    this.groups = new Set(groupsOfModel)
  }

  /** Adds a quote of a group: its value, and its value when group g is left out (the same where no model is asked). */
  add(group: number, value: bigint, valueWithout: (g: number) => bigint = () => value): void {
    this.groups.add(group)
    this.total += value
    this.quotes += 1
    for (let g = 0; g < GROUPS; g += 1) {
      if (g === group) continue
      this.totalWithout[g] = (this.totalWithout[g] as bigint) + valueWithout(g)
      this.quotesWithout[g] = (this.quotesWithout[g] as number) + 1
    }
  }

  get count(): number {
    return this.quotes
  }

  /**
   * Point and two-sided 95% interval of the mean divided by `divisor`. Point null without quotes; limits null with fewer than
   * two groups, or when one group holds every quote.
   */
  estimate(divisor = 1n): Estimate {
    if (this.quotes === 0) return jackknifeEstimate(null, [])
    const full = { n: this.total, d: BigInt(this.quotes) * divisor }
    const used = [...this.groups]
    if (used.some(g => this.quotesWithout[g] === 0)) return jackknifeEstimate(full, [])
    const leftOut = used.map(g => ({
      n: this.totalWithout[g] as bigint,
      d: BigInt(this.quotesWithout[g] as number) * divisor,
    }))
    return jackknifeEstimate(full, leftOut)
  }
}

/** The point of the first and the widest interval of all; limits are unknown where one of them is. */
export function widest(estimates: readonly [Estimate, ...Estimate[]]): Estimate {
  const limits = (of: 'lower' | 'upper', choose: (...values: number[]) => number): number | null => {
    const known = estimates.flatMap(estimate => estimate[of] ?? [])
    return known.length === estimates.length ? choose(...known) : null
  }
  return { point: estimates[0].point, lower: limits('lower', Math.min), upper: limits('upper', Math.max) }
}
