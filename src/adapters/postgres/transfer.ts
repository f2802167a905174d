import { DatabaseSync } from 'node:sqlite'
import { BrokenState } from '../../loop/ports.ts'
import { createDatabase } from '../sqlite/connection.ts'
import { storeObstacle } from '../sqlite/obstacle.ts'
import type { PostgresConnection } from './connection.ts'
import { TABLES, type TableDefinition } from './definition.ts'
import { bound } from './values.ts'

/** Rows read or written at once, and the size of text from which a batch is sent although it has fewer. */
const BATCH_ROWS = 500
const BATCH_CHARS = 4_000_000

type Row = Readonly<Record<string, string | number | null>>

/**
 * Copies every row, in the view of the transaction that is open on `connection`, into a new SQLite file that holds the same
 * installation. Throws BrokenState where the file finds no room.
 */
export async function exportTo(connection: PostgresConnection, path: string): Promise<void> {
  const database = createDatabase(path)
  try {
    database.exec('BEGIN')
    for (const { name, columns } of TABLES) {
      const places = columns.map(() => '?').join(', ')
      const insert = database.prepare(`INSERT INTO ${name} (${columns.join(', ')}) VALUES (${places})`)
      for await (const rows of rowsIn(connection, name, columns)) {
        for (const row of rows) insert.run(...columns.map(column => row[column] ?? null))
      }
    }
    database.exec('COMMIT')
  } catch (error) {
    const obstacle = storeObstacle(path, error)
    throw obstacle === null ? error : new BrokenState(obstacle)
  } finally {
    database.close()
  }
}

async function* rowsIn(
  connection: PostgresConnection,
  table: string,
  columns: readonly string[],
): AsyncGenerator<readonly Row[]> {
  const selected = `SELECT ${columns.join(', ')} FROM ${table} ORDER BY ${columns[0]}`
  await connection.query(`DECLARE exported NO SCROLL CURSOR FOR ${selected}`)
  for (;;) {
    const { rows } = await connection.query(`FETCH ${BATCH_ROWS} FROM exported`)
    yield rows as readonly Row[]
    if (rows.length < BATCH_ROWS) break
  }
  await connection.query('CLOSE exported')
}

/** Copies every row of a SQLite installation into tables that are empty, in the transaction that is open on `connection`. */
export async function importFrom(connection: PostgresConnection, path: string): Promise<void> {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    for (const table of TABLES) {
      let batch: Row[] = []
      let chars = 0
      const ordered = `SELECT ${table.columns.join(', ')} FROM ${table.name} ORDER BY ${table.columns[0]}`
      for (const row of database.prepare(ordered).iterate() as IterableIterator<Row>) {
        batch.push(row)
        for (const value of Object.values(row)) if (typeof value === 'string') chars += value.length
        if (batch.length < BATCH_ROWS && chars < BATCH_CHARS) continue
        await insertAll(connection, table, batch)
        batch = []
        chars = 0
      }
      if (batch.length > 0) await insertAll(connection, table, batch)
      if (table.columns[0] === 'row_order') await goOnCounting(connection, table.name)
    }
  } finally {
    database.close()
  }
}

async function insertAll(
  connection: PostgresConnection,
  { name, columns, instants }: TableDefinition,
  rows: readonly Row[],
): Promise<void> {
  const values: unknown[] = []
  const tuples = rows.map(row => {
    const places = columns.map(
      column => `$${values.push(bound(name, column, instants.has(column), row[column] ?? null))}`,
    )
    return `(${places.join(', ')})`
  })
  const into = `INSERT INTO ${name} (${columns.join(', ')}) OVERRIDING SYSTEM VALUE`
  await connection.query(`${into} VALUES ${tuples.join(', ')}`, values)
}

/** The next row comes after those that were copied. */
const goOnCounting = (connection: PostgresConnection, table: string): Promise<unknown> =>
  connection.query(
    `SELECT setval(pg_get_serial_sequence('${table}', 'row_order'), max(row_order)) FROM ${table} HAVING count(*) > 0`,
  )
