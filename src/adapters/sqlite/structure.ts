import type { DatabaseSync } from 'node:sqlite'
import type { StructureFault } from '../../loop/ports.ts'
import { COUNTERS_ASTRAY } from '../counters.sql.ts'
import { type Schema, schemaFaults } from '../schema-faults.ts'

/**
 * Compares tables, indexes and triggers with those of a new database, and asks SQLite whether every page and index is whole. A
 * dropped trigger opens rows to editing, so it is named although no row has changed yet; so is a counter that was moved, which would
 * leave a gap or give a number twice.
 */
export function structureFaults(database: DatabaseSync, fresh: DatabaseSync): readonly StructureFault[] {
  const [expected, found] = [schemaOf(fresh), schemaOf(database)]
  const altered = schemaFaults(expected, found)
  return [...altered, ...countersAstray(database), ...damagedPages(database)]
}

const schemaOf = (database: DatabaseSync): Schema =>
  new Map(
    database
      .prepare("SELECT type || ' ' || name AS name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'")
      .all()
      .map(row => [row.name as string, row.sql as string]),
  )

const countersAstray = (database: DatabaseSync): readonly StructureFault[] =>
  database
    .prepare(COUNTERS_ASTRAY)
    .all()
    .map(({ name, value, highest }) => ({
      where: `counter ${name}`,
      expected: String(highest ?? 'nothing'),
      found: String(value ?? 'nothing'),
    }))

const damagedPages = (database: DatabaseSync): readonly StructureFault[] =>
  database
    .prepare('PRAGMA integrity_check')
    .all()
    .map(row => row.integrity_check as string)
    .filter(said => said !== 'ok')
    .map(said => ({ where: 'database file', expected: 'every page and index whole', found: said }))
