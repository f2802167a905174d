import { NUMBER_COLUMNS, type NumberColumnName, REQUIRED_COLUMNS } from './canonical-columns.ts'
import { bindMapping, type CellSource } from './cell-source.ts'
import type { TextDictionary } from './column-buffers.ts'
import type { Mapping } from './mapping.ts'
import { isInteger } from './quote-columns-from-rows.ts'
import type { QuoteFileNotes, RejectedCell } from './quote-file.ts'
import { emptyRows, type QuoteRows, type RowColumn } from './quote-rows.ts'
import { done, type Result, refuse } from './refusal.ts'
import type { SourceRecord } from './source-record.ts'
import { normaliseText } from './text.ts'
import { UnreadableCell } from './unreadable-cell.ts'

/** Reads records of a file into rows, cell by cell. */
export interface QuoteRowReader {
  readonly rows: QuoteRows
  readonly singleDiscountColumn: QuoteFileNotes['single_discount_column']
  /** Positions of the cells that something is made of. */
  readonly positions: ReadonlySet<number>
  /** Takes a record in, or says which of its cells cannot be read. */
  read(record: SourceRecord): readonly RejectedCell[]
}

/** Texts remembered per column; beyond that new ones are read anew. */
const REMEMBERED_MAX = 1 << 14

/** Binds a mapping to a file. Refuses `bad_input` where a required column or a column of the mapping is missing. */
export function quoteRowReader(mapping: Mapping, header: readonly string[]): Result<QuoteRowReader> {
  const bound = bindMapping(mapping, header)
  if (!bound.ok) return bound
  const sources = new Map(bound.value)
  const singleDiscountColumn = completeDiscounts(sources)
  const missing = REQUIRED_COLUMNS.filter(name => !sources.has(name))
  if (missing.length > 0) {
    return refuse(
      'bad_input',
      `nothing gives ${missing.map(name => `\`${name}\``).join(', ')}`,
      'pass `--map MAP.yaml` that says where they come from',
      { columns: [...header] },
    )
  }
  const rows = emptyRows(sources.keys())
  const types = new Map(mapping.columns.map(column => [column.name, column.type]))
  const feeds = [...sources].map(([name, source]) => {
    const column = rows.columns.get(name) as RowColumn
    return { name, column, read: remembering(source, cellReader(name, column, types.get(name) ?? null)) }
  })
  const pending = new Float64Array(feeds.length)

  const read = (record: SourceRecord): readonly RejectedCell[] => {
    const unreadable: { name: string; reason: string; raw: string }[] = []
    for (let at = 0; at < feeds.length; at += 1) {
      const { name, read: readCell } = feeds[at] as (typeof feeds)[number]
      const value = readCell(record.cells)
      if (value instanceof UnreadableCell) {
        const source = sources.get(name) as CellSource
        // One discount column that stands for both is one bad cell.
        if (unreadable.some(cell => sources.get(cell.name) === source)) continue
        const raw = source.positions.map(position => record.cells[position]).join(' | ')
        unreadable.push({ name, reason: value.reason, raw })
      } else pending[at] = value
    }
    if (unreadable.length === 0) {
      for (let at = 0; at < feeds.length; at += 1) feeds[at]?.column.values.push(pending[at] as number)
      rows.recordNumbers.push(record.row)
      rows.lines.push(record.line ?? Number.NaN)
      return []
    }
    const idText = sources.get('quote_id')?.textOf(record.cells)
    const quoteId = typeof idText === 'string' && idText !== '' ? normaliseText(idText) : null
    return unreadable.map(({ name, reason, raw }) => ({
      row: record.row,
      line: record.line,
      quoteId,
      column: name,
      reason,
      raw,
    }))
  }
  const positions = new Set([...sources.values()].flatMap(source => source.positions))
  return done({ rows, singleDiscountColumn, positions, read })
}

/** A lone discount column serves as both. */
function completeDiscounts(sources: Map<string, CellSource>): QuoteFileNotes['single_discount_column'] {
  const requested = sources.get('requested_discount_bps')
  const granted = sources.get('granted_discount_bps')
  if (requested === undefined && granted !== undefined) {
    sources.set('requested_discount_bps', granted)
    return 'granted_discount_bps'
  }
  if (granted === undefined && requested !== undefined) {
    sources.set('granted_discount_bps', requested)
    return 'requested_discount_bps'
  }
  return null
}

type Reader = (text: string | UnreadableCell) => number | UnreadableCell

/** Text to what a row keeps: a number, or a code into the column's dictionary; NaN when absent. */
function cellReader(name: string, column: RowColumn, type: 'text' | 'integer' | null): Reader {
  const required = (REQUIRED_COLUMNS as readonly string[]).includes(name)
  const present = column.dictionary === null ? numberReader(name) : textReader(column.dictionary, type)
  return text => {
    if (text instanceof UnreadableCell) return text
    const trimmed = text.trim()
    if (trimmed !== '') return present(trimmed)
    return required ? new UnreadableCell('is missing') : Number.NaN
  }
}

const numberReader = (name: string): ((text: string) => number | UnreadableCell) =>
  NUMBER_COLUMNS[name as NumberColumnName]

function textReader(
  dictionary: TextDictionary,
  type: 'text' | 'integer' | null,
): (text: string) => number | UnreadableCell {
  return text => {
    const normal = normaliseText(text)
    if (type === 'integer' && !isInteger(normal)) return new UnreadableCell('is not an integer')
    return dictionary.codeOf(normal)
  }
}

/**
 * Cells that depend on one cell of the file are read once for each distinct text. Where most texts are new, as ids are, remembering
 * costs more than it saves and is given up.
 */
function remembering(
  source: CellSource,
  read: Reader,
): (cells: readonly string[]) => number | UnreadableCell {
  const remembered = new Map<string, number | UnreadableCell>()
  let repeats = 0
  let worthwhile = true
  const [position, second] = source.positions
  if (position === undefined || second !== undefined) return cells => read(source.textOf(cells))
  return cells => {
    if (!worthwhile) return read(source.textOf(cells))
    const raw = cells[position] as string
    const known = remembered.get(raw)
    if (known !== undefined) {
      repeats += 1
      return known
    }
    const value = read(source.textOf(cells))
    if (remembered.size < REMEMBERED_MAX) remembered.set(raw, value)
    else if (repeats < REMEMBERED_MAX) {
      worthwhile = false
      remembered.clear()
    }
    return value
  }
}
