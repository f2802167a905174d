import { type ClickHouse, openClickHouse } from '../../src/adapters/clickhouse/connection.ts'
import { clickHouseEngine } from '../../src/adapters/clickhouse/engine.ts'
import { pushQuotes } from '../../src/adapters/clickhouse/push.ts'
import { sentColumns } from '../../src/adapters/clickhouse/sent-quotes.ts'
import type { ReplayEngine } from '../../src/domain/replay.ts'
import { snapshotDigest } from '../../src/evidence/snapshot-digest.ts'
import { NO_CHDB, openChdb } from './chdb.ts'
import { CLICKHOUSE_SERVER, startShards } from './clickhouse-servers.ts'

/**
 * ClickHouse in three ways: two servers of which one is asked about a table that is distributed over both, the same with each asked about its own,
 * and today's as a library. What is installed here is started at the first task and stopped at the end. Throws where it is not installed.
 */
export const CLICKHOUSE_WAYS: Readonly<Record<string, () => ReplayEngine>> = {
  clickhouse: () => pushedTo(() => twoServers(false)),
  'clickhouse-shards': () => pushedTo(() => twoServers(true)),
  chdb: () => pushedTo(chdb),
}

/** What is running, and how it is asked and stopped. */
export interface Running {
  readonly open: () => Promise<ClickHouse>
  readonly stop: () => Promise<void>
}

const TIMEOUT_SECONDS = 60

async function twoServers(eachShard: boolean): Promise<Running> {
  if (CLICKHOUSE_SERVER === null) throw new Error('no clickhouse-server here, or not where it was named')
  const { servers, stop } = await startShards()
  const [url, ...others] = servers.map(server => `${server.url}/default`) as [string, ...string[]]
  const shardUrls = eachShard ? [url, ...others] : []
  return { open: () => openClickHouse({ url, shardUrls, timeoutSeconds: TIMEOUT_SECONDS }), stop }
}

async function chdb(): Promise<Running> {
  const there = openChdb()
  if (there === null) throw new Error(NO_CHDB)
  return { open: async () => there.database, stop: async () => there.close() }
}

const PUSHED_AT = '2026-11-22T14:00:00.000Z'

/** An engine that pushes the quotes of every task before it replays them. */
export function pushedTo(start: () => Promise<Running>): ReplayEngine {
  let started: Promise<Running> | null = null
  return {
    name: 'clickhouse',
    async evaluate(task) {
      started ??= start()
      const { open } = await started
      const digest = snapshotDigest(task.columns)
      const database = await open()
      try {
        await pushQuotes(database, digest, sentColumns(task.columns), PUSHED_AT, () => undefined)
      } finally {
        await database.close()
      }
      return clickHouseEngine(open).evaluate({ ...task, snapshotDigest: digest })
    },
    close: async () => (await started)?.stop(),
  }
}
