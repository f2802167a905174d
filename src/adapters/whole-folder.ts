import { constants, existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { copyFile, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type Result, refuse } from '../domain/refusal.ts'
import { fileObstacle } from './file-obstacle.ts'

/** Folders of a home whose files are named by digest and never change; keys are not among them. */
const EVIDENCE_FOLDERS = ['snapshots', 'rejects'] as const

/**
 * Makes a folder as a whole or not at all: `build` fills one beside it, which is forced to disk and then gets the name. Refuses
 * bad_input where the name is taken, so that an earlier backup is never touched.
 */
export async function buildFolder<T>(
  target: string,
  build: (scratch: string) => Promise<Result<T>>,
): Promise<Result<T>> {
  const place = resolve(target)
  if (existsSync(place)) {
    return refuse(
      'bad_input',
      `\`${target}\` is there already`,
      'name a new folder; a backup is never overwritten',
    )
  }
  let scratch: string
  try {
    mkdirSync(dirname(place), { recursive: true })
    scratch = mkdtempSync(join(dirname(place), '.backup-'))
  } catch (error) {
    return refuse('bad_input', `\`${target}\` cannot be made`, 'name a folder you may write', {
      cause: (error as Error).message,
    })
  }
  try {
    const built = await build(scratch)
    if (!built.ok) return built
    for (const name of await readdir(scratch, { recursive: true })) await forceToDisk(join(scratch, name))
    await forceToDisk(scratch)
    await rename(scratch, place)
    await forceToDisk(dirname(place))
    return built
  } catch (error) {
    const refusal = fileObstacle(target, error)
    if (refusal === null) throw error
    return { ok: false, refusal }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Copies the finished evidence files of one home into another; what is there already keeps its place. Returns their number. */
export async function copyEvidence(fromHome: string, toHome: string): Promise<number> {
  let copied = 0
  for (const folder of EVIDENCE_FOLDERS) {
    const [from, to] = [join(fromHome, folder), join(toHome, folder)]
    if (!existsSync(from)) continue
    mkdirSync(to, { recursive: true })
    for (const name of await readdir(from)) {
      // A `.part` is a file still being written, and belongs to no record.
      if (name.endsWith('.part')) continue
      // Under a passing name first, so that a copy cut short never bears the name of the whole.
      const part = join(to, `${name}.part`)
      await copyFile(join(from, name), part, constants.COPYFILE_FICLONE)
      await forceToDisk(part)
      await rename(part, join(to, name))
      copied += 1
    }
    await forceToDisk(to)
  }
  return copied
}

/** Files and folders alike; where folders cannot be synced (Windows), renames are durable by themselves. */
export async function forceToDisk(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    if (process.platform !== 'win32') throw error
  }
}
