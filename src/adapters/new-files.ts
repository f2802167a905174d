import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { done, type Result, refuse } from '../domain/refusal.ts'

/** Writes files into a folder that is new or empty, so that nothing of somebody's is overwritten. Returns their paths. */
export async function writeFolder(
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<Result<readonly string[]>> {
  try {
    await mkdir(folder, { recursive: true })
    if ((await readdir(folder)).length > 0) {
      return refuse('bad_input', `\`${folder}\` is not empty`, 'name a new folder')
    }
    const paths: string[] = []
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, name)
      await writeFile(path, text, { flag: 'wx' })
      paths.push(path)
    }
    return done(paths)
  } catch (error) {
    const cause = (error as Error).message
    return refuse('bad_input', `\`${folder}\` cannot be written`, 'name a folder you may write', { cause })
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
