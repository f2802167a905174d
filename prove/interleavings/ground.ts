import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres, type TestPostgres } from '../../test/support/postgres.ts'
import { type Connection, connectionTo } from './place.ts'

export const STORES = ['sqlite', 'postgres'] as const
export type StoreName = (typeof STORES)[number]

/** Where matches take place; gone with everything in it when disposed of. */
export interface Ground extends AsyncDisposable {
  /** A fresh database. */
  prepare(): Promise<Connection>
}

/** SQLite files in a temporary folder, or databases on a PostgreSQL server that is started for the purpose, or on a given one. */
export async function groundOf(store: StoreName, server?: TestPostgres): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'quotey-proof-'))
  const own = store === 'postgres' && server === undefined ? await startPostgres() : null
  if (typeof own === 'string') throw new Error(own)
  const postgres = store === 'postgres' ? (server ?? own) : null
  let matches = 0
  return {
    prepare: async () => {
      matches += 1
      const databaseUrl = postgres === null ? null : await postgres.emptyDatabase()
      return connectionTo({ home: join(folder, String(matches)), databaseUrl })
    },
    [Symbol.asyncDispose]: async () => {
      await own?.[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
