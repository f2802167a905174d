import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'

/** Bounds of one DuckDB: quotes are kept in our own arrays, so it needs room for row groups of Parquet alone. */
const SETTINGS = {
  threads: '2',
  memory_limit: '512MB',
  // What does not fit is an error: nothing may be written into whatever folder a person happens to stand in.
  temp_directory: '',
  // A home folder never holds other databases, and nothing may be fetched while a history is read.
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
} as const

/** A DuckDB in memory, to be closed by whoever opened it. */
export interface OpenDuckDB {
  readonly connection: DuckDBConnection
  close(): void
}

/** More room than quotes in our own arrays need, for a database that reads a file itself. */
export interface DuckDBRoom {
  readonly memoryMegabytes: number
  /** Where what does not fit goes; the folder is the caller's to make and to remove. */
  readonly spillFolder: string
}

export async function openDuckDB(room: DuckDBRoom | null = null): Promise<OpenDuckDB> {
  const wider =
    room === null ? {} : { memory_limit: `${room.memoryMegabytes}MB`, temp_directory: room.spillFolder }
  const instance = await DuckDBInstance.create(':memory:', { ...SETTINGS, ...wider })
  const connection = await instance.connect()
  const close = () => {
    connection.closeSync()
    instance.closeSync()
  }
  return { connection, close }
}

/** Runs work on a DuckDB that is closed afterwards. */
export async function withDuckDB<T>(
  work: (connection: DuckDBConnection) => Promise<T>,
  room: DuckDBRoom | null = null,
): Promise<T> {
  const { connection, close } = await openDuckDB(room)
  try {
    return await work(connection)
  } finally {
    close()
  }
}

/** A text as an SQL literal. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
/** A name as an SQL identifier. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`
