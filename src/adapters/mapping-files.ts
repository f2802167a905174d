import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Mapping, readMapping } from '../domain/mapping.ts'
import { type Result, refuse } from '../domain/refusal.ts'
import { packageFile } from './package-files.ts'

const PRESETS = packageFile('presets')
const PRESET_NAME = /^[a-z0-9-]+$/

/** Reads a mapping file, or the preset of that name. Refuses `not_found` with the presets at hand, and what is no mapping. */
export async function readMappingFile(pathOrPreset: string): Promise<Result<Mapping>> {
  const path = PRESET_NAME.test(pathOrPreset) ? join(PRESETS, `${pathOrPreset}.yaml`) : pathOrPreset
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text !== null) return readMapping(text)
  return refuse(
    'not_found',
    `there is no mapping \`${pathOrPreset}\``,
    'name a mapping file, or one of the presets',
    { presets: await presets() },
  )
}

const presets = async (): Promise<readonly string[]> =>
  (await readdir(PRESETS))
    .filter(name => name.endsWith('.yaml'))
    .map(name => name.slice(0, -'.yaml'.length))
    .sort()
