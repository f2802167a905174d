import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { done, type Result, refuse } from '../domain/refusal.ts'

/** Adds text to one of the files of a folder in the making. */
export type WriteFile = (file: string, text: string) => Promise<void>

/**
 * Fills a folder that is new or empty, so that nothing of somebody's is overwritten, text by text: what is written may be larger than
 * memory. What was written goes again where filling it fails. Returns what `fill` gives, and the paths. Refuses bad_input, and as
 * `fill` does.
 */
export async function fillFolder<T>(
  folder: string,
  fill: (write: WriteFile) => Promise<Result<T>>,
): Promise<Result<T & { readonly files: readonly string[] }>> {
  const paths = new Set<string>()
  let filled = false
  try {
    await mkdir(folder, { recursive: true })
    if ((await readdir(folder)).length > 0) {
      return refuse('bad_input', `\`${folder}\` is not empty`, 'name a new folder')
    }
    const result = await fill(async (file, text) => {
      const path = join(folder, file)
      await writeFile(path, text, { flag: paths.has(path) ? 'a' : 'wx' })
      paths.add(path)
    })
    filled = result.ok
    return result.ok ? done({ ...result.value, files: [...paths] }) : result
  } catch (error) {
    const { message: cause, syscall } = error as NodeJS.ErrnoException
    if (syscall === undefined) throw error
    return refuse('bad_input', `\`${folder}\` cannot be written`, 'name a folder you may write', { cause })
  } finally {
    if (!filled) for (const path of paths) await rm(path, { force: true })
  }
}

/** Writes a file that MUST NOT exist yet. */
export async function writeNewFile(path: string, text: string): Promise<Result<string>> {
  try {
    await writeFile(path, text, { flag: 'wx' })
    return done(path)
  } catch (error) {
    const cause = (error as Error).message
    return refuse('bad_input', `\`${path}\` cannot be written`, 'name a new file in a folder you may write', {
      cause,
    })
  }
}
