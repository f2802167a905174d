import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { done, type Result, refuse } from '../domain/refusal.ts'
import { CsvRecords, quotedRecord } from './csv-records.ts'
import type { SourceBatch, SourceTable } from './source-table.ts'
import { NOT_UTF8, Utf8Text } from './utf8-text.ts'

const DELIMITERS = [',', ';', '\t', '|'] as const
const PIECE_BYTES = 1 << 20
/** What a header of another encoding, a compressed file or a spreadsheet is not. */
const isText = (text: string): boolean => !text.includes('\0') && !text.includes(NOT_UTF8)

/** Text of a file piece by piece, UTF-8 with or without a byte order mark, with the bytes read so far. */
async function* pieces(path: string): AsyncGenerator<{ text: string; bytes: number }> {
  const decoder = new Utf8Text()
  let bytes = 0
  for await (const chunk of createReadStream(path, { highWaterMark: PIECE_BYTES })) {
    bytes += (chunk as Buffer).length
    yield { text: decoder.take(chunk as Buffer, false), bytes }
  }
  yield { text: decoder.take(new Uint8Array(), true), bytes }
}

/**
 * Opens a CSV file whose first line names the columns; comma, semicolon, tab or bar delimit, whichever the header has most of.
 * Refuses `bad_input` an empty file, UTF-16, and a header with one name twice.
 */
export async function openCsv(path: string): Promise<Result<SourceTable>> {
  const total = (await stat(path)).size
  const source = pieces(path)
  let text = ''
  let ended = false
  let head: ReturnType<typeof readHead> = null
  while (head === null && !ended) {
    const piece = await source.next()
    ended = piece.done === true
    text += piece.done ? '' : piece.value.text
    head = readHead(text, ended)
  }
  if (!isText(text.slice(0, head?.end ?? text.length))) {
    await source.return(undefined)
    return refuse('bad_input', `\`${path}\` is not UTF-8 text`, 'save the file as CSV in UTF-8, uncompressed')
  }
  if (head === null)
    return refuse('bad_input', `\`${path}\` is empty`, 'hand in a file with a header and rows')
  const twice = head.header.find((name, at, all) => name !== '' && all.indexOf(name) !== at)
  if (twice !== undefined) {
    await source.return(undefined)
    return refuse('bad_input', `the header names \`${twice}\` twice`, 'give every column its own name', {
      columns: [...head.header],
    })
  }
  const records = new CsvRecords(head.delimiter, head.header.length, head.lines + 1)
  const rest = text.slice(head.end)
  async function* batches(): AsyncGenerator<SourceBatch> {
    yield { ...records.take(rest, false), done: 0, total }
    for await (const { text: piece, bytes } of source)
      yield { ...records.take(piece, false), done: bytes, total }
    yield { ...records.take('', true), done: total, total }
  }
  return done({ header: head.header, batches, blankLines: () => records.blankLines })
}

interface Head {
  readonly header: readonly string[]
  readonly delimiter: string
  /** Where the first record begins, and the lines before it. */
  readonly end: number
  readonly lines: number
}

/** The header, null where the text so far does not hold a whole one. Empty lines before it are passed over. */
function readHead(text: string, ended: boolean): Head | null {
  const start = text.search(/[^\r\n]/)
  if (start < 0) return null
  const newline = text.indexOf('\n', start)
  if (newline < 0 && !ended) return null
  const line = text.slice(start, newline < 0 ? text.length : newline).replaceAll(/"[^"]*"/g, '')
  const counts = DELIMITERS.map(delimiter => line.split(delimiter).length)
  const delimiter = DELIMITERS[counts.indexOf(Math.max(...counts))] as string
  const read = quotedRecord(text, start, delimiter, ended)
  if (read.kind !== 'record')
    return read.kind === 'incomplete' ? null : plainHead(text, start, newline, delimiter)
  return head(text, read.cells, delimiter, read.end)
}

/** A header whose quotes do not match is taken as it stands, so that the refusal can show it. */
const plainHead = (text: string, start: number, newline: number, delimiter: string): Head => {
  const end = newline < 0 ? text.length : newline + 1
  return head(text, text.slice(start, end).split(delimiter), delimiter, end)
}

const head = (text: string, cells: readonly string[], delimiter: string, end: number): Head => ({
  header: cells.map(cell => cell.trim()),
  delimiter,
  end,
  lines: text.slice(0, end).split('\n').length - 1,
})
