import { DatabaseSync } from 'node:sqlite'
import { after, type TestContext, test } from 'node:test'
import { Client } from 'pg'
import { TABLES } from '../../src/adapters/postgres/definition.ts'
import type { Config } from '../../src/config.ts'
import type { Role } from '../../src/domain/controls.ts'
import { type FreshHome, freshHome } from './fresh-home.ts'
import { startPostgres, type TestPostgres } from './postgres.ts'

export type StoreKind = 'SQLite' | 'PostgreSQL'

/** A store under test. */
export interface StoreUnderTest {
  readonly kind: StoreKind
  /** An empty database on the server; null for SQLite, which makes its own in the home. */
  readonly emptyDatabase: () => Promise<string | null>
  /** A real installation in this store. */
  readonly freshHome: (people?: Readonly<Record<string, readonly Role[]>>) => Promise<FreshHome>
}

export type StoreTest = (
  title: string,
  work: (store: StoreUnderTest, context: TestContext) => Promise<void>,
) => void

/**
 * Makes `test` for a file: every test runs on SQLite and on a real PostgreSQL, one server for the whole file, and is skipped in words
 * where none can run.
 */
export function onBothStores(): StoreTest {
  const server = oneServer()
  return (title, work) => {
    test(`${title} (SQLite)`, context =>
      work({ kind: 'SQLite', emptyDatabase: async () => null, freshHome }, context))
    test(`${title} (PostgreSQL)`, async context => {
      const postgres = await server()
      if (typeof postgres === 'string') return context.skip(`1 test left out: ${postgres}`)
      await work(onServer(postgres), context)
    })
  }
}

/** A PostgreSQL for the tests of a file, started with the first question, or why there is none. */
export function oneServer(): () => Promise<TestPostgres | string> {
  let started: Promise<TestPostgres | string> | null = null
  after(async () => {
    const server = await started
    if (server !== null && typeof server !== 'string') await server[Symbol.asyncDispose]()
  })
  return () => {
    started ??= startPostgres()
    return started
  }
}

export const onServer = (postgres: TestPostgres): StoreUnderTest => ({
  kind: 'PostgreSQL',
  emptyDatabase: () => postgres.emptyDatabase(),
  freshHome: async people => freshHome(people, await postgres.emptyDatabase()),
})

/** The database under an installation, asked past the program: by whoever holds the file, or by the server's superuser. */
export interface RawDatabase extends AsyncDisposable {
  query(text: string): Promise<readonly Record<string, unknown>[]>
  /** Opens rows to editing, as a thief would. */
  disarm(table: string): Promise<void>
}

export const TABLE_NAMES: readonly string[] = TABLES.map(table => table.name)
export const columnsOfTable = (table: string): readonly string[] =>
  TABLES.find(({ name }) => name === table)?.columns ?? []

export async function rawDatabase(config: Config): Promise<RawDatabase> {
  if (config.databaseUrl === null) {
    const database = new DatabaseSync(`${config.home}/quotey.db`, { enableForeignKeyConstraints: false })
    const names = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?")
    return {
      query: async text => database.prepare(text).all() as Record<string, unknown>[],
      disarm: async table => {
        for (const { name } of names.all(table)) database.exec(`DROP TRIGGER "${String(name)}"`)
      },
      [Symbol.asyncDispose]: async () => database.close(),
    }
  }
  const client = new Client({ connectionString: config.databaseUrl })
  await client.connect()
  return {
    query: async text => (await client.query(text)).rows,
    // A superuser's session can pass over triggers without dropping any.
    disarm: async () => {
      await client.query('SET session_replication_role = replica')
    },
    [Symbol.asyncDispose]: () => client.end(),
  }
}
