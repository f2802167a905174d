import type { MappedColumn, Mapping } from './mapping.ts'
import { expressionCompiler, type MappingExpression } from './mapping-expression.ts'
import { done, type Result, refuse } from './refusal.ts'
import { normaliseText } from './text.ts'
import { UnreadableCell } from './unreadable-cell.ts'

/**
 * Where the text of a cell comes from, bound to the columns of one file. `positions` are the cells it depends on; `textOf` gives
 * the text, '' when absent.
 */
export interface CellSource {
  readonly positions: readonly number[]
  textOf(cells: readonly string[]): string | UnreadableCell
}

/** Binds every column of a mapping to the columns of a file. Refuses `bad_input` names the file does not have. */
export function bindMapping(
  mapping: Mapping,
  header: readonly string[],
): Result<ReadonlyMap<string, CellSource>> {
  const compile = expressionCompiler(mapping.minorUnit)
  const bound = new Map<string, CellSource>()
  for (const column of mapping.columns) {
    const source = bindColumn(column, header, compile)
    if (!source.ok) return source
    bound.set(column.name, source.value)
  }
  return done(bound)
}

function bindColumn(
  { name, source }: MappedColumn,
  header: readonly string[],
  compile: (text: string) => Result<MappingExpression>,
): Result<CellSource> {
  switch (source.kind) {
    case 'constant':
      return done({ positions: [], textOf: () => source.text })
    case 'column':
    case 'values': {
      const position = positionOf(header, source.column)
      if (position < 0) return unknownColumn(name, source.column, header)
      if (source.kind === 'column') {
        return done({ positions: [position], textOf: cells => cells[position] as string })
      }
      const wordFor = valueTable(source.values, source.otherwise)
      return done({ positions: [position], textOf: cells => wordFor(cells[position] as string) })
    }
    case 'expression': {
      const expression = compile(source.expression)
      if (!expression.ok) return expression
      const absent = expression.value.columns.find(column => positionOf(header, column) < 0)
      if (absent !== undefined) return unknownColumn(name, absent, header)
      return done(expressionSource(expression.value, header))
    }
  }
}

/** The column of that name; in another case only where no second one could be meant, as tools differ in capitals. -1 for none. */
function positionOf(header: readonly string[], name: string): number {
  const exact = header.indexOf(name)
  if (exact >= 0) return exact
  const meant = [...header.keys()].filter(at => header[at]?.toLowerCase() === name.toLowerCase())
  return meant.length === 1 ? (meant[0] as number) : -1
}

function valueTable(
  values: Readonly<Record<string, string>>,
  otherwise: string | null,
): (raw: string) => string | UnreadableCell {
  const known = new Map(Object.entries(values).map(([raw, word]) => [normaliseText(raw), word]))
  return raw => {
    const text = normaliseText(raw)
    const word = known.get(text) ?? (text === '' ? '' : otherwise)
    return word ?? new UnreadableCell('has no value in the mapping')
  }
}

function expressionSource(expression: MappingExpression, header: readonly string[]): CellSource {
  const positions = expression.columns.map(column => positionOf(header, column))
  return {
    positions,
    textOf: cells => {
      const row: Record<string, string> = {}
      for (let at = 0; at < positions.length; at += 1) {
        row[expression.columns[at] as string] = cells[positions[at] as number] as string
      }
      return expression.evaluate(row)
    },
  }
}

const unknownColumn = (name: string, column: string, header: readonly string[]) =>
  refuse(
    'bad_input',
    `the mapping makes \`${name}\` from \`${column}\`, which the file does not have`,
    'name one of the columns at hand',
    { columns: [...header] },
  )
