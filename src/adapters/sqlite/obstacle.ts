import { type Refusal, refuse } from '../../domain/refusal.ts'

type Cause = 'locked' | 'full' | 'read_only' | 'disk_error' | 'damaged'

/** SQLite's primary result codes (sqlite.org/rescode.html) of what lies outside this program. */
const CAUSE_BY_CODE: Readonly<Record<number, Cause>> = {
  3: 'read_only', // SQLITE_PERM
  5: 'locked', // SQLITE_BUSY
  6: 'locked', // SQLITE_LOCKED
  8: 'read_only', // SQLITE_READONLY
  10: 'disk_error', // SQLITE_IOERR
  11: 'damaged', // SQLITE_CORRUPT
  13: 'full', // SQLITE_FULL
  14: 'read_only', // SQLITE_CANTOPEN: the file is there, and the files beside it cannot be made
  23: 'read_only', // SQLITE_AUTH
  26: 'damaged', // SQLITE_NOTADB
}

/** SQLITE_IOERR_SHMSIZE: on a disk without room the shared memory beside the log cannot grow, not even for a reader. */
const NO_ROOM_FOR_SHARED_MEMORY = 4874

const WORDS: Readonly<
  Record<Exclude<Cause, 'damaged'>, { readonly message: string; readonly remedy: string }>
> = {
  locked: {
    message: 'is held by another process for longer than this one waits',
    remedy: 'run the command again; if it stays so, end the process that holds the file (`fuser` names it)',
  },
  full: {
    message: 'has no room left to write',
    remedy: 'make room on the disk of that file, then run the command again',
  },
  read_only: {
    message: 'cannot be written',
    remedy: 'let this user write that file and its folder, then run the command again',
  },
  disk_error: {
    message: 'cannot be read or written because the disk reports an error',
    remedy:
      'check the disk, restore a backup on a sound one with `quotey restore`, then run the command again',
  },
}

/**
 * What SQLite met outside this program, as a refusal: `audit_broken` for a damaged file, else `store_unavailable` with its cause.
 * Nothing of the transaction was kept. null where the error is none of these, which is a fault of ours.
 */
export function storeObstacle(path: string, error: unknown): Refusal | null {
  const code = (error as { errcode?: number } | null)?.errcode
  // The low byte is the kind of error, the rest its variant.
  const kind = code === undefined ? undefined : CAUSE_BY_CODE[code & 0xff]
  const cause = code === NO_ROOM_FOR_SHARED_MEMORY ? 'full' : kind
  if (cause === undefined) return null
  if (cause === 'damaged') return damaged(path, error).refusal
  const { message, remedy } = WORDS[cause]
  return refuse('store_unavailable', `the database \`${path}\` ${message}; nothing was changed`, remedy, {
    cause,
    database: path,
    reported: reported(error),
  }).refusal
}

/** The refusal for a database that SQLite cannot make sense of. */
export const damaged = (path: string, error: unknown): ReturnType<typeof refuse> =>
  refuse(
    'audit_broken',
    `the database \`${path}\` cannot be read`,
    'keep the file as evidence, restore a backup in another folder with `quotey restore`, and check it with `quotey audit verify`',
    { cause: reported(error) },
  )

const reported = (error: unknown): string => (error instanceof Error ? error.message : String(error))
