import type { DatabaseCondition } from '../machine.ts'
import { PostgresConnection } from './connection.ts'
import { damageFound } from './pages.ts'

/** Settings of a server under which what was committed can be lost or torn, and what they must be. */
const DURABLE = { fsync: 'on', full_page_writes: 'on' } as const

/** The condition of a database on a server: its size, what of it cannot be read, and settings that let a crash lose commits. */
export const postgresCondition = (url: string): DatabaseCondition => ({
  bytes: () =>
    asking(url, async connection => {
      const { rows } = await connection.query('SELECT pg_database_size(current_database()) AS bytes')
      return Number(rows[0]?.bytes)
    }),
  faults: () =>
    asking(url, async connection => {
      const damaged = (await damageFound(connection)).map(({ where, found }) => `${where}: ${found}`)
      const { rows } = await connection.query(
        'SELECT name, setting FROM pg_settings WHERE name = ANY ($1::text[])',
        [Object.keys(DURABLE)],
      )
      const risky = rows.filter(({ name, setting }) => DURABLE[name as keyof typeof DURABLE] !== setting)
      return [
        ...damaged,
        ...risky.map(
          ({ name, setting }) => `${name} is ${setting}: a crash of the server can lose what was committed`,
        ),
      ]
    }),
})

async function asking<T>(url: string, work: (connection: PostgresConnection) => Promise<T>): Promise<T> {
  const connection = new PostgresConnection(url)
  try {
    await connection.begin('reading')
    return await work(connection)
  } finally {
    await connection.rollback()
    await connection.close()
  }
}
