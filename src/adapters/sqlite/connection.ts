import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { done, type Result, refuse } from '../../domain/refusal.ts'
import { FOUNDATION_TABLES } from './foundation.sql.ts'
import { INCIDENT_TABLES } from './incident.sql.ts'
import { LIFECYCLE_TABLES } from './lifecycle.sql.ts'
import { damaged, storeObstacle } from './obstacle.ts'
import { OUTBOX_TABLES } from './outbox.sql.ts'
import { forbidRewriting } from './triggers.ts'

/** "quot" in ASCII: tells our files from other SQLite databases. */
const APPLICATION_ID = 0x71756f74
/** Raise it when a table changes. */
export const SCHEMA_VERSION = 5

const BUSY_MS_MAX = 10_000

/** Makes the database of a new installation in a file that MUST NOT exist yet. */
export function createDatabase(path: string): DatabaseSync {
  if (existsSync(path)) throw new Error(`a new database would overwrite ${path}`)
  const database = connect(path)
  database.exec('BEGIN IMMEDIATE')
  database.exec(FOUNDATION_TABLES)
  database.exec(LIFECYCLE_TABLES)
  database.exec(OUTBOX_TABLES)
  database.exec(INCIDENT_TABLES)
  forbidRewriting(database)
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
  database.exec('COMMIT')
  return database
}

/**
 * Opens the database of an installation. Refuses what is not there (not_found), not ours or newer than this program
 * (bad_input), locked for over `busyMsMax` milliseconds or not writable (store_unavailable), or damaged (audit_broken); then
 * nothing stays open.
 */
export function openDatabase(path: string, busyMsMax: number = BUSY_MS_MAX): Result<DatabaseSync> {
  if (!existsSync(path)) return refuse('not_found', `no database \`${path}\``, 'run `quotey init`')
  let database: DatabaseSync | null = null
  try {
    database = connect(path, busyMsMax)
    const objection = objectionTo(database, path)
    if (objection === null) return done(database)
    database.close()
    return objection
  } catch (error) {
    database?.close()
    return { ok: false, refusal: storeObstacle(path, error) ?? damaged(path, error).refusal }
  }
}

function connect(path: string, busyMsMax: number = BUSY_MS_MAX): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: busyMsMax, enableForeignKeyConstraints: true })
  try {
    // WAL lets readers go on beside a writer; FULL keeps what was acknowledged through a loss of power.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  } catch (error) {
    database.close()
    throw error
  }
  return database
}

function objectionTo(database: DatabaseSync, path: string): ReturnType<typeof refuse> | null {
  const applicationId = database.prepare('PRAGMA application_id').get()?.application_id
  if (applicationId !== APPLICATION_ID) {
    return refuse(
      'bad_input',
      `\`${path}\` is not a database of quotey`,
      'name the folder of an installation with `--home`, or move that file away',
    )
  }
  const schemaVersion = database.prepare('PRAGMA user_version').get()?.user_version as number
  if (schemaVersion !== SCHEMA_VERSION) {
    return refuse(
      'bad_input',
      `\`${path}\` has schema ${schemaVersion}, this program knows ${SCHEMA_VERSION}`,
      'use the version of quotey that wrote it',
      { schema_version: schemaVersion, known_schema_version: SCHEMA_VERSION },
    )
  }
  return null
}
