import { existsSync } from 'node:fs'
import { refuse } from '../../domain/refusal.ts'

/** Why a folder is no finished backup; null where it may be one. A log beside the database holds changes that the file lacks. */
export function objectionToBackup(path: string): ReturnType<typeof refuse> | null {
  if (!existsSync(path))
    return refuse('not_found', `no backup: there is no \`${path}\``, 'name a folder made by `quotey backup`')
  if (!existsSync(`${path}-wal`)) return null
  return refuse(
    'bad_input',
    `\`${path}\` is no finished backup: a program has it open, or copied it while it was in use`,
    'name a folder made by `quotey backup`',
    { found: `${path}-wal` },
  )
}

/** Why no database may be put here: SQLite would play the log of another one into it. null where nothing is left of one. */
export function objectionToPlace(path: string): ReturnType<typeof refuse> | null {
  const left = [`${path}-wal`, `${path}-journal`].filter(name => existsSync(name))
  // Beside a database they belong to it, and the home is refused as taken.
  if (left.length === 0 || existsSync(path)) return null
  return refuse(
    'bad_input',
    `the log of a database that is gone lies in the way: \`${left.join('`, `')}\``,
    'move it away, as evidence of what it belonged to, then restore again',
    { found: left },
  )
}
