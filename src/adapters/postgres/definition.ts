export { SCHEMA_VERSION } from '../sqlite/connection.ts'

import { FOUNDATION_TABLES } from '../sqlite/foundation.sql.ts'
import { INCIDENT_TABLES } from '../sqlite/incident.sql.ts'
import { LIFECYCLE_TABLES } from '../sqlite/lifecycle.sql.ts'
import { OUTBOX_TABLES } from '../sqlite/outbox.sql.ts'

/*
 * The tables are defined once, in SQLite's words. Here they are read as text and said again in PostgreSQL's: `text` in byte order
 * whatever the database's collation, so that both stores sort alike; whole numbers `bigint`, flags `smallint`, shares `double
 * precision`, instants `timestamptz` to the millisecond. Foreign keys come last, as they may name a table that follows.
 */

export interface TableDefinition {
  readonly name: string
  /** Names in order. The first one orders rows by insertion: `row_order`, or the number that a table counts by. */
  readonly columns: readonly string[]
  readonly instants: ReadonlySet<string>
}

const SOURCE = [FOUNDATION_TABLES, LIFECYCLE_TABLES, OUTBOX_TABLES, INCIDENT_TABLES].join('')

const TABLE = /CREATE TABLE (\w+) \((.*?)\n\) STRICT;/gs
const INDEX = /CREATE INDEX [^;]+;/g
const COLUMN = /^ {2}(\w+) (TEXT|INTEGER|REAL)\b/
const REFERENCE = /\s*REFERENCES (\w+) \((\w+)\) DEFERRABLE INITIALLY DEFERRED/
const INSTANT = /^(at|\w+_at|window_start|window_end|valid_from|valid_until)$/
const FLAG = /\bCHECK \(\w+ IN \(0, 1\)\)/

/** Every table of the store, in the order they are made. */
export const TABLES: readonly TableDefinition[] = [...SOURCE.matchAll(TABLE)].map(([, name, body]) => {
  const columns = (body as string).split('\n').flatMap(line => COLUMN.exec(line)?.[1] ?? [])
  return { name: name as string, columns, instants: new Set(columns.filter(column => INSTANT.test(column))) }
})

/** What makes the tables and indexes, one statement each, in the schema that comes first in the search path. */
export const definitionStatements = (kind: '' | 'TEMPORARY ' = ''): readonly string[] => [
  ...[...SOURCE.matchAll(TABLE)].map(
    ([, name, body]) => `CREATE ${kind}TABLE ${name} (${linesOf(body as string).join('\n')}\n)`,
  ),
  ...[...SOURCE.matchAll(INDEX)].map(([text]) => text),
  ...[...SOURCE.matchAll(TABLE)].flatMap(([, name, body]) => foreignKeysOf(name as string, body as string)),
]

const linesOf = (body: string): readonly string[] =>
  body
    .split('\n')
    .map(line => {
      const said = COLUMN.exec(line)
      if (said === null) return line
      const [, column = '', type = ''] = said
      return line.replace(` ${type}`, ` ${typeOf(column, type, line)}`)
    })
    .map(line => line.replace(REFERENCE, ''))
    // A line that was nothing but a reference leaves its comma to the column before.
    .reduce<string[]>((lines, line) => {
      if (line.trim() === ',') lines[lines.length - 1] += ','
      else if (line.trim() !== '' || lines.length === 0) lines.push(line)
      return lines
    }, [])

function typeOf(column: string, type: string, line: string): string {
  if (column === 'row_order') return 'bigint GENERATED ALWAYS AS IDENTITY'
  if (INSTANT.test(column)) return 'timestamptz(3)'
  switch (type) {
    case 'TEXT':
      return 'text COLLATE "C"'
    case 'REAL':
      return 'double precision'
    default:
      return FLAG.test(line) ? 'smallint' : 'bigint'
  }
}

function foreignKeysOf(table: string, body: string): readonly string[] {
  let column = ''
  return body.split('\n').flatMap(line => {
    column = COLUMN.exec(line)?.[1] ?? column
    const [, target, key] = REFERENCE.exec(line) ?? []
    if (target === undefined) return []
    return `ALTER TABLE ${table} ADD FOREIGN KEY (${column}) REFERENCES ${target} (${key}) DEFERRABLE INITIALLY DEFERRED`
  })
}
