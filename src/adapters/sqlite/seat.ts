import { existsSync, linkSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Refusal, refuse } from '../../domain/refusal.ts'
import type { DatabaseSeat } from '../new-home.ts'

/** The database of an installation as a file of its home. */
export const sqliteSeat = (path: string): DatabaseSeat => ({
  objection: async () => (existsSync(path) ? taken(path) : null),
  take: async builtPath => {
    try {
      // A link fails where the name is taken, so that two founders at once cannot both win.
      linkSync(builtPath, path)
      return null
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return taken(path)
      throw error
    }
  },
})

const taken = (path: string): Refusal =>
  refuse(
    'bad_input',
    `there is an installation in \`${dirname(path)}\` already`,
    'use it, or name another folder with `--home`',
  ).refusal
