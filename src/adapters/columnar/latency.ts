import { divWide } from '../../domain/arithmetic.ts'
import type { QuoteColumns } from '../../domain/quote.ts'
import type { KeyColumn } from './snapshot.ts'

/** Mean seconds that an approval took, by segment code; the mean of all where a segment has none. */
export type LatencyMeans = Float64Array

const APPROVED = 1

/** Over approved quotes with a latency, of the whole snapshot; null where there is none. */
export function latencyMeans(columns: QuoteColumns, segment: KeyColumn): LatencyMeans | null {
  const sums = segment.keys.map(() => ({ seconds: 0n, quotes: 0n }))
  for (let row = 0; row < columns.rows; row += 1) {
    const latency = columns.approvalLatencySeconds[row] as number
    if (columns.approvalOutcome[row] !== APPROVED || Number.isNaN(latency)) continue
    const sum = sums[segment.codes[row] as number] as LatencySum
    sum.seconds += BigInt(latency)
    sum.quotes += 1n
  }
  return latencyMeansOf(sums)
}

/** How long approvals took on so many quotes. */
export interface LatencySum {
  seconds: bigint
  quotes: bigint
}

/** The same from sums by segment code. */
export function latencyMeansOf(sums: readonly Readonly<LatencySum>[]): LatencyMeans | null {
  const all = { seconds: 0n, quotes: 0n }
  for (const { seconds, quotes } of sums) {
    all.seconds += seconds
    all.quotes += quotes
  }
  if (all.quotes === 0n) return null
  const overall = divWide(all.seconds, all.quotes)
  return Float64Array.from(sums, ({ seconds, quotes }) =>
    Number(quotes === 0n ? overall : divWide(seconds, quotes)),
  )
}
