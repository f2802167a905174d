import { decide } from './decision.ts'
import type { RealizedDelta } from './margin-drift.ts'
import type { CheckedPolicy } from './policy.ts'
import { type QuoteColumns, quoteAt } from './quote.ts'
import { marginDeltaBps } from './realized.ts'

/** Realised margin deltas of the chosen quotes that closed, know their cost and can be decided by the prior policy. */
export function realizedDeltas(
  columns: QuoteColumns,
  chosen: ReadonlySet<string>,
  prior: CheckedPolicy,
): readonly RealizedDelta[] {
  const deltas: RealizedDelta[] = []
  for (let row = 0; row < columns.rows; row += 1) {
    if (!chosen.has(columns.quoteIds[row] as string)) continue
    const quote = quoteAt(columns, row)
    if (quote.outcome === 'open' || quote.costCents === null) continue
    const before = decide(prior, quote)
    if (before.kind === 'not_replayable') continue
    deltas.push({ cluster: quote.cluster, deltaBps: marginDeltaBps(quote, quote.costCents, before) })
  }
  return deltas
}
