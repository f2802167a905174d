import { type Quote, type QuoteColumns, quoteAt } from './quote.ts'
import type { RejectedCell } from './quote-file.ts'
import { columnsOfQuotes } from './quotes-as-columns.ts'
import type { Json } from './units.ts'

/** What became of the quotes of one intake: together they are the quotes handed in. */
export interface MergeCounts {
  /** Never seen before. */
  readonly first_seen: number
  /** Seen as open before: its newest content counts, an outcome among it. */
  readonly updated_while_open: number
  /** Seen before with the very same content; counted once. */
  readonly repeated: number
  /** Seen before with an outcome, and handed in with other content: rejected. */
  readonly changed: number
}

export interface MergedOutcomes {
  /** Every quote taken in so far, once. */
  readonly quotes: QuoteColumns
  /** Ids whose content is new: first seen, or open before. */
  readonly fresh: ReadonlySet<string>
  readonly rejects: readonly RejectedCell[]
  readonly counts: MergeCounts
}

/**
 * Adds the given rows of an intake to what is known. A quote counts once, by its id: repeated content changes nothing, an open
 * quote may change until it closes, and a closed one stays as it was taken in, so that an outcome cannot be rewritten after
 * it was judged.
 */
export function mergeOutcomes(
  known: QuoteColumns | null,
  intake: QuoteColumns,
  rows: readonly number[],
): MergedOutcomes {
  const byId = new Map<string, Quote>()
  for (let row = 0; row < (known?.rows ?? 0); row += 1) {
    const quote = quoteAt(known as QuoteColumns, row)
    byId.set(quote.quoteId, quote)
  }
  const fresh = new Set<string>()
  const rejects: RejectedCell[] = []
  const counts = { first_seen: 0, updated_while_open: 0, repeated: 0, changed: 0 }
  for (const row of rows) {
    const quote = quoteAt(intake, row)
    const before = byId.get(quote.quoteId)
    const difference = before === undefined ? null : firstOtherColumn(before, quote)
    if (before !== undefined && difference === null) counts.repeated += 1
    else if (before !== undefined && before.outcome !== 'open') {
      counts.changed += 1
      rejects.push(changedCell(before, quote, difference as Difference))
    } else {
      if (before === undefined) counts.first_seen += 1
      else counts.updated_while_open += 1
      fresh.add(quote.quoteId)
      byId.set(quote.quoteId, quote)
    }
  }
  return { quotes: columnsOfQuotes(byId.values(), intake.currency), fresh, rejects, counts }
}

interface Difference {
  readonly column: string
  readonly before: Json
  readonly now: Json
}

/** Outcome first, as that is what people ask about. Absent attributes and null ones are alike. */
function firstOtherColumn(before: Quote, now: Quote): Difference | null {
  const [left, right] = [cellsOf(before), cellsOf(now)]
  const columns = ['outcome', ...new Set([...Object.keys(left), ...Object.keys(right)])]
  const column = columns.find(name => asText(left[name]) !== asText(right[name]))
  return column === undefined ? null : { column, before: left[column] ?? null, now: right[column] ?? null }
}

/** An attribute that was an integer in one file may be text in another; the same words are the same content. */
const asText = (value: Json | undefined): string | null =>
  value === null || value === undefined ? null : String(value)

/** By canonical column name. */
function cellsOf(quote: Quote): Readonly<Record<string, string | number | boolean | null>> {
  const { attributes, ...own } = quote
  const named = Object.entries(own).map(([name, value]) => [
    name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`),
    value,
  ])
  return {
    ...Object.fromEntries(named),
    ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`attr.${name}`, value])),
  }
}

const changedCell = (before: Quote, now: Quote, difference: Difference): RejectedCell => ({
  row: null,
  line: null,
  quoteId: now.quoteId,
  column: difference.column,
  reason: `was taken in as ${before.outcome} with \`${String(difference.before ?? '')}\` here; what was judged stays`,
  raw: String(difference.now ?? ''),
})
