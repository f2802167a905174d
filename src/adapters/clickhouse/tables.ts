/** Where quotes lie: a MergeTree on one server, or a Distributed table over several, made by whoever runs the cluster. */
export const QUOTES_TABLE = 'quotey_quotes'
/** What each shard holds of them, by the name that the guide gives it. */
export const SHARD_TABLE = `${QUOTES_TABLE}_local`
/** Which snapshots arrived whole, and in which batches; on the server that is asked. */
export const SNAPSHOTS_TABLE = 'quotey_snapshots'

/**
 * Columns of the quotes table with their types. Attributes stand in two arrays by kind, in the order of their names in the snapshots table, so
 * that one table holds every history. NULL is absent; instants are milliseconds since 1970 UTC.
 */
export const QUOTES_COLUMNS = {
  snapshot: 'String',
  batch: 'UInt64',
  place: 'Int64',
  quote_id: 'String',
  segment: 'String',
  region: 'String',
  product_family: 'String',
  currency: 'String',
  list_cents: 'Int64',
  cost_cents: 'Nullable(Int64)',
  requested_discount_bps: 'Int64',
  granted_discount_bps: 'Int64',
  net_cents: 'Nullable(Int64)',
  approval_required: 'Nullable(Int64)',
  approval_outcome: 'Nullable(String)',
  approval_latency_seconds: 'Nullable(Int64)',
  outcome: 'String',
  quoted_at_ms: 'Nullable(Int64)',
  closed_at_ms: 'Nullable(Int64)',
  policy_version: 'Nullable(Int64)',
  cluster: 'String',
  quote_group: 'Int64',
  text_attributes: 'Array(Nullable(String))',
  integer_attributes: 'Array(Nullable(Int64))',
} as const

const columnList = Object.entries(QUOTES_COLUMNS)
  .map(([name, type]) => `${name} ${type}`)
  .join(',\n  ')

/** The quotes of one server; of no effect where a table of that name stands, whatever its engine. */
export const quotesTableSql = (name: string): string => `
CREATE TABLE IF NOT EXISTS ${name} (
  ${columnList}
) ENGINE = MergeTree PARTITION BY snapshot ORDER BY (batch, place)`

export const SNAPSHOTS_TABLE_SQL = `
CREATE TABLE IF NOT EXISTS ${SNAPSHOTS_TABLE} (
  snapshot String,
  rows UInt64,
  fingerprint String,
  batches Array(UInt64),
  text_attributes Array(String),
  integer_attributes Array(String),
  shard_rows Array(UInt64),
  completed_at String
) ENGINE = MergeTree ORDER BY (snapshot, completed_at)`
