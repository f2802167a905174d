import type { QuotesInSql } from '../sql/questions.ts'
import { quoteColumnNames, quoteColumnOf, type WithAttributes } from '../sql/quotes.ts'
import { CLICKHOUSE, text } from './dialect.ts'
import { attributeNames } from './table-row.ts'

/** The rows of a quotes table for which a condition holds, with the columns that the stages name. */
export function pushedQuotes(quotes: WithAttributes, table: string, condition: string): QuotesInSql {
  const names = attributeNames(quotes)
  const attributes = Object.entries(quotes.attributes).map(([name, { kind }], at) => {
    const [array, index] =
      kind === 'text'
        ? ['text_attributes', names.texts.indexOf(name)]
        : ['integer_attributes', names.integers.indexOf(name)]
    return `${array}[${Number(index) + 1}] AS attribute_${at},`
  })
  const select = `
    SELECT
      place,
      quote_id,
      segment,
      region,
      product_family,
      cluster,
      list_cents,
      cost_cents,
      requested_discount_bps,
      granted_discount_bps AS logged_discount_bps,
      approval_required AS logged_approval,
      approval_outcome,
      approval_latency_seconds,
      ${attributes.join('\n      ')}
      outcome <> ${text('open')} AS closed,
      quoted_at_ms,
      quote_group
    FROM ${table}
    WHERE ${condition}`
  return {
    dialect: CLICKHOUSE,
    quotes: select,
    names: quoteColumnNames(quotes),
    columnOf: quoteColumnOf(quotes),
  }
}
