import type { ClosedQuotes } from './closed-quotes.ts'
import type { ResponseSlope } from './fitness-finding.ts'
import type { Partition } from './partition.ts'

/**
 * Share of the variance of grants between cells, 0..1, with degrees of freedom taken off so that many small cells explain nothing by
 * chance: 1 - (SS_within / (n - k)) / (SS_total / (n - 1)), epsilon squared of Kelley (1935), "An unbiased correlation ratio
 * measure". null where grants do not vary or cells leave nothing to compare.
 */
export function grantsExplained(closed: ClosedQuotes, partition: Partition): number | null {
  const n = closed.rows.length
  const total = sumOfSquares(closed.granted, wholeMean(closed.granted))
  if (total === 0 || n <= partition.cells) return null
  const means = cellMeans(closed.granted, partition)
  const within = sumOfSquares(closed.granted, at => means[partition.cellOf[at] as number] as number)
  return Math.max(0, 1 - within / (n - partition.cells) / (total / (n - 1)))
}

/**
 * Slope of winning on the grant within cells: the fixed-effects estimator of a linear probability model, with the variance of
 * Liang and Zeger (1986) clustered on customers or tenders and the factor c / (c - 1) for c clusters (Cameron and Miller 2015,
 * section II). Independent of the logistic fit on purpose. null where grants do not vary within cells or one cluster holds all.
 */
export function responseSlope(closed: ClosedQuotes, partition: Partition): ResponseSlope | null {
  const n = closed.rows.length
  const grantMeans = cellMeans(closed.granted, partition)
  const winMeans = cellMeans(closed.won, partition)
  const grant = (at: number) =>
    (closed.granted[at] as number) - (grantMeans[partition.cellOf[at] as number] as number)
  const win = (at: number) =>
    (closed.won[at] as number) - (winMeans[partition.cellOf[at] as number] as number)

  let squares = 0
  let products = 0
  for (let at = 0; at < n; at += 1) {
    squares += grant(at) ** 2
    products += grant(at) * win(at)
  }
  if (squares < 1e-6) return null
  const slope = products / squares

  const scores = new Float64Array(closed.columns.cluster.dictionary.length)
  const present = new Uint8Array(scores.length)
  for (let at = 0; at < n; at += 1) {
    const cluster = closed.columns.cluster.codes[closed.rows[at] as number] as number
    scores[cluster] = (scores[cluster] as number) + grant(at) * (win(at) - slope * grant(at))
    present[cluster] = 1
  }
  const clusters = present.reduce((sum, flag) => sum + flag, 0)
  const meat = scores.reduce((sum, score) => sum + score * score, 0)
  if (clusters < 2 || meat === 0) return null
  const error = Math.sqrt((meat * clusters) / (clusters - 1)) / squares
  return asSlope(slope, error, partition.cells, n)
}

/** 97.5% point of the standard normal distribution; clusters are many where this is judged. */
const NORMAL_975 = 1.96

const asSlope = (slope: number, error: number, cells: number, quotes: number): ResponseSlope => ({
  slope_ppm_per_100_bps: Math.round(slope * 1e8),
  lower_ppm_per_100_bps: Math.round((slope - NORMAL_975 * error) * 1e8),
  upper_ppm_per_100_bps: Math.round((slope + NORMAL_975 * error) * 1e8),
  t_thousandths: Math.round((1000 * slope) / error),
  cells,
  quotes,
})

function cellMeans(values: Float64Array | Uint8Array, partition: Partition): Float64Array {
  const sums = new Float64Array(partition.cells)
  const counts = new Float64Array(partition.cells)
  for (let at = 0; at < values.length; at += 1) {
    const cell = partition.cellOf[at] as number
    sums[cell] = (sums[cell] as number) + (values[at] as number)
    counts[cell] = (counts[cell] as number) + 1
  }
  return sums.map((sum, cell) => sum / (counts[cell] as number))
}

function wholeMean(values: Float64Array): (at: number) => number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return () => mean
}

function sumOfSquares(values: Float64Array, centre: (at: number) => number): number {
  let sum = 0
  for (let at = 0; at < values.length; at += 1) sum += ((values[at] as number) - centre(at)) ** 2
  return sum
}
