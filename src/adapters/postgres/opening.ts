import { done, type Result, refuse } from '../../domain/refusal.ts'
import { BrokenState } from '../../loop/ports.ts'
import type { DatabaseSeat } from '../new-home.ts'
import { commit, type Fate } from './commit-fate.ts'
import { LOCK_MS_MAX, PostgresConnection } from './connection.ts'
import { definitionStatements, SCHEMA_VERSION } from './definition.ts'
import { CONTROL_TABLE, guardStatements } from './guard.sql.ts'
import { damaged, postgresObstacle } from './obstacle.ts'
import { PostgresStore } from './store.ts'
import { importFrom } from './transfer.ts'

/** The first version whose instants are exact numbers when the KPI queries subtract them. */
const SERVER_VERSION_MIN = 140_000

/** Any number, the same for all who found an installation: they wait for each other. */
const FOUNDING_LOCK = 1_903_519_604

/**
 * Opens the installation in a database. Refuses where there is none (not_found), where the server, its encoding or the tables are
 * not what this program knows (bad_input), or as the server does (store_unavailable, audit_broken). A writer waits `lockMsMax` milliseconds for its turn.
 */
export async function openPostgres(
  url: string,
  lockMsMax: number = LOCK_MS_MAX,
): Promise<Result<PostgresStore>> {
  const connection = new PostgresConnection(url, lockMsMax)
  const objection = await asked(connection, () => objectionTo(connection))
  if (objection.ok) return done(new PostgresStore(connection))
  await connection.close()
  return objection
}

/**
 * The database of an installation on a server. Taking it makes the tables and fills them from the SQLite file, in one transaction;
 * BrokenState is thrown where it is not known whether the commit was kept.
 */
export const postgresSeat = (url: string): DatabaseSeat => ({
  objection: async () => {
    const opened = await openPostgres(url)
    if (opened.ok) {
      await opened.value.close()
      return takenIn(new PostgresConnection(url)).refusal
    }
    return opened.refusal.code === 'not_found' ? null : opened.refusal
  },
  take: async builtPath => {
    const connection = new PostgresConnection(url)
    const settling = await asked(connection, () => settled(connection, builtPath))
    await connection.close()
    return settling.ok ? null : settling.refusal
  },
})

async function settled(connection: PostgresConnection, path: string): Promise<Result<null>> {
  const [fate] = await connection.begin(
    'writing',
    `SELECT pg_advisory_xact_lock(${FOUNDING_LOCK});
     SELECT pg_current_xact_id()::text AS transaction_id, pg_postmaster_start_time()::text AS server_started`,
  )
  try {
    if (await hasTables(connection)) return takenIn(connection)
    await connection.query([...definitionStatements(), ...guardStatements()].join(';\n'))
    await importFrom(connection, path)
    await connection.query(
      `INSERT INTO ${CONTROL_TABLE} (only_row, schema_version) VALUES (1, ${SCHEMA_VERSION})`,
    )
    if (!(await commit(connection, fate as unknown as Fate))) throw new Error('the tables were not kept')
    return done(null)
  } finally {
    await connection.rollback()
  }
}

async function objectionTo(connection: PostgresConnection): Promise<Result<null>> {
  await connection.begin('reading')
  try {
    const unfit = await unfitServer(connection)
    if (!unfit.ok) return unfit
    if (!(await hasTables(connection))) {
      return refuse(
        'not_found',
        `no installation in the database \`${connection.name}\``,
        'run `quotey init`',
      )
    }
    const { rows } = await connection.query(`SELECT schema_version FROM ${CONTROL_TABLE}`)
    const version = rows[0]?.schema_version
    if (rows.length !== 1) return damaged(connection.name, `${CONTROL_TABLE} has ${rows.length} rows`)
    if (version === SCHEMA_VERSION) return done(null)
    return refuse(
      'bad_input',
      `\`${connection.name}\` has schema ${version}, this program knows ${SCHEMA_VERSION}`,
      'use the version of quotey that made it',
      { schema_version: version as number, known_schema_version: SCHEMA_VERSION },
    )
  } finally {
    await connection.rollback()
  }
}

async function unfitServer(connection: PostgresConnection): Promise<Result<null>> {
  const { rows } = await connection.query(
    "SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding",
  )
  const { version, encoding } = rows[0] as { version: number; encoding: string }
  if (version >= SERVER_VERSION_MIN && encoding === 'UTF8') return done(null)
  return refuse(
    'bad_input',
    `\`${connection.name}\` is PostgreSQL ${Math.floor(version / 10_000)} in ${encoding}; 14 or newer in UTF8 is needed`,
    'name a database of a newer server, made with `ENCODING UTF8`',
    { server_version: version, encoding },
  )
}

const hasTables = async (connection: PostgresConnection): Promise<boolean> =>
  (await connection.query(`SELECT to_regclass('${CONTROL_TABLE}') IS NOT NULL AS there`)).rows[0]?.there ===
  true

const takenIn = ({ name }: PostgresConnection): ReturnType<typeof refuse> =>
  refuse(
    'bad_input',
    `there is an installation in the database \`${name}\` already`,
    'use it, or name an empty database in QUOTEY_DATABASE_URL',
  )

/** What the server met is told as a refusal; anything else stays a fault of ours. */
async function asked<T>(connection: PostgresConnection, work: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await work()
  } catch (error) {
    const obstacle = error instanceof BrokenState ? null : postgresObstacle(connection.name, error)
    if (obstacle === null) throw error
    return { ok: false, refusal: obstacle }
  }
}
