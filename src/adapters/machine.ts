import { existsSync } from 'node:fs'
import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyFile, Machine } from '../loop/machine.ts'

const KEY_FILE = /^(?<actor>.+)\.(?<keyId>[0-9a-f]{16})\.pem$/

const EVERYBODY_WRITES = 0o002

/** What only the database itself can tell of its condition. */
export interface DatabaseCondition {
  bytes(): Promise<number>
  faults(): Promise<readonly string[]>
}

/** The machine under an installation. */
export const machineUnder = (home: string, keysFolder: string, database: DatabaseCondition): Machine => ({
  disk: async () => {
    const { bavail, bsize } = await statfs(home)
    return { freeBytes: bavail * bsize, databaseBytes: await database.bytes() }
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
  databaseFaults: () => database.faults(),
})

const openBits = async (path: string): Promise<number> =>
  process.platform === 'win32' ? 0 : (await stat(path)).mode & 0o077
