import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { canonicalMapping, type Mapping } from '../domain/mapping.ts'
import type { QuoteColumns } from '../domain/quote.ts'
import { quoteColumnsFromRows } from '../domain/quote-columns-from-rows.ts'
import type { QuoteFile, RejectedCell } from '../domain/quote-file.ts'
import { countsOf, netDifferences, refuseTooManyRejects } from '../domain/quote-file-account.ts'
import { type QuoteRowReader, quoteRowReader } from '../domain/quote-row-reader.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import { distinctRows } from '../domain/repeated-quotes.ts'
import type { Progress, QuoteFiles } from '../loop/ports.ts'
import { openCsv } from './csv-file.ts'
import { readMappingFile } from './mapping-files.ts'
import { DamagedFile, type SourceTable } from './source-table.ts'

/** Files of quotes on disk. */
export const quoteFiles = (progress: Progress): QuoteFiles => ({
  read: async (path, map, rejectsMax) => {
    const mapping = map === null ? done(null) : await readMappingFile(map)
    return mapping.ok ? readQuoteFile(path, mapping.value, rejectsMax, progress) : mapping
  },
})

/** Reads a CSV or Parquet file of quotes; `mapping` null where its columns are canonical. See `QuoteFiles` for what is refused. */
export async function readQuoteFile(
  path: string,
  mapping: Mapping | null,
  rejectsMax: number | null,
  progress: Progress,
): Promise<Result<QuoteFile>> {
  const opened = await openTable(path)
  if (!opened.ok) return opened
  const table = opened.value
  const chosen = mapping ?? canonicalMapping(table.header)
  const bound = quoteRowReader(chosen, table.header)
  if (!bound.ok) return bound
  const reader = bound.value
  const read = await readRecords(table, reader, path, progress)
  if (!read.ok) return read
  const { records, rejects } = read.value
  const distinct = distinctRows(reader.rows)
  for (const reject of distinct.rejects) rejects.push(reject)
  rejects.sort((left, right) => (left.row ?? 0) - (right.row ?? 0))
  const currency = oneCurrency(reader, distinct.kept)
  if (!currency.ok) return currency
  const types = Object.fromEntries(chosen.columns.map(column => [column.name, column.type]))
  const columns = quoteColumnsFromRows(reader.rows, distinct.kept, currency.value, types)
  const counts = countsOf(columns, records, rejects, distinct.collapsed)
  const refused = refuseTooManyRejects(counts, rejects, rejectsMax)
  if (refused !== null) return refused
  return done({
    name: basename(path),
    columns,
    counts,
    rejects,
    notes: notesOn(table, chosen, reader, columns),
  })
}

interface ReadRecords {
  readonly records: number
  readonly rejects: RejectedCell[]
}

async function readRecords(
  table: SourceTable,
  reader: QuoteRowReader,
  path: string,
  progress: Progress,
): Promise<Result<ReadRecords>> {
  const rejects: RejectedCell[] = []
  let records = 0
  try {
    for await (const batch of table.batches()) {
      records += batch.records.length + batch.broken.length
      for (const record of batch.records) {
        for (const reject of reader.read(record)) rejects.push(reject)
      }
      for (const broken of batch.broken) rejects.push({ ...broken, quoteId: null, column: null })
      progress(`reading ${basename(path)}`, batch.done, batch.total)
    }
  } catch (fault) {
    if (!(fault instanceof DamagedFile)) throw fault
    return refuse('bad_input', `\`${path}\` is damaged behind row ${records}`, 'hand in an undamaged copy', {
      fault: fault.message,
    })
  }
  return done({ records, rejects })
}

function oneCurrency(reader: QuoteRowReader, kept: Int32Array): Result<string> {
  const column = reader.rows.columns.get('currency')
  const rowsByCode = new Map<number, number>()
  for (const row of kept) {
    const code = column?.values.at(row) as number
    rowsByCode.set(code, (rowsByCode.get(code) ?? 0) + 1)
  }
  const textOf = (code: number): string => column?.dictionary?.texts[code] ?? ''
  const [first] = rowsByCode.keys()
  if (rowsByCode.size <= 1) return done(first === undefined ? '' : textOf(first))
  return refuse(
    'bad_input',
    `the quotes are in ${rowsByCode.size} currencies, and a snapshot has one`,
    'split the file by currency and import each part',
    { quotes: Object.fromEntries([...rowsByCode].map(([code, rows]) => [textOf(code), rows])) },
  )
}

function notesOn(
  table: SourceTable,
  mapping: Mapping,
  reader: QuoteRowReader,
  columns: QuoteColumns,
): QuoteFile['notes'] {
  const differences = netDifferences(columns)
  return {
    single_discount_column: reader.singleDiscountColumn,
    net_differences: differences.count,
    net_difference_cents_max: differences.centsMax,
    minor_unit: mapping.minorUnit,
    ignored_columns: table.header.filter((_, position) => !reader.positions.has(position)),
    blank_lines: table.blankLines(),
  }
}

const PARQUET_MAGIC = 'PAR1'

/** Parquet by its first bytes, CSV otherwise: a name's ending says less. */
async function openTable(path: string): Promise<Result<SourceTable>> {
  const found = await stat(path).catch(() => null)
  if (found?.isDirectory() === true) {
    return refuse('bad_input', `\`${path}\` is a folder`, 'name a CSV or Parquet file in it')
  }
  if (found === null || !found.isFile()) {
    return refuse('not_found', `there is no file \`${path}\``, 'name a CSV or Parquet file')
  }
  const start = await firstBytes(path)
  if (start === null) return refuse('bad_input', `\`${path}\` cannot be read`, 'name a file you may read')
  if (start !== PARQUET_MAGIC) return openCsv(path)
  const { openParquet } = await import('./duckdb/parquet-source.ts')
  return openParquet(path)
}

async function firstBytes(path: string): Promise<string | null> {
  const file = await open(path).catch(() => null)
  if (file === null) return null
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0).finally(() => file.close())
  return buffer.toString('latin1')
}
