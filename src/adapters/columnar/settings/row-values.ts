import type { AttributeName, AttributeValue } from '../../../domain/expression.ts'
import type { Codes } from '../packed-array.ts'
import { Buckets } from './buckets.ts'
import type { SettingQuotes } from './distinct-quotes.ts'
import { lookedUp, type RowCodes } from './row-codes.ts'

/** What no decision moves: the value of an attribute on a row. `discount_bps` is here what a cap sees, the request. */
export function valueOn(quotes: SettingQuotes, attribute: AttributeName, row: number): AttributeValue {
  switch (attribute) {
    case 'segment':
      return textOf(quotes.segment, row)
    case 'region':
      return textOf(quotes.region, row)
    case 'product_family':
      return textOf(quotes.productFamily, row)
    case 'list_cents':
      return quotes.listCents[row] as number
    case 'cost_cents':
      return orNull(quotes.costCents[row] as number)
    case 'requested_discount_bps':
    case 'discount_bps':
      return quotes.requestedDiscountBps[row] as number
    case 'margin_bps':
      return null
    default: {
      const column = quotes.attributes.get(attribute.slice('attr.'.length))
      if (column === undefined) return null
      if (column.kind === 'integer') return orNull(column.values[row] as number)
      return (column.codes[row] as number) < 0 ? null : textOf(column, row)
    }
  }
}

/** Rows by what their value of an attribute is, as far as comparisons with some constants tell. */
export function codesOf(
  quotes: SettingQuotes,
  attribute: AttributeName,
  constants: readonly (string | number)[],
): RowCodes {
  const texts = textColumnOf(quotes, attribute)
  if (texts !== null) {
    const numbers = new Map(constants.map((constant, at) => [constant, at + 2]))
    const codeOf = Int32Array.from(['', ...texts.keys], (key, at) => (at === 0 ? 0 : (numbers.get(key) ?? 1)))
    return lookedUp(texts.codes, 1, codeOf, constants.length + 2)
  }
  const integers = integersOf(quotes, attribute)
  const bounds = constants.filter(constant => typeof constant === 'number')
  const codes = new Int32Array(quotes.rows)
  if (integers === null) return { codes, count: 1 }
  const buckets = new Buckets(bounds)
  // Neighbours mostly agree, as rows stand by request and lists repeat prices.
  let last = Number.NaN
  let code = 0
  for (let row = 0; row < codes.length; row += 1) {
    const value = integers[row] as number
    if (value !== last) {
      last = value
      code = Number.isNaN(value) ? 0 : buckets.of(value) + 1
    }
    codes[row] = code
  }
  return { codes, count: buckets.count + 1 }
}

/** null where no quote has a value. */
function integersOf(quotes: SettingQuotes, attribute: AttributeName): Float64Array | Int16Array | null {
  switch (attribute) {
    case 'list_cents':
      return quotes.listCents
    case 'cost_cents':
      return quotes.costCents
    case 'requested_discount_bps':
    case 'discount_bps':
      return quotes.requestedDiscountBps
    default: {
      const column = quotes.attributes.get(attribute.slice('attr.'.length))
      return column?.kind === 'integer' ? column.values : null
    }
  }
}

interface Texts {
  readonly codes: Codes
  readonly keys: readonly string[]
}

const textOf = ({ codes, keys }: Texts, row: number): string => keys[codes[row] as number] as string
const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)

function textColumnOf(quotes: SettingQuotes, attribute: AttributeName): Texts | null {
  if (attribute === 'segment') return quotes.segment
  if (attribute === 'region') return quotes.region
  if (attribute === 'product_family') return quotes.productFamily
  const column = attribute.startsWith('attr.')
    ? quotes.attributes.get(attribute.slice('attr.'.length))
    : undefined
  return column?.kind === 'text' ? column : null
}
