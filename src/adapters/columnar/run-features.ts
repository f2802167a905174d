import type { AttributeName } from '../../domain/expression.ts'
import type { DecidedColumns } from '../../domain/quote.ts'
import { presenceOf } from './packed-array.ts'
import type { Key, Run } from './runs.ts'
import type { KeyColumn, PreparedSnapshot } from './snapshot.ts'

/** One way to tell rows apart, and what a code of it says about an attribute. */
export interface Feature {
  readonly attribute: AttributeName
  readonly key: Key
  /** The one value behind a code; undefined where the code says only that there is one. */
  valueBehind(code: number): string | null | undefined
}

/** Presence of the cost first, since floors ask for it, then texts, small dictionaries before large ones. */
export function featuresOf(
  columns: Pick<DecidedColumns, 'costCents' | 'attributes'>,
  keys: Readonly<Record<'segment' | 'region' | 'product_family', KeyColumn>>,
): readonly Feature[] {
  const attributes = Object.entries(columns.attributes).map(([name, column]): Feature => {
    const attribute: AttributeName = `attr.${name}`
    return column.kind === 'integer'
      ? presence(attribute, column.values)
      : {
          attribute,
          key: { values: column.codes, offset: 1, bound: column.dictionary.length + 1 },
          valueBehind: code => (code === 0 ? null : (column.dictionary[code - 1] as string)),
        }
  })
  const named = Object.entries(keys).map(
    ([attribute, column]): Feature => ({
      attribute: attribute as AttributeName,
      key: { values: column.codes, offset: 0, bound: column.keys.length },
      valueBehind: code => column.keys[code] as string,
    }),
  )
  return [
    presence('cost_cents', columns.costCents),
    ...named,
    ...attributes.toSorted((left, right) => left.key.bound - right.key.bound),
  ]
}

const presence = (attribute: AttributeName, values: Float64Array): Feature => ({
  attribute,
  key: { values: presenceOf(values), offset: 0, bound: 2 },
  valueBehind: code => (code === 0 ? null : undefined),
})

export function runsOf(
  { codes, count, order }: { readonly codes: Int32Array; readonly count: number; readonly order: Int32Array },
  features: readonly Feature[],
  numbers: Pick<PreparedSnapshot, 'listCents' | 'costCents' | 'requestedDiscountBps'>,
): readonly Run[] {
  const runs: Run[] = []
  let from = 0
  for (let code = 0; code < count; code += 1) {
    let to = from
    while (to < order.length && codes[order[to] as number] === code) to += 1
    runs.push(runOf(from, to, order[from] as number, features, numbers))
    from = to
  }
  return runs
}

function runOf(
  from: number,
  to: number,
  firstRow: number,
  features: readonly Feature[],
  { listCents, costCents, requestedDiscountBps }: Parameters<typeof runsOf>[2],
): Run {
  const fixed = new Map<AttributeName, string | null>()
  const present = new Set<AttributeName>(['list_cents', 'requested_discount_bps', 'discount_bps'])
  for (const { attribute, key, valueBehind } of features) {
    const value = valueBehind((key.values[firstRow] as number) + key.offset)
    if (value === undefined) present.add(attribute)
    else fixed.set(attribute, value)
  }
  const costKnown = present.has('cost_cents')
  if (costKnown) present.add('margin_bps')
  else fixed.set('margin_bps', null)
  let listCentsMax = 0
  let costCentsMax = 0
  let requestedBpsMin = 10_000
  for (let row = from; row < to; row += 1) {
    listCentsMax = Math.max(listCentsMax, listCents[row] as number)
    if (costKnown) costCentsMax = Math.max(costCentsMax, costCents[row] as number)
    requestedBpsMin = Math.min(requestedBpsMin, requestedDiscountBps[row] as number)
  }
  return { from, to, fixed, present, costKnown, listCentsMax, costCentsMax, requestedBpsMin }
}
