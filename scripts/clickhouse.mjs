// Where a ClickHouse server's program lies on this machine.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Path of clickhouse-server, or null. */
export function clickHouseServerPath() {
  const named = process.env.QUOTEY_TEST_CLICKHOUSE
  if (named) return existsSync(named) ? named : null
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  return folders.map(folder => join(folder, 'clickhouse-server')).find(path => existsSync(path)) ?? null
}
