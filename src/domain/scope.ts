import type { QuoteColumns, TextColumn } from './quote.ts'
import type { CohortScope } from './replay.ts'

/**
 * Marks the rows of a scope with 1. Texts are compared as they stand (normalised); an absent segment or region is the empty
 * text. A quote without quoted_at lies in no window that has a bound.
 */
export function rowsInScope(columns: QuoteColumns, scope: CohortScope): Uint8Array<ArrayBuffer> {
  const marked = new Uint8Array(columns.rows).fill(1)
  keepTexts(marked, columns.segment, scope.segments)
  keepTexts(marked, columns.region, scope.regions)
  if (scope.quote_ids.length > 0) {
    const wanted = new Set(scope.quote_ids)
    for (let row = 0; row < columns.rows; row += 1) {
      if (!wanted.has(columns.quoteIds[row] as string)) marked[row] = 0
    }
  }
  const from = scope.window?.from ?? null
  const to = scope.window?.to ?? null
  if (from !== null || to !== null) {
    const lowest = from === null ? Number.NEGATIVE_INFINITY : Date.parse(from)
    const end = to === null ? Number.POSITIVE_INFINITY : Date.parse(to)
    for (let row = 0; row < columns.rows; row += 1) {
      const quotedAt = columns.quotedAt[row] as number
      if (!(quotedAt >= lowest && quotedAt < end)) marked[row] = 0
    }
  }
  return marked
}

function keepTexts(marked: Uint8Array, column: TextColumn, texts: readonly string[]): void {
  if (texts.length === 0) return
  const wanted = new Set(texts)
  const byCode = column.dictionary.map(text => wanted.has(text))
  const absent = wanted.has('')
  for (let row = 0; row < marked.length; row += 1) {
    const code = column.codes[row] as number
    if (!(code < 0 ? absent : byCode[code])) marked[row] = 0
  }
}
