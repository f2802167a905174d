import { simulateQuotes } from './market.ts'
import type { MarketTruth } from './market-truth.ts'
import { type MarketWorld, pooledSlopeNano } from './market-world.ts'
import type { CheckedPolicy } from './policy.ts'
import type { Quote } from './quote.ts'
import { solvePositive } from './ridge-logistic.ts'

/** Quotes a segment's grants are judged by; more move the amplification by less than one in fifty. */
const QUOTES_JUDGED = 8000

/** Half-width of the default range of slopes as a share of the pooled slope; see `sensitivity_offset_share`. */
const RANGE_SHARE = 0.5

/** By how much a fit on all that is recorded misses a segment's slope, per unit of hidden effect. */
export interface SegmentAmplification {
  readonly segment: string
  /**
   * Slope of the request on the grant among quotes alike in what is recorded: 1 where no cap binds, and more the more of them
   * bind, because a cap takes away more of the grants' variance than of their covariance with the hidden cause.
   */
  readonly amplification: number
}

/**
 * The world with a hidden cause that uses up the given share of the declared range of slopes, under the policy in force: -1..1,
 * 0 none. With request = a u + noise (variance s^2 with the term's), predictor = slope * grant - b u and grant = min(request,
 * cap), the best linear predictor of u from the request is a / (a^2 + s^2) per bps, so a fit without u finds
 *   slope - b * a / (a^2 + s^2) * amplification
 * (omitted-variable bias: Angrist and Pischke, Mostly Harmless Econometrics, 3.2.2). The range is the slope as estimated, give
 * or take half the pooled slope as estimated, so b is solved for in
 *   worst segment's bias = share * (pooled slope - mean bias) / 2.
 * Positive: reps give more where a deal is harder, and slopes look flatter than they are; negative: the reverse.
 */
export function confoundedWorld(truth: MarketTruth, policy: CheckedPolicy, share: number): MarketWorld {
  const { world } = truth
  if (share === 0) return { ...world, hidden_effect_micro: 0 }
  const amplifications = amplificationsOf(truth, policy)
  const known = world.segments.flatMap(segment => {
    const found = amplifications.find(entry => entry.segment === segment.name)
    return found === undefined ? [] : [{ weight: segment.weight, amplification: found.amplification }]
  })
  const weight = known.reduce((sum, entry) => sum + entry.weight, 0)
  const mean = known.reduce((sum, entry) => sum + entry.weight * entry.amplification, 0) / weight
  const worst = Math.max(...known.map(entry => entry.amplification))
  const range = share * RANGE_SHARE
  const biasNano = (range * pooledSlopeNano(world)) / (worst + range * mean)
  return { ...world, hidden_effect_micro: Math.round(biasNano / hiddenPerBps(world) / 1000) }
}

/** Standard deviations of the hidden cause per bps of request, as a linear fit would predict it from the request. */
function hiddenPerBps(world: MarketWorld): number {
  const a = world.request_per_hidden_sd_bps
  const noise = world.request_noise_bps ** 2 + TERM_VARIANCE * world.request_per_year_bps ** 2
  return a / (a * a + noise)
}

/** Of the years beyond the first: 0, 1, 2 with weights 60, 25, 15. */
const TERM_VARIANCE = 0.25 + 4 * 0.15 - (0.25 + 2 * 0.15) ** 2

/** How much caps, approvals and exceptions of a policy amplify hidden confounding, by segment with enough quotes. */
export function amplificationsOf(truth: MarketTruth, policy: CheckedPolicy): readonly SegmentAmplification[] {
  const dealt = { ...truth, quotes: Math.max(truth.quotes, QUOTES_JUDGED) }
  const bySegment = new Map<string, Quote[]>()
  let left = QUOTES_JUDGED
  for (const quote of simulateQuotes(dealt, policy)) {
    const members = bySegment.get(quote.segment)
    if (members === undefined) bySegment.set(quote.segment, [quote])
    else members.push(quote)
    left -= 1
    if (left === 0) break
  }
  return [...bySegment].flatMap(([segment, quotes]) => {
    const amplification = requestOnGrant(quotes)
    return amplification === null ? [] : [{ segment, amplification }]
  })
}

/** Least squares of the request on the grant, given region, family, channel, size and approval; null where grants do not vary. */
function requestOnGrant(quotes: readonly Quote[]): number | null {
  const columns = new Map<string, number>()
  const place = (name: string): number => {
    const at = columns.get(name) ?? columns.size
    columns.set(name, at)
    return at
  }
  const rows = quotes.map(quote => [
    [place('grant'), quote.grantedDiscountBps / 1000],
    [place('one'), 1],
    [place('size'), Math.log(quote.listCents)],
    [place('approval'), Number(quote.approvalRequired === true)],
    [place(`region ${quote.region}`), 1],
    [place(`family ${quote.productFamily}`), 1],
    [place(`channel ${quote.attributes.channel}`), 1],
  ])
  const size = columns.size
  if (quotes.length < 10 * size) return null
  const matrix = new Float64Array(size * size)
  const right = new Float64Array(size)
  for (const [row, entries] of rows.entries()) {
    const request = (quotes[row] as Quote).requestedDiscountBps / 1000
    for (const [i = 0, x = 0] of entries) {
      right[i] = (right[i] as number) + x * request
      for (const [j = 0, y = 0] of entries) matrix[i * size + j] = (matrix[i * size + j] as number) + x * y
    }
  }
  // Levels of a factor add up to the constant; a trace of ridge picks one of the equal solutions.
  for (let at = 0; at < size; at += 1) matrix[at * size + at] = (matrix[at * size + at] as number) + 1e-4
  const solved = solvePositive(matrix, right)[0] as number
  return Number.isFinite(solved) && solved > 0 ? solved : null
}
