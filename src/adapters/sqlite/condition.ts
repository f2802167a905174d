import { stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import type { DatabaseCondition } from '../machine.ts'

/** The condition of a database file. */
export const sqliteCondition = (path: string): DatabaseCondition => ({
  bytes: async () => (await stat(path)).size,
  faults: async () => {
    const database = new DatabaseSync(path, { readOnly: true })
    try {
      const rows = database.prepare('PRAGMA integrity_check(20)').all()
      return rows.map(row => String(row.integrity_check)).filter(line => line !== 'ok')
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)]
    } finally {
      database.close()
    }
  },
})
