import { type Refusal, refuse } from '../../domain/refusal.ts'

type Cause =
  | 'unreachable'
  | 'not_permitted'
  | 'read_only'
  | 'full'
  | 'overloaded'
  | 'locked'
  | 'timed_out'
  | 'disk_error'
  | 'damaged'

/** SQLSTATE by its whole code, else by its class (postgresql.org/docs/current/errcodes-appendix.html). */
const CAUSE_BY_STATE: Readonly<Record<string, Cause>> = {
  '08': 'unreachable', // connection exception
  '25006': 'read_only', // read_only_sql_transaction
  '25P03': 'unreachable', // idle_in_transaction_session_timeout
  '28': 'not_permitted', // invalid authorization
  '3D': 'not_permitted', // the database does not exist
  '3F': 'not_permitted', // nor the schema
  '40': 'locked', // deadlock or serialization: rolled back, and another try may pass
  '42501': 'not_permitted', // insufficient_privilege
  '42703': 'damaged', // a column we made is gone
  '42P01': 'damaged', // a table we made is gone
  '53': 'overloaded', // too many connections, out of memory
  '53100': 'full', // disk_full
  '54000': 'overloaded',
  '55P03': 'locked', // lock_not_available
  '57014': 'timed_out', // query_canceled, by statement_timeout
  '57P': 'unreachable', // shut down, starting up, dropped
  '58030': 'disk_error', // io_error
  '58P01': 'damaged', // undefined_file: a table's own file is gone
  XX001: 'damaged', // data_corrupted
  XX002: 'damaged', // index_corrupted
}

/** Errors of the operating system (errno(3)) and of the driver, met before or without an answer of the server. */
const NO_ANSWER =
  /^(ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOST|ENET|ENOENT|EACCES)|terminated|timeout|Connection ended|not queryable|SSL|certificate|password must be/i

const WORDS: Readonly<Record<Exclude<Cause, 'damaged'>, readonly [message: string, remedy: string]>> = {
  unreachable: [
    'does not answer',
    'see that the server runs and that QUOTEY_DATABASE_URL names it, then run the command again',
  ],
  not_permitted: [
    'does not let this role in, or not do this',
    'check role, password and database in QUOTEY_DATABASE_URL and the grants of docs/postgresql.md, then run the command again',
  ],
  read_only: [
    'cannot be written: it is a standby, or set to read only',
    'name the primary server in QUOTEY_DATABASE_URL, or end its read-only mode, then run the command again',
  ],
  full: ['has no room left to write', "make room on the server's disk, then run the command again"],
  overloaded: [
    'has no connection or memory left for this command',
    'run the command again; if it stays so, raise the limits of the server',
  ],
  locked: [
    'is held by another process for longer than this one waits',
    'run the command again; if it stays so, end the session that holds the row of `store_control` (`pg_locks` names it)',
  ],
  timed_out: [
    'took longer over one statement than it is given',
    'run the command again when the server has less to do',
  ],
  disk_error: [
    'cannot be read or written because its disk reports an error',
    'check the disk of the server, restore a backup in a new database with `quotey restore`, then run the command again',
  ],
}

/**
 * What PostgreSQL met outside this program, as a refusal: `audit_broken` for damage, else `store_unavailable` with its cause.
 * Nothing of the transaction was kept. `name` tells the database without its password. null where the error is none of these,
 * which is a fault of ours.
 */
export function postgresObstacle(name: string, error: unknown): Refusal | null {
  const cause = causeOf(error)
  if (cause === null) return null
  if (cause === 'damaged') return damaged(name, reported(error)).refusal
  const [message, remedy] = WORDS[cause]
  return refuse('store_unavailable', `the database \`${name}\` ${message}; nothing was changed`, remedy, {
    cause,
    database: name,
    reported: reported(error),
  }).refusal
}

/** Whether the connection itself is gone, so that nothing more can be asked on it. */
export const isDisconnected = (error: unknown): boolean => causeOf(error) === 'unreachable'

/** The refusal for a change whose commit was sent and never answered, and that nobody could be asked about since. */
export const unknownOutcome = (name: string, error: unknown): Refusal =>
  refuse(
    'store_unavailable',
    `the connection to \`${name}\` broke while a change was being committed, and whether it was kept is not known`,
    'run the same command again once the server answers: what was kept is found and not done twice',
    { cause: 'outcome_unknown', database: name, reported: reported(error) },
  ).refusal

/** The refusal for a database that cannot be made sense of. */
export const damaged = (name: string, cause: string): ReturnType<typeof refuse> =>
  refuse(
    'audit_broken',
    `the database \`${name}\` cannot be read`,
    'keep it as evidence, restore a backup in a new database with `quotey restore`, and check that with `quotey audit verify`',
    { cause },
  )

function causeOf(error: unknown): Cause | null {
  if (!(error instanceof Error)) return null
  const { code = '' } = error as { code?: string }
  const state = CAUSE_BY_STATE[code] ?? CAUSE_BY_STATE[code.slice(0, 3)] ?? CAUSE_BY_STATE[code.slice(0, 2)]
  if (/^[0-9A-Z]{5}$/.test(code) && state !== undefined) return state
  if (error instanceof AggregateError)
    return error.errors.some(one => causeOf(one) !== null) ? 'unreachable' : null
  return NO_ANSWER.test(code) || (code === '' && NO_ANSWER.test(error.message)) ? 'unreachable' : null
}

function reported(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reported).join('; ')
  return error instanceof Error ? error.message : String(error)
}
