import { constants } from 'node:fs'
import { copyFile, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { QuoteFileNotes } from '../domain/quote-file.ts'
import { done, type Result, refuse } from '../domain/refusal.ts'
import type { AdoptedSnapshot, Progress } from '../loop/ports.ts'
import { type DuckDBRoom, identifier, literal, withDuckDB } from './duckdb/connection.ts'
import { formFault, hasSnapshotForm } from './duckdb/snapshot-form.ts'
import { withRoom } from './duckdb/spill.ts'
import { digestOfStored } from './duckdb/stored-digest.ts'

/**
 * Takes a Parquet file that already has a snapshot's form for a snapshot, without loading it: its copy is checked as an import checks
 * rows, and digested, by streaming. null where the file has no such form; refuses `bad_input` with the first fault. `keep`
 * is handed the copy and gives it its name.
 */
export async function adoptSnapshot(
  home: string,
  path: string,
  keep: (copy: string, digest: string) => Promise<void>,
  progress: Progress,
): Promise<Result<AdoptedSnapshot> | null> {
  // DuckDB would read a folder, or a name with a pattern in it, as many files.
  const single = !/[*?[]/.test(path) && (await stat(path).catch(() => null))?.isFile() === true
  if (!single || !(await withDuckDB(connection => hasSnapshotForm(connection, path)).catch(() => false)))
    return null
  return withRoom(home, async room => {
    // On its own, because the file may be written to while it is read.
    const copy = join(room.spillFolder, 'copy.parquet')
    await copyFile(path, copy, constants.COPYFILE_FICLONE)
    const adopted = await checked(copy, basename(path), room, progress).catch((fault: unknown) =>
      damaged(basename(path), fault),
    )
    if (adopted.ok) await keep(copy, adopted.value.digest)
    await rm(copy, { force: true })
    return adopted
  })
}

const checked = (
  copy: string,
  name: string,
  room: DuckDBRoom,
  progress: Progress,
): Promise<Result<AdoptedSnapshot>> =>
  withDuckDB(async connection => {
    const fault = await formFault(connection, copy)
    if (fault !== null) return refused(name, fault)
    const stored = await digestOfStored(connection, copy, (read, total) =>
      progress('digesting the snapshot', read, total),
    )
    if (stored === null) return refused(name, '`quote_id` is not in order, each once')
    const reader = await connection.runAndReadAll(accountQuestion(copy))
    const account = reader.getRowObjects()[0] ?? {}
    const count = (column: string): number => Number(account[column] ?? 0)
    const [won, lost, open] = ['won', 'lost', 'open'].map(count) as [number, number, number]
    return done({
      name,
      digest: stored.digest,
      currency: String(account.currency),
      counts: { rows: stored.rows, accepted: stored.rows, rejected: 0, collapsed: 0, won, lost, open },
      notes: {
        ...NOTHING_TO_NOTE,
        net_differences: count('net_differences'),
        net_difference_cents_max: count('net_difference_cents_max'),
      },
    })
  }, room)

const refused = (name: string, fault: string) =>
  refuse(
    'bad_input',
    `\`${name}\` has the columns of a snapshot, and ${fault}`,
    'import the file that it was made from; a column of another name, in the place of `group`, has it read row by row',
    { fault },
  )

/** Where there is not enough memory or disk, that is no fault of the file. */
function damaged(name: string, fault: unknown): Result<never> {
  const said = String(fault).split('\n')[0] as string
  if (said.includes('Out of Memory') || said.includes('disk')) throw fault
  return refuse('bad_input', `\`${name}\` is damaged`, 'hand in an undamaged copy', { fault: said })
}

const NOTHING_TO_NOTE: QuoteFileNotes = {
  single_discount_column: null,
  net_differences: 0,
  net_difference_cents_max: 0,
  minor_unit: 2,
  ignored_columns: [],
  blank_lines: 0,
}

/** How did the quotes end, in which currency, and where is the price offered not the list price less the discount? */
function accountQuestion(path: string): string {
  const outcome = (word: string): string => `count(*) FILTER (outcome = '${word}') AS ${word}`
  const product = 'list_cents * granted_discount_bps'
  const discount = `CASE WHEN ${product} < 0 THEN -((-(${product}) + 5000) // 10000) ELSE (${product} + 5000) // 10000 END`
  const difference = `abs(net_cents - (list_cents - (${discount})))`
  return `
    SELECT
      ${['won', 'lost', 'open'].map(outcome).join(', ')},
      min(${identifier('currency')}) AS currency,
      count(*) FILTER (${difference} > 0) AS net_differences,
      max(${difference}) AS net_difference_cents_max
    FROM read_parquet(${literal(path)})`
}
