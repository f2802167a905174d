import type { StructureFault } from '../../loop/ports.ts'
import type { PostgresConnection } from './connection.ts'
import { TABLES } from './definition.ts'
import { isDisconnected } from './obstacle.ts'

/**
 * Reads every value of every table, so that a page that cannot be read, or whose checksum is wrong where the server keeps checksums,
 * is found; and holds indexes against their tables where the extension `amcheck` is there for this role.
 */
export async function damageFound(connection: PostgresConnection): Promise<readonly StructureFault[]> {
  const faults: StructureFault[] = []
  const probe = async (where: string, text: string, values: readonly unknown[]): Promise<void> => {
    await connection.query('SAVEPOINT probed')
    try {
      await connection.query(text, values)
      await connection.query('RELEASE SAVEPOINT probed')
    } catch (error) {
      if (isDisconnected(error)) throw error
      await connection.query('ROLLBACK TO SAVEPOINT probed')
      faults.push({ where, expected: 'every page and index whole', found: (error as Error).message })
    }
  }
  for (const { name } of TABLES) {
    await probe(
      `table ${name}`,
      `SELECT count(hashtextextended(row_read::text, 0)) FROM ${name} AS row_read`,
      [],
    )
  }
  for (const index of await checkableIndexes(connection)) {
    await probe(`index ${index}`, 'SELECT bt_index_check($1::regclass, true)', [index])
  }
  return faults
}

/** B-tree indexes of our tables, none where the extension is not installed or not for this role. */
async function checkableIndexes(connection: PostgresConnection): Promise<readonly string[]> {
  const { rows } = await connection.query(
    `
    SELECT indexrelid::regclass::text AS index
    FROM pg_index
    JOIN pg_class ON pg_class.oid = indrelid
    JOIN (SELECT to_regprocedure('bt_index_check(regclass, boolean)') AS oid) AS check_function
      ON check_function.oid IS NOT NULL AND has_function_privilege(check_function.oid, 'EXECUTE')
    WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relname = ANY ($1::text[])`,
    [TABLES.map(table => table.name)],
  )
  return rows.map(row => row.index as string)
}
