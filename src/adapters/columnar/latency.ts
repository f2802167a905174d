import { divWide } from '../../domain/arithmetic.ts'
import type { QuoteColumns } from '../../domain/quote.ts'
import type { KeyColumn } from './snapshot.ts'

/** Mean seconds that an approval took, by segment code; the mean of all where a segment has none. */
export type LatencyMeans = Float64Array

const APPROVED = 1

/** Over approved quotes with a latency, of the whole snapshot; null where there is none. */
export function latencyMeans(columns: QuoteColumns, segment: KeyColumn): LatencyMeans | null {
  const seconds = segment.keys.map(() => 0n)
  const quotes = segment.keys.map(() => 0n)
  for (let row = 0; row < columns.rows; row += 1) {
    const latency = columns.approvalLatencySeconds[row] as number
    if (columns.approvalOutcome[row] !== APPROVED || Number.isNaN(latency)) continue
    const code = segment.codes[row] as number
    seconds[code] = (seconds[code] as bigint) + BigInt(latency)
    quotes[code] = (quotes[code] as bigint) + 1n
  }
  const allQuotes = quotes.reduce((sum, count) => sum + count, 0n)
  if (allQuotes === 0n) return null
  const overall = divWide(
    seconds.reduce((sum, each) => sum + each, 0n),
    allQuotes,
  )
  return Float64Array.from(seconds, (sum, code) => {
    const count = quotes[code] as bigint
    return Number(count === 0n ? overall : divWide(sum, count))
  })
}
