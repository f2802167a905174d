import type { AttributeName, AttributeValue } from '../../../domain/expression.ts'
import type { Codes } from '../packed-array.ts'
import type { PreparedSnapshot } from '../snapshot.ts'
import { Buckets } from './buckets.ts'
import type { RowCodes } from './row-codes.ts'

/** What no decision moves: the value of an attribute on a row. `discount_bps` is here what a cap sees, the request. */
export function valueOn(snapshot: PreparedSnapshot, attribute: AttributeName, row: number): AttributeValue {
  switch (attribute) {
    case 'segment':
      return textOf(snapshot.segment, row)
    case 'region':
      return textOf(snapshot.region, row)
    case 'product_family':
      return textOf(snapshot.productFamily, row)
    case 'list_cents':
      return snapshot.listCents[row] as number
    case 'cost_cents':
      return orNull(snapshot.costCents[row] as number)
    case 'requested_discount_bps':
    case 'discount_bps':
      return snapshot.requestedDiscountBps[row] as number
    case 'margin_bps':
      return null
    default: {
      const column = snapshot.attributes.get(attribute.slice('attr.'.length))
      if (column === undefined) return null
      if (column.kind === 'integer') return orNull(column.values[row] as number)
      return (column.codes[row] as number) < 0 ? null : textOf(column, row)
    }
  }
}

/** Rows by what their value of an attribute is, as far as comparisons with some constants tell. */
export function codesOf(
  snapshot: PreparedSnapshot,
  attribute: AttributeName,
  constants: readonly (string | number)[],
): RowCodes {
  const texts = textColumnOf(snapshot, attribute)
  if (texts !== null) {
    const numbers = new Map(constants.map((constant, at) => [constant, at + 2]))
    const codeOf = texts.keys.map(key => numbers.get(key) ?? 1)
    return {
      codes: Int32Array.from(texts.codes, code => (code < 0 ? 0 : (codeOf[code] as number))),
      count: constants.length + 2,
    }
  }
  const buckets = new Buckets(constants.filter(constant => typeof constant === 'number'))
  const integers = integersOf(snapshot, attribute)
  const codes = new Int32Array(snapshot.rows)
  if (integers === null) return { codes, count: 1 }
  for (let row = 0; row < codes.length; row += 1) {
    const value = integers[row] as number
    codes[row] = Number.isNaN(value) ? 0 : buckets.of(value) + 1
  }
  return { codes, count: buckets.count + 1 }
}

/** null where no quote has a value. */
function integersOf(snapshot: PreparedSnapshot, attribute: AttributeName): Float64Array | Int16Array | null {
  switch (attribute) {
    case 'list_cents':
      return snapshot.listCents
    case 'cost_cents':
      return snapshot.costCents
    case 'requested_discount_bps':
    case 'discount_bps':
      return snapshot.requestedDiscountBps
    default: {
      const column = snapshot.attributes.get(attribute.slice('attr.'.length))
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

function textColumnOf(snapshot: PreparedSnapshot, attribute: AttributeName): Texts | null {
  if (attribute === 'segment') return snapshot.segment
  if (attribute === 'region') return snapshot.region
  if (attribute === 'product_family') return snapshot.productFamily
  const column = attribute.startsWith('attr.')
    ? snapshot.attributes.get(attribute.slice('attr.'.length))
    : undefined
  return column?.kind === 'text' ? column : null
}
