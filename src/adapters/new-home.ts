import {
  chmodSync,
  constants,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Refusal, type Result, refuse } from '../domain/refusal.ts'
import { BrokenState } from '../loop/ports.ts'
import { fileObstacle } from './file-obstacle.ts'
import { storeObstacle } from './sqlite/obstacle.ts'
import { forceToDisk } from './whole-folder.ts'

/** Where the parts of an installation are built, before it has a name. */
export interface HomeParts {
  /** A SQLite file. */
  readonly databasePath: string
  readonly keysFolder: string
}

/** Where the database of a new installation goes once it is built. */
export interface DatabaseSeat {
  /** null where it is free, else why not. */
  objection(): Promise<Refusal | null>
  /** Takes what was built in a SQLite file, whole or not at all: of two callers at once one gets null, the other the objection. */
  take(builtPath: string): Promise<Refusal | null>
}

/**
 * Makes a home as a whole or not at all: `build` fills a database and keys in a folder beside it, and only when that is done
 * they take their seats. Refuses as the seat does where an installation is already. Of two callers at once one wins.
 */
export async function buildHome<T>(
  home: string,
  keysFolder: string,
  seat: DatabaseSeat,
  build: (scratch: HomeParts) => Promise<Result<T>>,
): Promise<Result<T>> {
  const objection = await seat.objection()
  if (objection !== null) return { ok: false, refusal: objection }
  let firstMade: string | undefined
  let scratch: string
  try {
    firstMade = mkdirSync(home, { recursive: true })
    scratch = mkdtempSync(join(home, '.founding-'))
    if (firstMade !== undefined) close(home, sharedByGroup(scratch), 0o070)
  } catch (error) {
    return refuse('bad_input', `\`${home}\` cannot be made`, 'name a folder you may write with `--home`', {
      cause: (error as Error).message,
    })
  }
  let named = false
  try {
    const built: HomeParts = { databasePath: join(scratch, 'new'), keysFolder: join(scratch, 'keys') }
    const result = await build(built)
    if (!result.ok) return result
    close(built.databasePath, sharedByGroup(scratch), 0o060)
    const late = await takeSeats(built, keysFolder, seat)
    if (late !== null) return { ok: false, refusal: late }
    named = true
    for (const folder of [keysFolder, home]) await forceToDisk(folder)
    return result
  } catch (error) {
    named ||= mayBeKept(error)
    const refusal = storeObstacle(join(home, 'quotey.db'), error) ?? fileObstacle(home, error)
    if (refusal === null) throw error
    return { ok: false, refusal }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
    if (!named && firstMade !== undefined) rmSync(firstMade, { recursive: true, force: true })
  }
}

/** Whether whoever founds it lets the group write what they make, as a service does that shares its home. */
function sharedByGroup(scratch: string): boolean {
  const probe = join(scratch, 'probe')
  mkdirSync(probe)
  const shared = (statSync(probe).mode & 0o020) !== 0
  rmSync(probe, { recursive: true })
  return shared
}

/** Leaves a file or folder to its owner, and to the group where that shares it; to nobody else, whatever the umask says. */
const close = (path: string, shared: boolean, groupBits: number): void =>
  chmodSync(path, (statSync(path).mode & 0o7700) | (shared ? groupBits : 0))

/** Keys first: a key without an installation harms nobody, an installation without its root key could never be changed. */
async function takeSeats(built: HomeParts, keysFolder: string, seat: DatabaseSeat): Promise<Refusal | null> {
  mkdirSync(keysFolder, { recursive: true, mode: 0o700 })
  const kept: string[] = []
  const withdraw = (): void => {
    for (const path of kept) rmSync(path)
  }
  try {
    for (const name of readdirSync(built.keysFolder)) {
      const path = join(keysFolder, name)
      copyFileSync(join(built.keysFolder, name), path, constants.COPYFILE_EXCL)
      kept.push(path)
      chmodSync(path, 0o600)
    }
    const objection = await seat.take(built.databasePath)
    if (objection !== null) withdraw()
    return objection
  } catch (error) {
    if (!mayBeKept(error)) withdraw()
    throw error
  }
}

/** Whether a database may have taken its seat although its answer was lost; then its keys must stay. */
const mayBeKept = (error: unknown): boolean =>
  error instanceof BrokenState && error.refusal.facts.cause === 'outcome_unknown'
