import type { DuckDBConnection } from '@duckdb/node-api'
import { isAttributeName, NUMBER_COLUMNS } from '../../domain/canonical-columns.ts'
import { groupOfCluster } from '../../domain/cluster-group.ts'
import { APPROVAL_OUTCOMES, OUTCOMES } from '../../domain/quote.ts'
import { compareText, normaliseText } from '../../domain/text.ts'
import { UnreadableCell } from '../../domain/unreadable-cell.ts'
import { chunksOf } from './chunks.ts'
import { identifier, literal } from './connection.ts'
import { describe } from './parquet-read.ts'

/** The columns that every snapshot's file has, in their order, with DuckDB's types. */
const FORM: readonly (readonly [name: string, type: string])[] = [
  ['quote_id', 'VARCHAR'],
  ['segment', 'VARCHAR'],
  ['region', 'VARCHAR'],
  ['product_family', 'VARCHAR'],
  ['currency', 'VARCHAR'],
  ['list_cents', 'BIGINT'],
  ['cost_cents', 'BIGINT'],
  ['requested_discount_bps', 'BIGINT'],
  ['granted_discount_bps', 'BIGINT'],
  ['net_cents', 'BIGINT'],
  ['approval_required', 'BIGINT'],
  ['approval_outcome', 'VARCHAR'],
  ['approval_latency_seconds', 'BIGINT'],
  ['outcome', 'VARCHAR'],
  ['quoted_at', 'TIMESTAMP'],
  ['closed_at', 'TIMESTAMP'],
  ['policy_version', 'BIGINT'],
  ['cluster', 'VARCHAR'],
  ['group', 'BIGINT'],
]

const NEVER_ABSENT = [
  'quote_id',
  'segment',
  'region',
  'product_family',
  'currency',
  'list_cents',
  'requested_discount_bps',
  'granted_discount_bps',
  'outcome',
  'cluster',
  'group',
]

/** Whether a Parquet file has the columns of a snapshot, in their order and types, `group` among them: what `history import` keeps. */
export async function hasSnapshotForm(connection: DuckDBConnection, path: string): Promise<boolean> {
  const columns = await describe(connection, path)
  const attributes = columns.slice(FORM.length)
  return (
    FORM.every(([name, type], at) => columns[at]?.name === name && columns[at].type === type) &&
    attributes.every(({ name, type }) => isAttributeName(name) && ['VARCHAR', 'BIGINT'].includes(type)) &&
    attributes.every(({ name }, at) => at === 0 || compareText(attributes[at - 1]?.name ?? '', name) < 0)
  )
}

/**
 * The first thing in a file of a snapshot's form that no import would have written, as a person would say it; null where there is none.
 * That ids stand in order, each once, is for whoever reads the digest to say. Memory does not grow with the rows.
 */
export async function formFault(connection: DuckDBConnection, path: string): Promise<string | null> {
  const file = `read_parquet(${literal(path)})`
  const columns = await describe(connection, path)
  const faults = [
    () => rangeFault(connection, file, columns),
    () => textFault(connection, file, columns),
    () => groupFault(connection, file),
  ]
  for (const fault of faults) {
    const found = await fault()
    if (found !== null) return found
  }
  return null
}

type Columns = Awaited<ReturnType<typeof describe>>

/** One pass: how many are absent, and the ends of every column of integers. The readers of an import take intervals. */
async function rangeFault(
  connection: DuckDBConnection,
  file: string,
  columns: Columns,
): Promise<string | null> {
  const integers = columns.filter(column => column.type !== 'VARCHAR')
  const numberOf = ({ name, type }: Columns[number]): string =>
    type === 'TIMESTAMP' ? `epoch_ms(${identifier(name)})` : identifier(name)
  const asked = [
    ...integers.flatMap(column => [`min(${numberOf(column)})`, `max(${numberOf(column)})`]),
    ...NEVER_ABSENT.map(name => `count(*) - count(${identifier(name)})`),
  ]
  const reader = await connection.runAndReadAll(`SELECT ${asked.join(', ')} FROM ${file}`)
  const answers = (reader.getRows()[0] ?? []).map(value => (value === null ? null : BigInt(value as bigint)))
  for (const [at, { name }] of integers.entries()) {
    for (const end of [answers[2 * at], answers[2 * at + 1]]) {
      if (end !== null && end !== undefined && !isWithin(name, end)) return `\`${name}\` holds \`${end}\``
    }
  }
  const absent = NEVER_ABSENT.find((_, at) => answers[2 * integers.length + at] !== 0n)
  return absent === undefined ? null : `\`${absent}\` is empty on some rows`
}

const INSTANT_MS_MAX = 8_640_000_000_000_000n

function isWithin(name: string, value: bigint): boolean {
  if (name === 'group') return value >= 0n && value < 32n
  if (name === 'quoted_at' || name === 'closed_at') return value >= -INSTANT_MS_MAX && value <= INSTANT_MS_MAX
  if (name.startsWith('attr.')) return Number.isSafeInteger(Number(value))
  return !(NUMBER_COLUMNS[name as keyof typeof NUMBER_COLUMNS](String(value)) instanceof UnreadableCell)
}

/** Words from a closed list, one currency, and every other text in the one form that texts have. */
async function textFault(
  connection: DuckDBConnection,
  file: string,
  columns: Columns,
): Promise<string | null> {
  const words: Readonly<Record<string, readonly string[]>> = {
    outcome: OUTCOMES,
    approval_outcome: APPROVAL_OUTCOMES,
  }
  let currencies = 0
  for (const { name } of columns.filter(column => column.type === 'VARCHAR')) {
    const column = identifier(name)
    const unique = name === 'quote_id' || name === 'cluster'
    const question = `SELECT ${unique ? '' : 'DISTINCT'} ${column} FROM ${file} WHERE ${column} IS NOT NULL`
    const fault = await firstText(connection, question, text => {
      if (name === 'currency') currencies += 1
      const known = words[name]
      return known === undefined ? normaliseText(text) === text : known.includes(text)
    })
    if (fault !== null) return `\`${name}\` holds \`${fault}\``
  }
  return currencies === 1 ? null : `\`currency\` holds ${currencies} currencies`
}

/** The statistics resample whole groups, so a cluster must lie in the group that an import would have put it in. */
const groupFault = async (connection: DuckDBConnection, file: string): Promise<string | null> => {
  const question = `SELECT concat(CAST("group" AS VARCHAR), ' ', cluster) FROM ${file}`
  const fault = await firstText(connection, question, text => {
    const space = text.indexOf(' ')
    return Number(text.slice(0, space)) === groupOfCluster(text.slice(space + 1))
  })
  return fault === null ? null : `\`group\` is not the one of its cluster on the row of \`${fault}\``
}

/** The first text of an answer that is not as it should be. */
async function firstText(
  connection: DuckDBConnection,
  question: string,
  isRight: (text: string) => boolean,
): Promise<string | null> {
  for await (const chunk of chunksOf(connection, question)) {
    for (const text of chunk.getColumnValues(0) as readonly string[]) if (!isRight(text)) return text
  }
  return null
}
