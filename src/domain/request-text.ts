import { z } from 'zod'
import { CANONICAL_COLUMNS, isAttributeName } from './canonical-columns.ts'
import type { Request } from './decision.ts'
import { RANGE_OF } from './policy-cells.ts'
import { type Result, refuse } from './refusal.ts'
import { shapeFault } from './shape-fault.ts'
import { normaliseText } from './text.ts'
import type { JsonObject } from './units.ts'

const within = (attribute: string) => {
  const { min, max } = RANGE_OF[attribute] as { min: number; max: number }
  return z.int().min(min).max(max)
}
const text = z.string().nullish()
const named = z.looseObject({
  segment: text,
  region: text,
  product_family: text,
  list_cents: within('list_cents'),
  cost_cents: within('cost_cents').nullish(),
  requested_discount_bps: within('requested_discount_bps'),
})
const attributeValue = z.union([z.int(), z.string()]).nullable()

/**
 * Reads a JSON object with canonical column names (DESIGN section 4) as a quote to be decided. Columns that no decision looks at
 * may be there and are left out. Refuses `bad_input`.
 */
export function readRequest(json: string): Result<Request> {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    return unreadable((error as SyntaxError).message)
  }
  const shaped = named.safeParse(value)
  if (!shaped.success) {
    return unreadable(shapeFault(shaped.error.issues[0] as z.core.$ZodIssue, 'the quote'))
  }
  const attributes: [string, string | number | null][] = []
  for (const [name, given] of Object.entries(shaped.data)) {
    if (CANONICAL_COLUMNS.includes(name)) continue
    if (!isAttributeName(name)) return unreadable(`no column is called \`${name}\``)
    const attribute = attributeValue.safeParse(given)
    if (!attribute.success) return unreadable(`\`${name}\` is neither text nor an integer`)
    attributes.push([
      name.slice('attr.'.length),
      typeof attribute.data === 'string' ? textOrAbsent(attribute.data) : attribute.data,
    ])
  }
  const quote = shaped.data
  return {
    ok: true,
    value: {
      segment: normaliseText(quote.segment ?? ''),
      region: normaliseText(quote.region ?? ''),
      productFamily: normaliseText(quote.product_family ?? ''),
      listCents: quote.list_cents,
      costCents: quote.cost_cents ?? null,
      requestedDiscountBps: quote.requested_discount_bps,
      attributes: Object.fromEntries(attributes),
    },
  }
}

/** An empty cell of an import is absent too. */
const textOrAbsent = (raw: string): string | null => normaliseText(raw) || null

const unreadable = (why: string) =>
  refuse(
    'bad_input',
    `the quote cannot be read: ${why}`,
    'give a JSON object such as {"segment":"smb","region":"na","list_cents":1000000,"cost_cents":600000,"requested_discount_bps":1500}',
  )

/** A quote to be decided under its canonical column names. */
export const requestJson = (request: Request): JsonObject => ({
  segment: request.segment,
  region: request.region,
  product_family: request.productFamily,
  list_cents: request.listCents,
  cost_cents: request.costCents,
  requested_discount_bps: request.requestedDiscountBps,
  ...Object.fromEntries(Object.entries(request.attributes).map(([key, value]) => [`attr.${key}`, value])),
})
