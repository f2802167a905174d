import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CorpusCase, readCorpusCase } from '../domain/corpus-case.ts'
import { done, type Result } from '../domain/refusal.ts'
import { packageFile } from './package-files.ts'

const CORPUS = packageFile('attacks/corpus')

/** The red-team corpus that the package ships, in order of file names. Refuses bad_input where a file is no case. */
export async function attackCorpusFiles(): Promise<Result<readonly CorpusCase[]>> {
  const names = (await readdir(CORPUS)).filter(name => name.endsWith('.yaml')).sort()
  const cases: CorpusCase[] = []
  for (const name of names) {
    const read = readCorpusCase(await readFile(join(CORPUS, name), 'utf8'))
    if (!read.ok)
      return { ok: false, refusal: { ...read.refusal, message: `${name}: ${read.refusal.message}` } }
    cases.push(read.value)
  }
  return done(cases)
}
