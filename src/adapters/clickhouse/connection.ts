import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import type { Row } from '../sql/assemble.ts'
import { text } from './dialect.ts'
import { QUOTES_TABLE } from './tables.ts'
import { isTimeout, type Shard, unavailable } from './unavailable.ts'

/** Where a ClickHouse is, and how long one question may take. */
export interface ClickHousePlace {
  /** Such as `http://user:password@host:8123/database`. */
  readonly url: string
  /** The shards behind it, where each is asked by itself. */
  readonly shardUrls?: readonly string[]
  readonly timeoutSeconds: number
}

/** An open connection. Every question is answered whole or thrown as a BrokenState with the refusal `store_unavailable`. */
export interface ClickHouse {
  /** The place without its password, for people. */
  readonly place: string
  ask(question: string): Promise<readonly Row[]>
  run(statement: string): Promise<void>
  insert(table: string, rows: readonly object[]): Promise<void>
  /** Which shard this is; null for the server that is asked. */
  readonly shard: Shard | null
  /** The shards, where each is asked about its quotes by itself; none: this one is asked about all. */
  readonly shards: readonly ClickHouse[]
  /** The shards behind the quotes table, as this server knows them; none where it is a table of the server itself. */
  cluster(): Promise<readonly Shard[]>
  close(): Promise<void>
}

/**
 * What every statement is sent with, whatever a profile says: no shard may be left out, nothing may be cut short where a limit is met, and
 * an insert is done when all shards have it. These are settings that 18.16 knows as well as today's; it refuses one it does not know.
 */
const WHOLE_ANSWERS = {
  skip_unavailable_shards: 0,
  fallback_to_stale_replicas_for_distributed_queries: 0,
  distributed_group_by_no_merge: 0,
  max_parallel_replicas: 1,
  read_overflow_mode: 'throw',
  group_by_overflow_mode: 'throw',
  sort_overflow_mode: 'throw',
  result_overflow_mode: 'throw',
  timeout_overflow_mode: 'throw',
  // Each replica of a shard is tried once, in turn.
  connections_with_failover_max_tries: 1,
  insert_distributed_sync: 1,
  wait_end_of_query: 1,
  output_format_json_quote_64bit_integers: 1,
  // Policies, and the frozen fits of a model, stand in the text of a question.
  max_query_size: 256 * 2 ** 20,
  max_ast_depth: 10_000,
  max_ast_elements: 5_000_000,
  max_expanded_ast_elements: 50_000_000,
} as const

/** Beyond what the server allows itself, before the connection is given up. */
const GRACE_SECONDS = 5
const CONNECT_MS = 5_000

export async function openClickHouse(place: ClickHousePlace): Promise<ClickHouse> {
  const opened: ClickHouse[] = []
  const close = async (): Promise<void> => {
    await Promise.all(opened.map(each => each.close()))
  }
  try {
    const asked = await openServer(place, null)
    opened.push(asked)
    const shards: ClickHouse[] = []
    for (const [at, url] of (place.shardUrls ?? []).entries()) {
      const shard = await openServer(
        { ...place, url },
        { number: at + 1, addresses: [new URL(url).host], table: '' },
      )
      opened.push(shard)
      shards.push(shard)
    }
    return { ...asked, shards, close }
  } catch (fault) {
    await close()
    throw fault
  }
}

async function openServer(
  { url, timeoutSeconds }: ClickHousePlace,
  shard: Shard | null,
): Promise<ClickHouse> {
  const { createClient, ClickHouseLogLevel } = await import('@clickhouse/client')
  const settings = {
    ...WHOLE_ANSWERS,
    max_execution_time: timeoutSeconds,
    receive_timeout: timeoutSeconds,
    send_timeout: timeoutSeconds,
    connect_timeout_with_failover_ms: CONNECT_MS,
  } as unknown as ClickHouseSettings
  const client = createClient({
    url,
    request_timeout: (timeoutSeconds + GRACE_SECONDS) * 1000,
    clickhouse_settings: settings,
    log: { level: ClickHouseLogLevel.OFF },
    // A statement may stop halfway on another server: one connection each is simpler to give up.
    keep_alive: { enabled: false },
  })
  const ask = async (query: string): Promise<readonly Row[]> => {
    const answer = await client.query({ query, format: 'JSONEachRow' })
    return (await answer.json<Record<string, unknown>>()).map(wholeSums)
  }
  let known: Promise<readonly Shard[]> | null = null
  const cluster = (): Promise<readonly Shard[]> => {
    known ??= askCluster(ask)
    return known
  }
  const orRefusal = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (fault) {
      if (shard !== null) throw unavailable(placeOf(url), fault, [], [shard])
      const known = await cluster().catch(() => [])
      throw unavailable(placeOf(url), fault, known, await silentOf(client, known))
    }
  }
  const database: ClickHouse = {
    place: placeOf(url),
    ask: question => orRefusal(() => ask(question)),
    run: statement =>
      orRefusal(async () => {
        await client.command({ query: statement })
      }),
    insert: (table, values) => orRefusal(() => insertRows(client, table, values)),
    shard,
    shards: [],
    cluster: () => orRefusal(cluster),
    close: () => client.close(),
  }
  try {
    await orRefusal(() => checkSettings(ask))
    await orRefusal(cluster)
  } catch (fault) {
    await client.close()
    throw fault
  }
  return database
}

