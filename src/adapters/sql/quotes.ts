import type { CohortScope } from '../../domain/replay.ts'
import type { ColumnOf } from './condition.ts'
import { type Dialect, TRUE } from './dialect.ts'

/** Columns of a dialect's quotes that a condition may name besides attr.* and what a decision derives. */
const QUOTE_ATTRIBUTES = {
  segment: { sql: 'segment', kind: 'text', mayBeAbsent: false },
  region: { sql: 'region', kind: 'text', mayBeAbsent: false },
  product_family: { sql: 'product_family', kind: 'text', mayBeAbsent: false },
  list_cents: { sql: 'list_cents', kind: 'integer', mayBeAbsent: false },
  cost_cents: { sql: 'cost_cents', kind: 'integer', mayBeAbsent: true },
  requested_discount_bps: { sql: 'requested_discount_bps', kind: 'integer', mayBeAbsent: false },
} as const

/** What is known of a snapshot's attr.*, without the prefix, wherever its quotes lie. */
export interface WithAttributes {
  readonly attributes: Readonly<Record<string, { readonly kind: 'text' | 'integer' }>>
}

/** What a SELECT of quotes has besides its attr.*, whatever the database. */
const QUOTE_COLUMNS = [
  ...['place', 'quote_id', 'segment', 'region', 'product_family', 'cluster', 'list_cents', 'cost_cents'],
  ...['requested_discount_bps', 'logged_discount_bps', 'logged_approval', 'approval_outcome'],
  ...['approval_latency_seconds', 'closed', 'quoted_at_ms', 'quote_group'],
]

/** The columns of quotes; attr.* stand there under their number. */
export const quoteColumnNames = ({ attributes }: WithAttributes): readonly string[] => [
  ...QUOTE_COLUMNS,
  ...Object.keys(attributes).map((_, at) => `attribute_${at}`),
]

/** The same by attribute. */
export function quoteColumnOf({ attributes }: WithAttributes): ColumnOf {
  const keys = Object.keys(attributes)
  return attribute => {
    if (Object.hasOwn(QUOTE_ATTRIBUTES, attribute)) {
      return QUOTE_ATTRIBUTES[attribute as keyof typeof QUOTE_ATTRIBUTES]
    }
    const at = keys.indexOf(attribute.slice('attr.'.length))
    const column = attributes[keys[at] ?? '']
    return at < 0 || column === undefined
      ? null
      : { sql: `attribute_${at}`, kind: column.kind, mayBeAbsent: true }
  }
}

/** A condition on quotes that holds for those in scope. */
export function scopeSql({ segments, regions, quote_ids, window }: CohortScope, { text }: Dialect): string {
  const among = (column: string, texts: readonly string[]): readonly string[] =>
    texts.length === 0 ? [] : [`${column} IN (${texts.map(text).join(', ')})`]
  const from = window?.from ?? null
  const to = window?.to ?? null
  const conditions = [
    ...among('segment', segments),
    ...among('region', regions),
    ...among('quote_id', quote_ids),
    ...(from === null ? [] : [`quoted_at_ms >= ${Date.parse(from)}`]),
    ...(to === null ? [] : [`quoted_at_ms < ${Date.parse(to)}`]),
  ]
  return conditions.length === 0 ? TRUE : conditions.join(' AND ')
}
