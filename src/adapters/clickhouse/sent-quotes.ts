import type { QuoteColumns } from '../../domain/quote.ts'
import type { StoredQuotes } from '../../loop/ports.ts'
import { chunksOf } from '../duckdb/chunks.ts'
import { identifier, literal, openDuckDB } from '../duckdb/connection.ts'
import type { WithAttributes } from '../sql/quotes.ts'
import { type Fingerprint, fingerprintOfRows, NO_ROWS, together } from './fingerprint.ts'
import { attributeNames, type Cell, cellsOf, PLAIN_COLUMNS } from './table-row.ts'

/** Rows that are sent, and counted on arrival, together. */
export const PART_ROWS = 50_000

/** A stretch of a snapshot's rows, from row `first` on. */
export interface Part {
  readonly first: number
  readonly rows: readonly (readonly Cell[])[]
  readonly fingerprint: Fingerprint
}

/** Quotes that are sent, or that others are held against which were: a part of them at a time. */
export interface SentQuotes extends WithAttributes {
  readonly rows: number
  /** In order, all of so many rows but the last. */
  parts(length: number): AsyncIterable<Part>
}

/** What is only counted is held in few rows. */
const COUNTED_ROWS = 4_096

export async function fingerprintOf(quotes: SentQuotes): Promise<Fingerprint> {
  let sum = NO_ROWS
  for await (const part of quotes.parts(COUNTED_ROWS)) sum = together(sum, part.fingerprint)
  return sum
}

export function sentColumns(columns: QuoteColumns): SentQuotes {
  const names = attributeNames(columns)
  return {
    rows: columns.rows,
    attributes: columns.attributes,
    async *parts(most) {
      for (let first = 0; first < columns.rows; first += most) {
        const length = Math.min(most, columns.rows - first)
        yield partOf(
          first,
          Array.from({ length }, (_, at) => cellsOf(columns, first + at, names)),
        )
      }
    },
  }
}

/** The same out of a snapshot's file, streamed, so that memory does not grow with the quotes. */
export const sentFile = ({
  file,
  rows,
  attributes,
}: Pick<StoredQuotes, 'file' | 'rows' | 'attributes'>): SentQuotes => ({
  rows,
  attributes,
  async *parts(length) {
    const { connection, close } = await openDuckDB()
    try {
      const question = `SELECT ${fileCells({ attributes }).join(', ')} FROM read_parquet(${literal(file)})`
      let first = 0
      let part: (readonly Cell[])[] = []
      for await (const chunk of chunksOf(connection, question, rows)) {
        for (const cells of chunk.getRows() as unknown as Cell[][]) {
          part.push([first + part.length, ...cells])
          if (part.length < length) continue
          yield partOf(first, part)
          first += part.length
          part = []
        }
      }
      if (part.length > 0) yield partOf(first, part)
    } finally {
      close()
    }
  },
})

const partOf = (first: number, rows: Part['rows']): Part => ({
  first,
  rows,
  fingerprint: fingerprintOfRows(rows),
})

/** What the table calls otherwise than a snapshot's file does. */
const IN_FILE: Readonly<Record<string, string>> = {
  quoted_at_ms: 'epoch_ms(quoted_at)',
  closed_at_ms: 'epoch_ms(closed_at)',
  quote_group: '"group"',
}
/** Texts that are never NULL in the table. */
const EMPTY_WHERE_ABSENT = ['segment', 'region', 'product_family', 'cluster']
const TEXTS = ['quote_id', 'currency', 'approval_outcome', 'outcome', ...EMPTY_WHERE_ABSENT]

/** The cells of a row but its place, as `cellsOf` has them. Integers stay within 2^53, so that a DOUBLE carries them. */
function fileCells(quotes: WithAttributes): readonly string[] {
  const { texts, integers } = attributeNames(quotes)
  const integer = (sql: string): string => `CAST(${sql} AS DOUBLE)`
  const plain = PLAIN_COLUMNS.slice(1).map(name => {
    const sql = IN_FILE[name] ?? name
    if (EMPTY_WHERE_ABSENT.includes(name)) return `coalesce(${sql}, '')`
    return TEXTS.includes(name) ? sql : integer(sql)
  })
  return [
    ...plain,
    ...texts.map(name => identifier(`attr.${name}`)),
    ...integers.map(name => integer(identifier(`attr.${name}`))),
  ]
}
