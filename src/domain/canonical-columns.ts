import { scaledInteger } from './decimal-text.ts'
import { millisecondsOf } from './instant-text.ts'
import { APPROVAL_OUTCOMES, OUTCOMES } from './quote.ts'
import { normaliseText } from './text.ts'
import { UnreadableCell } from './unreadable-cell.ts'

/** Reads a cell that is not empty as the number a snapshot keeps. */
type CellReader = (text: string) => number | UnreadableCell

/** Columns of a snapshot that hold numbers, or words from a closed list. Absent is NaN. */
export const NUMBER_COLUMNS = {
  list_cents: integerBetween(1, 1e12),
  cost_cents: integerBetween(0, 1e12),
  requested_discount_bps: integerBetween(-10_000, 10_000),
  granted_discount_bps: integerBetween(-10_000, 10_000),
  net_cents: integerBetween(0, 2e12),
  approval_required: oneOf({ '0': 0, false: 0, '1': 1, true: 1 }),
  approval_outcome: oneOf(codesOf(APPROVAL_OUTCOMES)),
  approval_latency_seconds: integerBetween(0, Number.MAX_SAFE_INTEGER),
  outcome: oneOf(codesOf(OUTCOMES)),
  quoted_at: millisecondsOf,
  closed_at: millisecondsOf,
  policy_version: integerBetween(1, Number.MAX_SAFE_INTEGER),
} as const satisfies Readonly<Record<string, CellReader>>

export type NumberColumnName = keyof typeof NUMBER_COLUMNS

/** Columns of a snapshot that hold free text; `attr.*` come beside them. */
export const TEXT_COLUMNS = [
  'quote_id',
  'segment',
  'region',
  'product_family',
  'currency',
  'cluster',
] as const
export type TextColumnName = (typeof TEXT_COLUMNS)[number]

/** Columns without which there is no quote. The two discounts may stand for one another. */
export const REQUIRED_COLUMNS = [
  'quote_id',
  'currency',
  'list_cents',
  'requested_discount_bps',
  'granted_discount_bps',
  'outcome',
] as const satisfies readonly (NumberColumnName | TextColumnName)[]

export const CANONICAL_COLUMNS: readonly string[] = [...TEXT_COLUMNS, ...Object.keys(NUMBER_COLUMNS)]

const ATTRIBUTE_NAME = /^attr\.[A-Za-z_][A-Za-z0-9_]*$/

/** Whether a name is `attr.` and an identifier, so that a rule can name it. */
export const isAttributeName = (name: string): boolean => ATTRIBUTE_NAME.test(name)

export const isCanonicalColumn = (name: string): boolean =>
  CANONICAL_COLUMNS.includes(name) || isAttributeName(name)

/** Most cells; a number holds them exactly. */
const FEW_DIGITS = /^\d{1,15}$/

/** A function declaration, because the tables above are made of it while the module loads. */
function integerBetween(min: number, max: number): CellReader {
  return text => {
    const value = FEW_DIGITS.test(text) ? Number(text) : scaledInteger(text, 0)
    if (value instanceof UnreadableCell) return value
    if (value < min || value > max) return new UnreadableCell(`is not within ${min}..${max}`)
    return Number(value)
  }
}

function oneOf(codes: Readonly<Record<string, number>>): CellReader {
  const known = new Map(Object.entries(codes))
  return text =>
    known.get(normaliseText(text)) ?? new UnreadableCell(`is none of ${[...known.keys()].join(', ')}`)
}

function codesOf(words: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(words.map((word, code) => [word, code]))
}
