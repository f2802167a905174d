import type { DuckDBConnection } from '@duckdb/node-api'
import type { DecidedColumns, IntegerColumn, TextColumn } from '../../domain/quote.ts'
import type { CohortScope } from '../../domain/replay.ts'
import type { StoredQuotes } from '../../loop/ports.ts'
import type { ColumnOf, ConditionColumn } from '../sql/condition.ts'
import { scopeSql } from '../sql/quotes.ts'
import { clustersAt } from './cluster-count.ts'
import { DUCKDB } from './dialect.ts'
import { listFewTexts, listTexts } from './listed-texts.ts'
import { parquetQuotes } from './parquet-quotes.ts'
import { integerColumn, integers, listed, numbers, type Reader, readParts, spelled } from './part-reader.ts'

/** Some quotes of a snapshot. */
export interface QuotePart extends DecidedColumns {
  /** Where each stands in the file, from 0: by quote_id in UTF-8 order. */
  readonly places: Int32Array
}

/** The quotes of a snapshot's file, to be read in parts; segments and regions have the same numbers in all of them. */
export interface QuoteParts {
  readonly segments: readonly string[]
  readonly regions: readonly string[]
  /** Quotes in scope in parts of at most so many, in any order; `half` 0 and 1 are every other one, null is all. */
  read(scope: CohortScope, rowsMax: number, half: 0 | 1 | null): AsyncGenerator<QuotePart>
  /** How often each grant was logged on closed quotes, by segment and approval. */
  loggedOffers(): Promise<
    readonly (readonly [segment: string, approval: number, grantedBps: number, quotes: number])[]
  >
  /** How many approvals have a latency and how long they took together, by segment. */
  latencies(): Promise<readonly (readonly [segment: string, quotes: bigint, seconds: bigint])[]>
  /** How many clusters the quotes at some places belong to. `places` has a bit for each, the highest of a byte first. */
  clustersAt(places: Uint8Array): Promise<number>
}

/** Opens the file for whoever asks for these attributes: others are not read. */
export async function quoteParts(
  connection: DuckDBConnection,
  stored: StoredQuotes,
  named: ReadonlySet<string>,
): Promise<QuoteParts> {
  const source = parquetQuotes(stored.file, stored)
  const quotes = `(${source.quotes})`
  const segment = await listTexts(connection, quotes, 'segment')
  const region = await listTexts(connection, quotes, 'region')
  const readers = {
    places: numbers('CAST(place AS INTEGER)', Int32Array),
    segment: listed(segment),
    region: listed(region),
    productFamily: await textReader(connection, quotes, 'product_family'),
    listCents: integers('list_cents'),
    costCents: integers('cost_cents'),
    requestedDiscountBps: integers('requested_discount_bps'),
    grantedDiscountBps: integers('logged_discount_bps'),
    approvalRequired: integers('logged_approval'),
    // Of how a quote ended a replay asks only whether it did.
    outcome: numbers('CAST(closed AS TINYINT)', Int8Array),
    group: numbers('CAST(quote_group AS UTINYINT)', Uint8Array),
  }
  const wanted = Object.keys(stored.attributes).filter(key => named.has(`attr.${key}`))
  const attributes = await attributeReaders(connection, quotes, wanted, source.columnOf)
  const rows = async (question: string): Promise<readonly (readonly unknown[])[]> =>
    (await connection.runAndReadAll(question)).getRows()
  return {
    segments: segment.texts,
    regions: region.texts,
    read: async function* (scope, rowsMax, half) {
      const among = half === null ? '' : `AND place % 2 = ${half}`
      const inScope = `${quotes} WHERE ${scopeSql(scope, DUCKDB)} ${among}`
      for await (const part of readParts(
        connection,
        inScope,
        { ...readers, ...attributes.readers },
        rowsMax,
      )) {
        yield { ...part.columns, rows: part.rows, attributes: attributes.of(part.columns) }
      }
    },
    loggedOffers: async () =>
      (
        await rows(`
          SELECT segment, logged_approval, logged_discount_bps, count(*)
          FROM ${quotes}
          WHERE closed AND logged_approval IS NOT NULL
          GROUP BY ALL`)
      ).map(([text, ...integers]) => [text as string, ...(integers.map(Number) as [number, number, number])]),
    latencies: async () =>
      (
        await rows(`
          SELECT segment, count(*), sum(approval_latency_seconds)
          FROM ${quotes}
          WHERE approval_outcome = 'approved' AND approval_latency_seconds IS NOT NULL
          GROUP BY segment`)
      ).map(([text, count, seconds]) => [text as string, count as bigint, seconds as bigint]),
    clustersAt: places => clustersAt(connection, quotes, stored.rows, places),
  }
}

/** Few texts are listed, many are numbered by each part. */
async function textReader(
  connection: DuckDBConnection,
  quotes: string,
  column: string,
): Promise<Reader<TextColumn>> {
  const few = await listFewTexts(connection, quotes, column)
  return few === null ? spelled(column) : listed(few)
}

/** Readers of attributes under the names of their SQL columns, and what they read under the attributes' own. */
async function attributeReaders(
  connection: DuckDBConnection,
  quotes: string,
  wanted: readonly string[],
  columnOf: ColumnOf,
) {
  const readers: Record<string, Reader<TextColumn | IntegerColumn>> = {}
  for (const key of wanted) {
    const { sql, kind } = columnOf(`attr.${key}`) as ConditionColumn
    readers[sql] = kind === 'text' ? await textReader(connection, quotes, sql) : integerColumn(sql)
  }
  const of = (columns: Readonly<Record<string, unknown>>): DecidedColumns['attributes'] =>
    Object.fromEntries(
      wanted.map(key => [
        key,
        columns[(columnOf(`attr.${key}`) as ConditionColumn).sql] as TextColumn | IntegerColumn,
      ]),
    )
  return { readers, of }
}