/** How long a shard may take to say that it is there. */
const PROBE_MS = 3_000

/** The shards that say nothing at all: 18.16 itself waits minutes for one that hangs, and names none when it is given up. */
async function silentOf(client: ClickHouseClient, shards: readonly Shard[]): Promise<readonly Shard[]> {
  const silent = await Promise.all(
    shards.map(async ({ addresses }) => {
      const signal = AbortSignal.timeout(PROBE_MS)
      const query = `SELECT dummy FROM remote('${addresses[0]}', system.one)`
      // One that answers with an error, such as for a missing password, is there.
      return client.query({ query, format: 'JSONEachRow', abort_signal: signal }).then(
        () => false,
        (fault: unknown) => signal.aborted || isTimeout(String(fault)),
      )
    }),
  )
  return shards.filter((_, at) => silent[at])
}

async function insertRows(client: ClickHouseClient, table: string, values: readonly object[]): Promise<void> {
  await client.insert({ table, values, format: 'JSONEachRow' })
}

const placeOf = (url: string): string => {
  const { host, pathname } = new URL(url)
  return `${host}${pathname === '/' ? '' : pathname}`
}

/** A server that was told to leave no shard out and would all the same is told apart before it is asked. */
async function checkSettings(ask: (query: string) => Promise<readonly Row[]>): Promise<void> {
  const names = Object.entries(WHOLE_ANSWERS).filter(
    ([name]) => name.startsWith('skip_') || name.endsWith('_mode'),
  )
  const rows = await ask(
    `SELECT name, value FROM system.settings WHERE name IN (${names.map(([name]) => `'${name}'`).join(', ')})`,
  )
  for (const [name, value] of names) {
    const found = rows.find(row => row.name === name)?.value
    if (found !== String(value))
      throw new Error(`the server holds \`${name}\` at \`${found}\`, not at \`${value}\``)
  }
}

/** A Distributed table's cluster, and the database and the table of each shard, as 18.16 and later ones write them. */
const DISTRIBUTED = /^Distributed\(\s*'?([^,']+)'?,\s*'?([^,']*)'?,\s*'?([^,')]+)'?/

/** Which servers stand behind the quotes table, as the server that is asked knows them. */
async function askCluster(ask: (query: string) => Promise<readonly Row[]>): Promise<readonly Shard[]> {
  const [table] = await ask(`
    SELECT engine_full
    FROM system.tables
    WHERE database = currentDatabase() AND name = '${QUOTES_TABLE}' AND engine = 'Distributed'`)
  if (table === undefined) return []
  const [, cluster = '', database = '', local = ''] = DISTRIBUTED.exec(String(table.engine_full)) ?? []
  const rows = await ask(`
    SELECT shard_num, host_name, host_address, port
    FROM system.clusters
    WHERE cluster = ${text(cluster)}
    ORDER BY shard_num, replica_num`)
  return rows.map(row => {
    const address = `${row.host_name}:${row.port}`
    return {
      number: Number(row.shard_num),
      addresses: [address, `${row.host_address}:${row.port}`],
      table: `remote(${[address, database, local].map(text).join(', ')})`,
    }
  })
}

/** Puts together the sums that were taken in limbs; NULL stays NULL. */
export function wholeSums(row: Row): Row {
  const whole: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(row)) {
    if (name.endsWith('_low')) {
      const sum = name.slice(0, -'_low'.length)
      if (Object.hasOwn(row, `${sum}_high`)) {
        whole[sum] =
          value === null ? null : BigInt(row[`${sum}_high`] as string) * 2n ** 32n + BigInt(value as string)
        continue
      }
    }
    whole[name] = value
  }
  return whole
}
