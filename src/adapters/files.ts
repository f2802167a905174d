import { readFile } from 'node:fs/promises'
import { done, type Result, refuse } from '../domain/refusal.ts'

/** The text of a file somebody named. Refuses not_found, and bad_input where it cannot be read. */
export async function readTextFile(path: string): Promise<Result<string>> {
  try {
    return done(await readFile(path, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT'
      ? refuse('not_found', `there is no file \`${path}\``, 'check the path')
      : refuse('bad_input', `\`${path}\` cannot be read`, 'name a file you may read', { cause: message })
  }
}
