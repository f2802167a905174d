import type { DatabaseSync } from 'node:sqlite'
import type { StructureFault } from '../../loop/ports.ts'

type Schema = ReadonlyMap<string, string>

/**
 * Compares tables, indexes and triggers with those of a new database, and asks SQLite whether every page and index is whole. A
 * dropped trigger opens rows to editing, so it is named although no row has changed yet; so is a counter that was moved, which would
 * leave a gap or give a number twice.
 */
export function structureFaults(database: DatabaseSync, fresh: DatabaseSync): readonly StructureFault[] {
  const [expected, found] = [schemaOf(fresh), schemaOf(database)]
  const names = [...new Set([...expected.keys(), ...found.keys()])].sort()
  const altered = names
    .filter(name => expected.get(name) !== found.get(name))
    .map(name => ({
      where: name,
      expected: expected.get(name) ?? 'nothing',
      found: found.get(name) ?? 'nothing',
    }))
  return [...altered, ...countersAstray(database), ...damagedPages(database)]
}

const schemaOf = (database: DatabaseSync): Schema =>
  new Map(
    database
      .prepare("SELECT type || ' ' || name AS name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'")
      .all()
      .map(row => [row.name as string, row.sql as string]),
  )

/** A number is given in the transaction that writes its row, so each counter stands at the highest number that is in use. */
const NUMBERED = `
  SELECT name, value, highest FROM (
    SELECT 'epoch' AS name, max(epoch) AS highest FROM policy_activation
    UNION ALL SELECT 'keyring_version', max(version) FROM keyring
    UNION ALL SELECT 'policy_version', max(version) FROM policy_version
    UNION ALL SELECT 'thresholds_version', max(version) FROM thresholds_version
  ) FULL JOIN counter USING (name)
  WHERE value IS NOT highest
  ORDER BY name`

const countersAstray = (database: DatabaseSync): readonly StructureFault[] =>
  database
    .prepare(NUMBERED)
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
