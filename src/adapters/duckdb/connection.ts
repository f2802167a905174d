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

export async function openDuckDB(): Promise<OpenDuckDB> {
  const instance = await DuckDBInstance.create(':memory:', SETTINGS)
  const connection = await instance.connect()
  const close = () => {
    connection.closeSync()
    instance.closeSync()
  }
  return { connection, close }
}

/** Runs work on a DuckDB that is closed afterwards. */
export async function withDuckDB<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const { connection, close } = await openDuckDB()
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
