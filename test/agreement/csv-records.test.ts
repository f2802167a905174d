import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { CsvRecords } from '../../src/adapters/csv-records.ts'
import { literal, withDuckDB } from '../../src/adapters/duckdb/connection.ts'
import { inFolder } from '../support/quote-file-text.ts'

const WIDTH = 3
const character = fc.constantFrom('a', 'ü', '\u{1F600}', ' ', ',', '"', '\n', '""', "'", '0')
const cell = fc.array(character, { maxLength: 6 }).map(parts => parts.join(''))
const table = fc.array(fc.array(cell, { minLength: WIDTH, maxLength: WIDTH }), {
  minLength: 1,
  maxLength: 30,
})

const quoted = (text: string, always: boolean): string =>
  always || /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text

test('well-formed CSV is cut as DuckDB cuts it, wherever the pieces of the file end', () =>
  inFolder(folder =>
    withDuckDB(async connection => {
      const path = join(folder, 'table.csv')
      await fc.assert(
        fc.asyncProperty(table, fc.boolean(), fc.integer({ min: 1, max: 9 }), async (rows, always, piece) => {
          const cells = rows.map((row, at) => [`r${at}${row[0]}`, row[1] as string, row[2] as string])
          const text = cells.map(row => `${row.map(one => quoted(one, always)).join(',')}\n`).join('')
          await writeFile(path, text)
          const reader = await connection.runAndReadAll(`
            SELECT coalesce(a, ''), coalesce(b, ''), coalesce(c, '') FROM read_csv(${literal(path)}, auto_detect = false,
              header = false, delim = ',', quote = '"', escape = '"', new_line = '\\n',
              columns = {'a': 'VARCHAR', 'b': 'VARCHAR', 'c': 'VARCHAR'})
          `)
          const ours = recordsOf(text, piece)
          assert.deepEqual(ours, cells)
          assert.deepEqual(ours, reader.getRows())
        }),
        { numRuns: 100 },
      )
    }),
  ))

function recordsOf(text: string, piece: number): readonly (readonly string[])[] {
  const reader = new CsvRecords(',', WIDTH, 1)
  const records: (readonly string[])[] = []
  const characters = [...text]
  for (let at = 0; at <= characters.length; at += piece) {
    const last = at + piece > characters.length
    const batch = reader.take(characters.slice(at, at + piece).join(''), last)
    assert.deepEqual(batch.broken, [])
    records.push(...batch.records.map(record => record.cells))
  }
  return records
}
