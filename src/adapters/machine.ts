import { existsSync } from 'node:fs'
import { readdir, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { KeyFile, Machine } from '../loop/machine.ts'

const KEY_FILE = /^(?<actor>.+)\.(?<keyId>[0-9a-f]{16})\.pem$/

const EVERYBODY_WRITES = 0o002

/** The machine under an installation. */
export const machineUnder = (databasePath: string, keysFolder: string): Machine => ({
  disk: async () => {
    const { bavail, bsize } = await statfs(dirname(databasePath))
    const database = await stat(databasePath)
    return { freeBytes: bavail * bsize, databaseBytes: database.size }
  },
  keys: async () => {
    if (!existsSync(keysFolder)) return { folder: keysFolder, openToOthers: 0, files: [] }
    const files: KeyFile[] = []
    for (const name of (await readdir(keysFolder)).sort()) {
      const named = KEY_FILE.exec(name)?.groups
      if (named === undefined) continue
      const path = join(keysFolder, name)
      const openToOthers = await openBits(path)
      files.push({ path, actorId: named.actor as string, keyId: named.keyId as string, openToOthers })
    }
    return { folder: keysFolder, openToOthers: await openBits(keysFolder), files }
  },
  writableByAll: async () => {
    const home = dirname(databasePath)
    const names = (await readdir(home)).sort()
    const paths = [home, ...names.map(name => join(home, name))]
    const open: string[] = []
    for (const path of paths) {
      // SQLite's files of work come and go.
      const bits = await openBits(path).catch(() => 0)
      if ((bits & EVERYBODY_WRITES) !== 0) open.push(path)
    }
    return open
  },
  databaseFaults: async () => {
    const database = new DatabaseSync(databasePath, { readOnly: true })
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

const openBits = async (path: string): Promise<number> =>
  process.platform === 'win32' ? 0 : (await stat(path)).mode & 0o077
