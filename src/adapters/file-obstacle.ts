import { type Refusal, refuse } from '../domain/refusal.ts'

type Cause = 'full' | 'read_only' | 'disk_error'

/** Error codes of the operating system (errno(3)) for what lies outside this program. */
const CAUSE_BY_CODE: Readonly<Record<string, Cause>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EACCES: 'read_only',
  EPERM: 'read_only',
  EROFS: 'read_only',
  EIO: 'disk_error',
}

const WORDS: Readonly<Record<Cause, { readonly message: string; readonly remedy: string }>> = {
  full: {
    message: 'has no room left to write',
    remedy: 'make room on its disk, then run the command again',
  },
  read_only: {
    message: 'cannot be read and written by this user',
    remedy: 'let this user write there, or name another folder, then run the command again',
  },
  disk_error: {
    message: 'cannot be read or written because the disk reports an error',
    remedy: 'check the disk, or name a folder on a sound one, then run the command again',
  },
}

/**
 * What the file system met outside this program while a folder was being made, as the refusal `store_unavailable` with its
 * cause. null where the error is none of these, which is a fault of ours.
 */
export function fileObstacle(folder: string, error: unknown): Refusal | null {
  const { code, message: reported } = error as NodeJS.ErrnoException
  const cause = CAUSE_BY_CODE[code ?? '']
  if (cause === undefined) return null
  const { message, remedy } = WORDS[cause]
  return refuse('store_unavailable', `\`${folder}\` ${message}; nothing of it was kept`, remedy, {
    cause,
    folder,
    reported,
  }).refusal
}
