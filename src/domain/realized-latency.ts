import { div } from './arithmetic.ts'
import { type Quote, type QuoteColumns, quoteAt } from './quote.ts'
import type { Seconds } from './units.ts'

/** Mean logged approval latencies of the rows given, by segment. */
export class MeanLatency {
  private readonly sums = new Map<string, { seconds: number; quotes: number }>()

  constructor(columns: QuoteColumns, rows: readonly number[]) {
    for (const row of rows) {
      const { segment, approvalLatencySeconds } = quoteAt(columns, row)
      if (approvalLatencySeconds === null) continue
      for (const key of [`segment ${segment}`, 'all']) {
        const sum = this.sums.get(key) ?? { seconds: 0, quotes: 0 }
        sum.seconds += approvalLatencySeconds
        sum.quotes += 1
        this.sums.set(key, sum)
      }
    }
  }

  /**
   * Waiting as logged less waiting when an approval is required as given. A quote waits its logged latency, else the mean of
   * its segment, else of all. null where the quote has no logged approval, or no latency is logged anywhere.
   */
  delta(quote: Quote, otherwiseRequired: boolean): Seconds | null {
    const mean = this.sums.get(`segment ${quote.segment}`) ?? this.sums.get('all')
    if (quote.approvalRequired === null || mean === undefined) return null
    const wait = quote.approvalLatencySeconds ?? div(mean.seconds, mean.quotes)
    return wait * (Number(quote.approvalRequired) - Number(otherwiseRequired))
  }
}
