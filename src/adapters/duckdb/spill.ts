import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { type DuckDBRoom, withDuckDB } from './connection.ts'

/** Together with the process itself, some 300 MB, well within 4 GB. */
const MEMORY_MEGABYTES = 2_500

const PREFIX = 'spill-'
const OF_PROCESS = /^spill-(\d+)-/

/**
 * Gives a database room beside the quotes it reads: memory within a bound, and a folder of the installation for what goes beyond, which
 * is removed afterwards. Folders that killed processes left behind are removed before.
 */
export async function withRoom<T>(
  home: string,
  work: (room: DuckDBRoom) => Promise<T>,
  memoryMegabytes = MEMORY_MEGABYTES,
): Promise<T> {
  await removeAbandoned(home)
  const spillFolder = await mkdtemp(join(home, `${PREFIX}${process.pid}-`))
  try {
    return await work({ memoryMegabytes, spillFolder })
  } finally {
    await rm(spillFolder, { recursive: true, force: true })
  }
}

/** Runs work on a DuckDB that has such room and is closed afterwards. */
export const withSpillingDuckDB = <T>(
  home: string,
  work: (connection: DuckDBConnection) => Promise<T>,
  memoryMegabytes?: number,
): Promise<T> => withRoom(home, room => withDuckDB(work, room), memoryMegabytes)

async function removeAbandoned(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    const pid = OF_PROCESS.exec(name)?.[1]
    if (pid !== undefined && !isRunning(Number(pid)))
      await rm(join(home, name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
