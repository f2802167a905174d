import type { BrokenRecord, SourceRecord } from '../domain/source-record.ts'
import { NOT_UTF8 } from './utf8-text.ts'

/** What one call of `take` made of the text so far. */
export interface CsvBatch {
  readonly records: readonly SourceRecord[]
  readonly broken: readonly BrokenRecord[]
}

/** A quoted cell that runs on for longer is taken for a quote that someone forgot to close. */
const RECORD_LENGTH_MAX = 1 << 20

type Quoted =
  | { readonly kind: 'record'; readonly cells: readonly string[]; readonly end: number }
  | { readonly kind: 'broken'; readonly reason: string }
  | { readonly kind: 'incomplete' }

/**
 * Cuts CSV text (RFC 4180, any delimiter, LF or CRLF) into records, piece by piece. Every line ends up in exactly one record, good
 * or broken, or is counted as blank. A record whose quotes do not match costs its first line alone: reading goes on with the next
 * line, so that one stray quote does not swallow the rows behind it (why this is not DuckDB's reader: docs/decisions/0010).
 */
export class CsvRecords {
  readonly #delimiter: string
  readonly #width: number
  #text = ''
  #line: number
  #row = 0
  #inLongLine = false
  blankLines = 0

  /** `width` cells a record; `firstLine` is the number of the line that `take` is given first. */
  constructor(delimiter: string, width: number, firstLine: number) {
    this.#delimiter = delimiter
    this.#width = width
    this.#line = firstLine
  }

  /** Takes the next piece of text; with `last` the rest is read as well. */
  take(piece: string, last: boolean): CsvBatch {
    const text = this.#text + piece
    const records: SourceRecord[] = []
    const broken: BrokenRecord[] = []
    let start = this.#restOfLongLine(text)
    while (start < text.length) {
      const newline = text.indexOf('\n', start)
      if (newline < 0 && !last) {
        if (text.length - start <= RECORD_LENGTH_MAX) break
        broken.push(
          this.#broken('is a line of more than a million characters', text.slice(start, start + 200)),
        )
        this.#inLongLine = true
        start = text.length
        break
      }
      const lineEnd = newline < 0 ? text.length : newline
      const line = text.slice(start, withoutReturn(text, start, lineEnd))
      const read = line.includes('"')
        ? quotedRecord(text, start, this.#delimiter, last)
        : ({ kind: 'record', cells: line.split(this.#delimiter), end: lineEnd + 1 } as const)
      if (read.kind === 'incomplete') break
      const end = read.kind === 'record' ? read.end : lineEnd + 1
      const fault = read.kind === 'record' ? this.#faultOf(read.cells) : read.reason
      if (line === '') this.blankLines += 1
      else if (fault !== null)
        broken.push(this.#broken(fault, read.kind === 'record' ? text.slice(start, end).trimEnd() : line))
      else if (read.kind === 'record') {
        this.#row += 1
        records.push({ row: this.#row, line: this.#line, cells: read.cells })
      }
      this.#line += linesIn(text, start, end)
      start = end
    }
    this.#text = text.slice(start)
    return { records, broken }
  }

  #broken(reason: string, raw: string): BrokenRecord {
    this.#row += 1
    return { row: this.#row, line: this.#line, reason, raw: raw.toWellFormed() }
  }

  /** Where reading goes on: behind the rest of a line that was given up as too long. */
  #restOfLongLine(text: string): number {
    if (!this.#inLongLine) return 0
    const newline = text.indexOf('\n')
    if (newline < 0) return text.length
    this.#inLongLine = false
    this.#line += 1
    return newline + 1
  }

  #faultOf(cells: readonly string[]): string | null {
    if (cells.length !== this.#width) return `has ${cells.length} cells where the header has ${this.#width}`
    const wrong = cells.findIndex(cell => cell.includes(NOT_UTF8))
    return wrong < 0 ? null : `holds bytes that are not UTF-8, in cell ${wrong + 1}`
  }
}

/** Lines from `start` up to `end`, which lies behind a line break or at the end of the text. */
function linesIn(text: string, start: number, end: number): number {
  let lines = 0
  for (let at = start; at < end && at < text.length; lines += 1) {
    const newline = text.indexOf('\n', at)
    at = newline < 0 ? end : newline + 1
  }
  return lines
}

/** Reads one record cell by cell; quotes inside an unquoted cell are plain characters. */
export function quotedRecord(text: string, start: number, delimiter: string, last: boolean): Quoted {
  const cells: string[] = []
  let at = start
  for (;;) {
    if (text[at] !== '"') {
      const end = endOfPlainCell(text, at, delimiter)
      cells.push(
        text.slice(at, end === text.length || text[end] === delimiter ? end : withoutReturn(text, at, end)),
      )
      at = end
    } else {
      const close = closingQuote(text, at + 1)
      if (close < 0) {
        const open = !last && text.length - start <= RECORD_LENGTH_MAX
        return open ? { kind: 'incomplete' } : { kind: 'broken', reason: 'has a quote that is never closed' }
      }
      cells.push(text.slice(at + 1, close).replaceAll('""', '"'))
      at = close + 1
      if (text[at] === '\r' && (text[at + 1] === '\n' || at + 1 === text.length)) at += 1
    }
    if (at >= text.length) return last ? { kind: 'record', cells, end: at } : { kind: 'incomplete' }
    if (text[at] === '\n') return { kind: 'record', cells, end: at + 1 }
    if (text[at] !== delimiter) return { kind: 'broken', reason: 'has text behind a closing quote' }
    at += 1
  }
}

function endOfPlainCell(text: string, start: number, delimiter: string): number {
  let at = start
  while (at < text.length && text[at] !== delimiter && text[at] !== '\n') at += 1
  return at
}

const withoutReturn = (text: string, start: number, end: number): number =>
  end > start && text[end - 1] === '\r' ? end - 1 : end

/** The quote that ends a cell: the first that is not doubled. -1 when there is none. */
function closingQuote(text: string, start: number): number {
  let at = text.indexOf('"', start)
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2)
  return at
}
