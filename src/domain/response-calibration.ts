import type { CurvePoint, ResponseCalibration } from './response.ts'
import type { ResponseCells } from './response-cells.ts'
import { type FoldPrediction, leftOut } from './response-crossval.ts'
import { compareText } from './text.ts'
import type { Bps, Ppm } from './units.ts'

const RELIABILITY_BINS = 10
const CURVE_BIN_BPS: Bps = 250

/**
 * Brier's score (Monthly Weather Review 78, 1950) and reliability by tenths of predicted probability, out of fold. The
 * benchmark predicts the overall win rate for every quote: a model no better than that has learnt nothing.
 */
export function calibrationOf(cells: ResponseCells, folds: readonly FoldPrediction[]): ResponseCalibration {
  const bins = Array.from({ length: RELIABILITY_BINS }, () => ({ quotes: 0, wins: 0, predicted: 0 }))
  let squares = 0
  let quotes = 0
  let wins = 0
  for (const entry of leftOut(cells, folds)) {
    const bin = bins[Math.min(RELIABILITY_BINS - 1, Math.floor(entry.win * RELIABILITY_BINS))]
    if (bin === undefined) continue
    bin.quotes += entry.quotes
    bin.wins += entry.wins
    bin.predicted += entry.win * entry.quotes
    squares += entry.wins * (1 - entry.win) ** 2 + (entry.quotes - entry.wins) * entry.win ** 2
    quotes += entry.quotes
    wins += entry.wins
  }
  const rate = wins / quotes
  return {
    brier_ppm: ppm(squares / quotes),
    brier_of_win_rate_ppm: ppm(rate * (1 - rate)),
    bins: bins.map((bin, at) => ({
      from_ppm: ppm(at / RELIABILITY_BINS),
      to_ppm: ppm((at + 1) / RELIABILITY_BINS),
      quotes: bin.quotes,
      predicted_ppm: bin.quotes === 0 ? 0 : ppm(bin.predicted / bin.quotes),
      observed_ppm: bin.quotes === 0 ? 0 : ppm(bin.wins / bin.quotes),
    })),
  }
}

/** Observed and predicted (out of fold) wins by segment and granted discount, for the picture of the curve. */
export function curveOf(cells: ResponseCells, folds: readonly FoldPrediction[]): readonly CurvePoint[] {
  const segments = cells.factors[0]?.levels ?? []
  const points = new Map<
    string,
    { segment: string; from: Bps; quotes: number; won: number; predicted: number }
  >()
  for (const { cell, quotes, wins, win } of leftOut(cells, folds)) {
    const segment = segments[cells.levels[0]?.[cell] ?? -1] ?? ''
    const from = Math.floor((cells.discountBps[cell] as number) / CURVE_BIN_BPS) * CURVE_BIN_BPS
    const key = `${from} ${segment}`
    const point = points.get(key) ?? { segment, from, quotes: 0, won: 0, predicted: 0 }
    point.quotes += quotes
    point.won += wins
    point.predicted += win * quotes
    points.set(key, point)
  }
  return [...points.values()]
    .sort((left, right) => compareText(left.segment, right.segment) || left.from - right.from)
    .map(point => ({
      segment: point.segment,
      from_bps: point.from,
      to_bps: point.from + CURVE_BIN_BPS,
      quotes: point.quotes,
      won: point.won,
      predicted_ppm: ppm(point.predicted / point.quotes),
    }))
}

const ppm = (share: number): Ppm => Math.round(share * 1_000_000)
