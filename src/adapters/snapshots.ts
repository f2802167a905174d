import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { QuoteColumns } from '../domain/quote.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import { quotesFromSnapshotColumns, snapshotColumns } from '../domain/snapshot-columns.ts'
import type { Digest } from '../domain/units.ts'
import { digestOfText } from '../evidence/canonical.ts'
import { snapshotDigest } from '../evidence/snapshot-digest.ts'
import type { Progress, Snapshots, StoredQuotes } from '../loop/ports.ts'
import { rejectReport } from './reject-report.ts'

const hexOf = (digest: Digest): string => digest.slice('sha256:'.length)

/** Snapshots of an installation: `HOME/snapshots/<hex>.parquet`, reject reports in `HOME/rejects`. */
export function snapshots({ home }: { readonly home: string }, progress: Progress): Snapshots {
  const fileOf = (digest: Digest): string => join(home, 'snapshots', `${hexOf(digest)}.parquet`)
  return {
    load: digest => load(fileOf(digest), digest, progress),
    open: digest => openStored(home, fileOf(digest), digest, progress),
    adopt: async path => {
      const { adoptSnapshot } = await import('./adopted-snapshot.ts')
      return adoptSnapshot(home, path, (copy, digest) => keepCopy(copy, fileOf(digest)), progress)
    },
    save: async quotes => {
      const digest = snapshotDigest(quotes)
      const file = fileOf(digest)
      if (await holds(file, digest)) return digest
      const { writeParquet } = await import('./duckdb/parquet-write.ts')
      await whole(file, part => writeParquet(part, quotes.rows, snapshotColumns(quotes)))
      return digest
    },
    saveRejects: async rejects => {
      const report = rejectReport(rejects)
      const file = join(home, 'rejects', `${hexOf(digestOfText(report)).slice(0, 16)}.csv`)
      await whole(file, part => writeFile(part, report))
      return file
    },
  }
}

async function load(file: string, digest: Digest, progress: Progress): Promise<Result<QuoteColumns>> {
  if (!(await exists(file))) return absent(file, digest)
  const quotes = await readSnapshot(file, progress)
  return quotes !== null && snapshotDigest(quotes) === digest ? done(quotes) : altered(file, digest)
}

async function openStored(
  home: string,
  file: string,
  digest: Digest,
  progress: Progress,
): Promise<Result<StoredQuotes>> {
  if (!(await exists(file))) return absent(file, digest)
  const { openStoredQuotes } = await import('./stored-quotes.ts')
  const stored = await openStoredQuotes(home, file, digest, progress)
  return stored === null ? altered(file, digest) : done(stored)
}

const absent = (file: string, digest: Digest) =>
  refuse('not_found', `there is no snapshot \`${digest}\``, 'import the history again', { file })

const altered = (file: string, digest: Digest) =>
  refuse(
    'audit_broken',
    `the snapshot \`${digest}\` was changed after it was imported`,
    'restore the file from a backup, or move it away and import the history again',
    { file },
  )

/** null where the file is damaged: to the caller that is no other case than content that was changed. */
async function readSnapshot(file: string, progress: Progress): Promise<QuoteColumns | null> {
  const { readParquet } = await import('./duckdb/parquet-read.ts')
  try {
    const { rows, columns } = await readParquet(file, (rows, total) =>
      progress('loading the snapshot', rows, total),
    )
    return quotesFromSnapshotColumns(rows, columns)
  } catch (fault) {
    if (String(fault).includes('Out of Memory')) throw fault
    return null
  }
}

/** Whether a file is there and sound; a damaged one is written anew, which is how a person repairs it. */
async function holds(file: string, digest: Digest): Promise<boolean> {
  return (await exists(file)) && (await load(file, digest, () => undefined)).ok
}

/** Whether there is a file to read: a pipe under the name would never end. */
const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    found => found.isFile(),
    () => false,
  )

/** What lies under the name already is replaced by the same content, which repairs a damaged file. */
const keepCopy = (copy: string, file: string): Promise<void> => whole(file, part => rename(copy, part))

/** Writes a file under another name, forces it to disk and renames it, so that under its own name it is never half there. */
async function whole(file: string, write: (part: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const part = `${file}.${randomBytes(6).toString('hex')}.part`
  try {
    await write(part)
    const handle = await open(part, 'r+')
    await handle.sync()
    await handle.close()
    await rename(part, file)
    await syncFolder(dirname(file))
  } finally {
    await rm(part, { force: true })
  }
}

/** Makes the new name itself durable, before the store refers to it. Where folders cannot be synced (Windows), renames are durable. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}
