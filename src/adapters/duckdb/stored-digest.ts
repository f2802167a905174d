import type { DuckDBConnection } from '@duckdb/node-api'
import { compareText } from '../../domain/text.ts'
import type { Digest } from '../../domain/units.ts'
import { ABSENT_INTEGER, SnapshotHash } from '../../evidence/snapshot-hash.ts'
import { ColumnStream } from './column-stream.ts'
import { identifier } from './connection.ts'
import type { ListedTexts } from './listed-texts.ts'
import { countRows, describe } from './parquet-read.ts'

/** Says how many rows of all columns were read, of how many. */
type Progress = (rows: number, total: number) => void

/** A snapshot's file, as far as it was read to say its digest. */
export interface StoredColumns {
  readonly digest: Digest
  readonly rows: number
  readonly attributes: Readonly<Record<string, { readonly kind: 'text' | 'integer' }>>
}

/**
 * The digest of a snapshot's file, its columns streamed one after the other, so that memory does not grow with the quotes. null where
 * its ids do not stand in order, each once, which no snapshot's do. The file must have a snapshot's columns in their order.
 */
export async function digestOfStored(
  connection: DuckDBConnection,
  path: string,
  progress: Progress,
): Promise<StoredColumns | null> {
  const columns = await describe(connection, path)
  const rows = await countRows(connection, path)
  const stream = new ColumnStream(connection, path, rows, read => progress(read, rows * columns.length))
  const hash = new SnapshotHash(rows, columns.length)
  for (const { name, type } of columns) {
    if (name === 'quote_id') {
      if (!(await addIds(hash, stream, name, rows))) return null
    } else if (type === 'VARCHAR') await addTexts(hash, stream, name)
    else await addIntegers(hash, stream, name, type)
  }
  const attributes = columns.filter(column => column.name.startsWith('attr.'))
  return {
    digest: hash.digest(),
    rows,
    attributes: Object.fromEntries(
      attributes.map(({ name, type }) => [
        name.slice('attr.'.length),
        { kind: type === 'VARCHAR' ? 'text' : 'integer' },
      ]),
    ),
  }
}

/** Ids are their own dictionary. Whether they stand in order, each once. */
async function addIds(
  hash: SnapshotHash,
  stream: ColumnStream,
  name: string,
  rows: number,
): Promise<boolean> {
  let before: string | null = null
  let inOrder = true
  hash.beginTexts(name, rows)
  await stream.texts(`SELECT ${identifier(name)} FROM ${stream.file}`, ids => {
    for (const id of ids) {
      if (id === null || (before !== null && compareText(before, id) >= 0)) inOrder = false
      before = id
    }
    hash.texts(ids.map(id => id ?? ''))
  })
  hash.rowNumbers(rows)
  return inOrder
}

async function addTexts(hash: SnapshotHash, stream: ColumnStream, name: string): Promise<void> {
  const listed = await stream.listed(name)
  if (listed !== null) await addListedTexts(hash, stream, name, listed)
  else if (!(await addTextsInOrder(hash, stream, name))) await addNumberedTexts(hash, stream, name)
}

async function addListedTexts(
  hash: SnapshotHash,
  stream: ColumnStream,
  name: string,
  { texts, code }: ListedTexts,
): Promise<void> {
  hash.beginTexts(name, texts.length)
  hash.texts(texts)
  await stream.codes(`SELECT ${code} FROM ${stream.file}`, codes => hash.codes(codes))
}

/**
 * Many texts that stand in order of their bytes by themselves, as customers do where ids begin with them, each on every row, need no
 * sorting: a new one is told from the one before, which DuckDB has at hand while it streams. False, and nothing added, where they do
 * not stand so.
 */
async function addTextsInOrder(hash: SnapshotHash, stream: ColumnStream, name: string): Promise<boolean> {
  const neighbours = `(SELECT ${identifier(name)} AS text, lag(${identifier(name)}) OVER () AS before FROM ${stream.file})`
  const isNew = 'text IS DISTINCT FROM before'
  if ((await stream.number(`SELECT count(*) FROM ${neighbours} WHERE text IS NULL OR text < before`)) > 0)
    return false
  const entries = await stream.number(`SELECT count(*) FROM ${neighbours} WHERE ${isNew}`)
  hash.beginTexts(name, entries)
  await stream.texts(
    `SELECT text FROM ${neighbours} WHERE ${isNew}`,
    texts => hash.texts(texts as string[]),
    entries,
  )
  const newUpTo = `sum(CASE WHEN ${isNew} THEN 1 ELSE 0 END) OVER (ROWS UNBOUNDED PRECEDING)`
  await stream.codes(`SELECT CAST(${newUpTo} - 1 AS INTEGER) FROM ${neighbours}`, codes => hash.codes(codes))
  return true
}

/** Many texts in any order are numbered and sorted back by the database, which spills what does not fit into memory. */
async function addNumberedTexts(hash: SnapshotHash, stream: ColumnStream, name: string): Promise<void> {
  const column = identifier(name)
  const table = identifier(`texts of ${name}`)
  await stream.run(`
    CREATE TEMP TABLE ${table} AS
    SELECT text, CAST(row_number() OVER (ORDER BY text) - 1 AS INTEGER) AS code
    FROM (SELECT DISTINCT ${column} AS text FROM ${stream.file} WHERE ${column} IS NOT NULL)`)
  const entries = await stream.number(`SELECT count(*) FROM ${table}`)
  hash.beginTexts(name, entries)
  await stream.texts(
    `SELECT text FROM ${table} ORDER BY code`,
    texts => hash.texts(texts as string[]),
    entries,
  )
  const codes = `
    SELECT coalesce(code, -1)
    FROM ${stream.fileWithPlaces} AS quotes LEFT JOIN ${table} ON text = ${column}
    ORDER BY file_row_number`
  await stream.codes(codes, some => hash.codes(some))
  await stream.run(`DROP TABLE ${table}`)
}

async function addIntegers(
  hash: SnapshotHash,
  stream: ColumnStream,
  name: string,
  type: string,
): Promise<void> {
  const column = type === 'TIMESTAMP' ? `epoch_ms(${identifier(name)})` : identifier(name)
  hash.beginIntegers(name)
  await stream.integers(
    `SELECT coalesce(CAST(${column} AS BIGINT), ${ABSENT_INTEGER}) FROM ${stream.file}`,
    some => hash.integers(some),
  )
}
