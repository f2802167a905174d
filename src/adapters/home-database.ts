import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Store } from '../loop/ports.ts'
import type { DatabaseCondition } from './machine.ts'
import type { DatabaseSeat } from './new-home.ts'
import { openDatabase } from './sqlite/connection.ts'
import { sqliteSeat } from './sqlite/seat.ts'
import { SqliteStore } from './sqlite/store.ts'

/** The database of an installation: a file in its home, or one on a PostgreSQL server, whose driver is loaded only then. */
export interface DatabasePlace {
  readonly home: string
  readonly databaseUrl: string | null
}

export const databaseFile = (home: string): string => join(home, 'quotey.db')

/** Opens it. Refuses as the database does, and bad_input where a file and a server would both be meant. */
export async function openStore({ home, databaseUrl }: DatabasePlace): Promise<Result<Store>> {
  const path = databaseFile(home)
  if (databaseUrl === null) return openFile(path)
  if (existsSync(path)) {
    return refuse(
      'bad_input',
      `\`${path}\` lies there, and QUOTEY_DATABASE_URL names another database: which one is meant is not clear`,
      'unset QUOTEY_DATABASE_URL to use the file, or name another folder with `--home`',
    )
  }
  const { openPostgres } = await import('./postgres/opening.ts')
  return openPostgres(databaseUrl)
}

export function openFile(path: string): Result<Store> {
  const database = openDatabase(path)
  return database.ok ? done(new SqliteStore(database.value, path)) : database
}

/** Where the database of a new installation goes. A home that holds one in a file is taken in any case. */
export async function seatOf({ home, databaseUrl }: DatabasePlace): Promise<DatabaseSeat> {
  const inHome = sqliteSeat(databaseFile(home))
  if (databaseUrl === null) return inHome
  const { postgresSeat } = await import('./postgres/opening.ts')
  const onServer = postgresSeat(databaseUrl)
  return { ...onServer, objection: async () => (await inHome.objection()) ?? (await onServer.objection()) }
}

/** What it can tell of its own condition. */
export async function conditionOf({ home, databaseUrl }: DatabasePlace): Promise<DatabaseCondition> {
  if (databaseUrl === null) return (await import('./sqlite/condition.ts')).sqliteCondition(databaseFile(home))
  return (await import('./postgres/condition.ts')).postgresCondition(databaseUrl)
}
