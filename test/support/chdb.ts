import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ClickHouse, wholeSums } from '../../src/adapters/clickhouse/connection.ts'

export const NO_CHDB = 'no chdb here (`npm ci` in bench/ installs it)'

interface Session {
  query(statement: string, format?: string): string
  close(): void
}

/** Today's ClickHouse as a library, in a folder of its own; null where the packages of the bench are not installed. */
export function openChdb(): { readonly database: ClickHouse; close(): void } | null {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
  const folder = mkdtempSync(join(tmpdir(), 'quotey-chdb-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    const chdb = createRequire(join(root, 'bench', 'package.json'))('chdb') as {
      readonly Session: new (path: string) => Session
    }
    const session = new chdb.Session(folder)
    session.query('CREATE DATABASE IF NOT EXISTS quotey')
    session.query('USE quotey')
    session.query('SET output_format_json_quote_64bit_integers = 1')
    const close = (): void => {
      session.close()
      remove()
    }
    return { database: databaseOf(session), close }
  } catch {
    remove()
    return null
  }
}

const databaseOf = (session: Session): ClickHouse => ({
  place: 'chdb',
  ask: async question =>
    session
      .query(question, 'JSONEachRow')
      .split('\n')
      .filter(line => line !== '')
      .map(line => wholeSums(JSON.parse(line) as Record<string, unknown>)),
  run: async statement => void session.query(statement, 'CSV'),
  insert: async (table, rows) => {
    const lines = rows.map(row => JSON.stringify(row)).join('\n')
    if (rows.length > 0) session.query(`INSERT INTO ${table} FORMAT JSONEachRow ${lines}`, 'CSV')
  },
  shard: null,
  shards: [],
  cluster: async () => [],
  close: async () => undefined,
})
