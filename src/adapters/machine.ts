import { existsSync } from 'node:fs'
import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyFile, Machine } from '../loop/machine.ts'

const KEY_FILE = /^(?<actor>.+)\.(?<keyId>[0-9a-f]{16})\.pem$/

const EVERYBODY_READS = 0o004
const EVERYBODY_WRITES = 0o002
const EVERYBODY_ENTERS = 0o001

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
  openToAll: async () => {
    const names = (await readdir(home)).sort()
    // SQLite's files of work come and go.
    const bitsOf = (path: string): Promise<number> => openBits(path).catch(() => 0)
    const open = async (paths: readonly string[], bit: number): Promise<readonly string[]> => {
      const bits = await Promise.all(paths.map(bitsOf))
      return paths.filter((_, at) => ((bits[at] as number) & bit) !== 0)
    }
    const inside = names.map(name => join(home, name))
    const entered = ((await bitsOf(home)) & EVERYBODY_ENTERS) !== 0
    return {
      writable: await open([home, ...inside], EVERYBODY_WRITES),
      readable: entered ? await open(inside, EVERYBODY_READS) : [],
    }
  },
  databaseFaults: () => database.faults(),
})

const openBits = async (path: string): Promise<number> =>
  process.platform === 'win32' ? 0 : (await stat(path)).mode & 0o077
