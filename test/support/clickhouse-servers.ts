import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { clickHouseServerPath } from '../../scripts/clickhouse.mjs'
import { QUOTES_TABLE, quotesTableSql, SHARD_TABLE } from '../../src/adapters/clickhouse/tables.ts'

export const CLICKHOUSE_SERVER = clickHouseServerPath()

/** A ClickHouse server of a test, in a folder and on ports of its own. */
export interface TestServer {
  readonly url: string
  /** As the other server names it. */
  readonly address: string
  readonly process: ChildProcess
  /** Asks in plain HTTP with nothing set, as anybody might. Throws what the server reports. */
  plain(statement: string, settings?: string): Promise<string>
}

export interface TestCluster {
  readonly servers: readonly [TestServer, TestServer]
  stop(): Promise<void>
}

const CLUSTER = 'two'
/** Settings that would let a cluster answer for fewer rows, set for everybody. */
const CARELESS_PROFILE = '<skip_unavailable_shards>1</skip_unavailable_shards>'

/** Two servers, each a shard of a cluster named `two` that both know, with a profile that skips shards. */
export async function startTwoServers(): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'quotey-clickhouse-'))
  const ports = await freePorts(4)
  const tcp = ports.slice(2)
  const servers = [0, 1].map(at => startServer(join(folder, String(at)), ports[at] as number, tcp, at))
  const stop = async (): Promise<void> => {
    for (const { process: child } of servers) {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) {
        await new Promise(resolve => child.once('exit', resolve))
      }
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    for (const server of servers) await answering(server)
  } catch (fault) {
    await stop()
    throw fault
  }
  return { servers: servers as unknown as TestCluster['servers'], stop }
}

/** The same with the quotes tables that docs/clickhouse.md says to make: one on each, and over both a Distributed one on the first. */
export async function startShards(): Promise<TestCluster> {
  const cluster = await startTwoServers()
  for (const server of cluster.servers) await server.plain(quotesTableSql(SHARD_TABLE))
  await cluster.servers[0].plain(
    `CREATE TABLE ${QUOTES_TABLE} AS ${SHARD_TABLE} ENGINE = Distributed(${CLUSTER}, default, ${SHARD_TABLE}, cityHash64(place))`,
  )
  return cluster
}

function startServer(folder: string, http: number, tcp: readonly number[], at: number): TestServer {
  mkdirSync(folder)
  const shards = tcp.map(
    port => `<shard><replica><host>127.0.0.1</host><port>${port}</port></replica></shard>`,
  )
  writeFileSync(
    join(folder, 'config.xml'),
    `<yandex>
      <logger><level>error</level><log>${folder}/log</log><errorlog>${folder}/errors</errorlog></logger>
      <http_port>${http}</http_port><tcp_port>${tcp[at]}</tcp_port><listen_host>127.0.0.1</listen_host>
      <path>${folder}/data/</path><tmp_path>${folder}/tmp/</tmp_path>
      <mark_cache_size>67108864</mark_cache_size>
      <users_config>users.xml</users_config>
      <default_profile>default</default_profile><default_database>default</default_database>
      <remote_servers><${CLUSTER}>${shards.join('')}</${CLUSTER}></remote_servers>
    </yandex>`,
  )
  writeFileSync(
    join(folder, 'users.xml'),
    `<yandex>
      <profiles><default>${CARELESS_PROFILE}</default></profiles>
      <users><default><password></password><networks><ip>127.0.0.1</ip></networks>
        <profile>default</profile><quota>default</quota></default></users>
      <quotas><default/></quotas>
    </yandex>`,
  )
  const child = spawn(CLICKHOUSE_SERVER as string, ['--config-file=config.xml'], {
    cwd: folder,
    stdio: 'ignore',
  })
  const url = `http://127.0.0.1:${http}`
  return {
    url,
    address: `127.0.0.1:${tcp[at]}`,
    process: child,
    plain: async (statement, settings = '') => {
      const headers = { connection: 'close' }
      const answer = await fetch(`${url}/?${settings}`, { method: 'POST', body: statement, headers })
      const text = await answer.text()
      if (!answer.ok) throw new Error(text)
      return text.trim()
    },
  }
}

async function answering(server: TestServer): Promise<void> {
  const deadline = Date.now() + 30_000
  for (;;) {
    try {
      await server.plain('SELECT 1')
      return
    } catch (fault) {
      if (Date.now() > deadline) throw fault
      await sleep(50)
    }
  }
}

/** Ports that nobody listens on, held until all are known so that they differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const held = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = held.map(server => (server.address() as { readonly port: number }).port)
  await Promise.all(held.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}
