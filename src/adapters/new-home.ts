import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { type Result, refuse } from '../domain/refusal.ts'
import { fileObstacle } from './file-obstacle.ts'
import { storeObstacle } from './sqlite/obstacle.ts'
import { forceToDisk } from './whole-folder.ts'

/** Where the parts of an installation lie. */
export interface HomePlaces {
  readonly databasePath: string
  readonly keysFolder: string
}

/**
 * Makes a home as a whole or not at all: `build` fills a database and keys in a folder beside it, and only when that is done
 * they get their names. Refuses bad_input where an installation is already. Of two callers at once one wins.
 */
export async function buildHome<T>(
  home: string,
  places: HomePlaces,
  build: (scratch: HomePlaces) => Promise<Result<T>>,
): Promise<Result<T>> {
  if (existsSync(places.databasePath)) return alreadyThere(home)
  let firstMade: string | undefined
  let scratch: string
  try {
    firstMade = mkdirSync(home, { recursive: true })
    scratch = mkdtempSync(join(home, '.founding-'))
  } catch (error) {
    return refuse('bad_input', `\`${home}\` cannot be made`, 'name a folder you may write with `--home`', {
      cause: (error as Error).message,
    })
  }
  let named = false
  try {
    const built = { databasePath: join(scratch, 'new'), keysFolder: join(scratch, 'keys') }
    const result = await build(built)
    if (!result.ok) return result
    named = giveNames(built, places)
    if (!named) return alreadyThere(home)
    for (const folder of [places.keysFolder, dirname(places.databasePath)]) await forceToDisk(folder)
    return result
  } catch (error) {
    const refusal = storeObstacle(places.databasePath, error) ?? fileObstacle(home, error)
    if (refusal === null) throw error
    return { ok: false, refusal }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
    if (!named && firstMade !== undefined) rmSync(firstMade, { recursive: true, force: true })
  }
}

/** Keys first: a key without an installation harms nobody, an installation without its root key could never be changed. */
function giveNames(built: HomePlaces, places: HomePlaces): boolean {
  mkdirSync(places.keysFolder, { recursive: true, mode: 0o700 })
  const kept: string[] = []
  try {
    for (const name of readdirSync(built.keysFolder)) {
      const path = join(places.keysFolder, name)
      copyFileSync(join(built.keysFolder, name), path, constants.COPYFILE_EXCL)
      kept.push(path)
      chmodSync(path, 0o600)
    }
    // A link fails where the name is taken, so that two founders at once cannot both win.
    linkSync(built.databasePath, places.databasePath)
    return true
  } catch (error) {
    for (const path of kept) rmSync(path)
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

const alreadyThere = (home: string): Result<never> =>
  refuse(
    'bad_input',
    `there is an installation in \`${home}\` already`,
    'use it, or name another folder with `--home`',
  )
