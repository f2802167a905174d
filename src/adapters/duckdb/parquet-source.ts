import { done, type Result, refuse } from '../../domain/refusal.ts'
import type { SourceRecord } from '../../domain/source-record.ts'
import { DamagedFile, type SourceBatch, type SourceTable } from '../source-table.ts'
import { chunksOf } from './chunks.ts'
import { identifier, literal, openDuckDB, withDuckDB } from './connection.ts'
import { countRows, describe } from './parquet-read.ts'

/** A Parquet file as a table of text, as a CSV of it would read; NULL is the empty cell. Refuses `bad_input` what is no Parquet. */
export async function openParquet(path: string): Promise<Result<SourceTable>> {
  try {
    const { header, rows } = await withDuckDB(async connection => {
      const described = await describe(connection, path)
      return { header: described.map(column => column.name), rows: await countRows(connection, path) }
    })
    return done({ header, batches: () => batches(path, header, rows), blankLines: () => 0 })
  } catch (fault) {
    return refuse('bad_input', `\`${path}\` cannot be read as Parquet`, 'hand in a Parquet or CSV file', {
      fault: firstLine(fault),
    })
  }
}

async function* batches(path: string, header: readonly string[], total: number): AsyncGenerator<SourceBatch> {
  const { connection, close } = await openDuckDB()
  try {
    const cells = header.map(name => `coalesce(CAST(${identifier(name)} AS VARCHAR), '')`)
    const question = `SELECT ${cells.join(', ')} FROM read_parquet(${literal(path)})`
    let row = 0
    for await (const chunk of chunksOf(connection, question, total)) {
      const columns = chunk.getColumns() as string[][]
      const records: SourceRecord[] = []
      for (let at = 0; at < chunk.rowCount; at += 1) {
        row += 1
        records.push({ row, line: null, cells: columns.map(column => column[at] as string) })
      }
      yield { records, broken: [], done: row, total }
    }
  } catch (fault) {
    throw new DamagedFile(firstLine(fault))
  } finally {
    close()
  }
}

const firstLine = (fault: unknown): string => String(fault).split('\n')[0] as string
