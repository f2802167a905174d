import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quoteFiles } from '../../src/adapters/quote-files.ts'
import type { QuoteFile } from '../../src/domain/quote-file.ts'
import type { Refusal, Result } from '../../src/domain/refusal.ts'

/** Runs work with a fresh folder that is removed afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'quotey-history-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Reads a file as `history import` does; `mapText` is the text of a mapping, null for canonical columns. */
export const readQuotes = (
  content: string | Uint8Array,
  mapText: string | null = null,
  rejectsMax: number | null = Number.MAX_SAFE_INTEGER,
): Promise<Result<QuoteFile>> =>
  inFolder(async folder => {
    const path = join(folder, 'quotes.csv')
    await writeFile(path, content)
    const map = mapText === null ? null : join(folder, 'map.yaml')
    if (map !== null) await writeFile(map, mapText as string)
    return quoteFiles(() => undefined).read(path, map, rejectsMax)
  })

/** The value of a result; fails with the refusal otherwise. */
export function acceptedOf<T>(result: Result<T>): T {
  if (result.ok) return result.value
  throw new Error(`refused: ${result.refusal.message} ${JSON.stringify(result.refusal.facts)}`)
}

/** The refusal of a result; fails when there was none. */
export function refusalOf(result: Result<unknown>): Refusal {
  if (!result.ok) return result.refusal
  throw new Error('expected a refusal')
}
