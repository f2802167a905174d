import { Environment, type ParseResult } from '@marcbachmann/cel-js'
import { div, divWide } from './arithmetic.ts'
import { bpsOfPercent, scaledInteger } from './decimal-text.ts'
import { millisecondsOf } from './instant-text.ts'
import { done, type Result, refuse } from './refusal.ts'
import { UnreadableCell } from './unreadable-cell.ts'

/** A mapping expression, checked and compiled. */
export interface MappingExpression {
  /** Columns of the file it looks at, each once. */
  readonly columns: readonly string[]
  /** The cell as text, '' where a column it needs is empty. `row` holds those columns as text. */
  evaluate(row: Readonly<Record<string, string>>): string | UnreadableCell
}

/** Thrown through the library by a function whose argument is empty; one object, so that no stack is taken per cell. */
const EMPTY = { kind: 'empty' } as const

const readOr = <T>(text: string, value: T | UnreadableCell): T => {
  if (text.trim() === '') throw EMPTY
  if (value instanceof UnreadableCell) throw new UnreadableCell(`\`${text}\` ${value.reason}`)
  return value
}

const discountBps = (list: bigint, net: bigint): bigint => {
  if (list <= 0n) throw new UnreadableCell('has a list price that is not above zero')
  return divWide((list - net) * 10_000n, list)
}

const secondsBetween = (from: string, until: string): bigint => {
  const start = readOr(from, millisecondsOf(from))
  const end = readOr(until, millisecondsOf(until))
  return BigInt(div(end - start, 1000))
}

const part = (text: string, separator: string, index: bigint): string => {
  if (text === '') throw EMPTY
  const found = text.split(separator)[Number(index)]
  if (found === undefined)
    throw new UnreadableCell(`\`${text}\` has no part ${index} between \`${separator}\``)
  return found
}

const without = (text: string, characters: string): string =>
  [...text].filter(character => !characters.includes(character)).join('')

/**
 * The functions beside CEL's own: `cents(text)` decimal money in minor units, exact; `integer(text)`;
 * `percent_bps(text)` percent as basis points; `discount_bps(list, net)` from two prices, rounded half away from zero;
 * `seconds_between(from, until)` of two instants; `part(text, separator, index)` from 0; `without(text, characters)`.
 */
function environment(minorUnit: 0 | 2): Environment {
  return new Environment()
    .registerVariable('row', 'map<string, string>')
    .registerFunction('cents(string): int', (text: string) => readOr(text, scaledInteger(text, minorUnit)))
    .registerFunction('integer(string): int', (text: string) => readOr(text, scaledInteger(text, 0)))
    .registerFunction('percent_bps(string): int', (text: string) => readOr(text, bpsOfPercent(text)))
    .registerFunction('discount_bps(int, int): int', discountBps)
    .registerFunction('seconds_between(string, string): int', secondsBetween)
    .registerFunction('part(string, string, int): string', part)
    .registerFunction('without(string, string): string', without)
}

/** Compiles expressions of one mapping. Refuses `bad_input` what does not parse, check, or end as text, integer or truth. */
export function expressionCompiler(minorUnit: 0 | 2): (text: string) => Result<MappingExpression> {
  const cel = environment(minorUnit)
  return text => {
    const columns = columnsOf(text)
    if (!columns.ok) return columns
    let compiled: ParseResult
    try {
      compiled = cel.parse(text)
    } catch (fault) {
      return wrong(text, firstLine(fault))
    }
    const check = compiled.check()
    if (!check.valid) return wrong(text, firstLine(check.error))
    if (!['string', 'int', 'bool'].includes(check.type ?? '')) {
      return wrong(text, `ends as ${check.type}; a cell is a string, an int or a bool`)
    }
    return done({ columns: columns.value, evaluate: row => evaluate(compiled, row) })
  }
}

function evaluate(compiled: ParseResult, row: Readonly<Record<string, string>>): string | UnreadableCell {
  try {
    return String(compiled({ row }))
  } catch (fault) {
    if (fault === EMPTY) return ''
    if (fault instanceof UnreadableCell) return fault
    return new UnreadableCell(`cannot be computed: ${firstLine(fault)}`)
  }
}

const TOKENS = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_]\w*|\S/g

/**
 * The columns named by `row.name` and `row["any name"]`. `row` may stand in no other way: only then is it certain that a
 * cell depends on those columns alone, which the cache of results relies on.
 */
function columnsOf(text: string): Result<readonly string[]> {
  const tokens = text.match(TOKENS) ?? []
  const columns = new Set<string>()
  for (const [at, token] of tokens.entries()) {
    if (token !== 'row' || tokens[at - 1] === '.') continue
    const [next, name = '', last] = tokens.slice(at + 1, at + 4)
    if (next === '.' && /^[A-Za-z_]/.test(name)) columns.add(name)
    else if (next === '[' && /^["'][^\\]*["']$/.test(name) && last === ']') columns.add(name.slice(1, -1))
    else return wrong(text, 'write `row.name` or `row["name of a column"]`')
  }
  return done([...columns])
}

const wrong = (text: string, fault: string) =>
  refuse('bad_input', `the mapping's expression \`${text}\` is wrong`, 'correct the expression', { fault })

const firstLine = (fault: unknown): string =>
  (fault instanceof Error ? fault.message : String(fault)).split('\n')[0] as string
