import type { StructureFault } from '../../loop/ports.ts'
import { COUNTERS_ASTRAY } from '../counters.sql.ts'
import { type Schema, schemaFaults } from '../schema-faults.ts'
import type { PostgresConnection } from './connection.ts'
import { definitionStatements, TABLES } from './definition.ts'
import { CONTROL_TABLE, guardStatements, REFUSAL_FUNCTION } from './guard.sql.ts'
import { damageFound } from './pages.ts'

/**
 * Compares tables, constraints, indexes and triggers with those of a new store, made for the purpose as temporary tables on another
 * connection and gone at once, and reads every row. A trigger that was dropped or switched off opens rows to editing, so it is named
 * although no row has changed yet; so is a counter that was moved, which would leave a gap or give a number twice.
 */
export async function structureFaults(connection: PostgresConnection): Promise<readonly StructureFault[]> {
  const expected = await freshSchema(connection.another())
  const found = await schemaIn(connection, 'to_regnamespace(quote_ident(current_schema()))')
  const altered = schemaFaults(expected, found)
  const missing = altered.some(fault => fault.where.startsWith('table ') && fault.found === 'nothing')
  if (missing) return altered
  return [...altered, ...(await countersAstray(connection)), ...(await damageFound(connection))]
}

async function freshSchema(connection: PostgresConnection): Promise<Schema> {
  try {
    await connection.begin('writing')
    const statements = [...definitionStatements('TEMPORARY '), ...guardStatements('TEMPORARY ')]
    await connection.query(statements.join(';\n'))
    const made = await schemaIn(connection, 'pg_my_temp_schema()')
    return new Map([...made].map(([name, said]) => [name, said.replaceAll(/\bpg_temp(_\d+)?\./g, '')]))
  } finally {
    await connection.rollback()
    await connection.close()
  }
}

async function schemaIn(connection: PostgresConnection, schema: string): Promise<Schema> {
  const names = [...TABLES.map(table => table.name), CONTROL_TABLE]
  const { rows } = await connection.query(described(schema), [names])
  return new Map(rows.map(row => [row.name as string, row.definition as string]))
}

/** What are our tables made of, and what is hung on them? Triggers that keep foreign keys are told where they are switched off. */
const described = (schema: string): string => `
WITH relation AS (
  SELECT * FROM pg_class WHERE relnamespace = ${schema} AND relname = ANY ($1::text[])
)

, described_column AS (
  SELECT
    attrelid,
    string_agg(concat_ws(' ',
      attname,
      format_type(atttypid, atttypmod),
      (SELECT collname FROM pg_collation WHERE oid = attcollation),
      CASE WHEN attnotnull THEN 'not null' END,
      CASE WHEN attidentity <> '' THEN 'identity ' || attidentity::text END,
      pg_get_expr(adbin, adrelid)), ', ' ORDER BY attnum) AS columns
  FROM pg_attribute
  JOIN relation ON relation.oid = attrelid
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attnum > 0 AND NOT attisdropped
  GROUP BY attrelid
)

SELECT
  'table ' || relname AS name,
  concat_ws(' ', columns, CASE WHEN relkind <> 'r' THEN 'kind ' || relkind::text END, CASE WHEN relpersistence = 'u' THEN 'unlogged' END,
    CASE WHEN relrowsecurity OR relforcerowsecurity THEN 'row security' END) AS definition
FROM relation JOIN described_column ON attrelid = oid
UNION ALL
SELECT 'constraint ' || relname || '.' || conname, pg_get_constraintdef(pg_constraint.oid, true)
FROM pg_constraint JOIN relation ON relation.oid = conrelid
UNION ALL
SELECT 'index ' || relname || '.' || indexrelid::regclass,
  pg_get_indexdef(indexrelid, 0, true) || CASE WHEN indisvalid AND indisready THEN '' ELSE ' invalid' END
FROM pg_index JOIN relation ON relation.oid = indrelid
UNION ALL
SELECT 'trigger ' || relname || '.' || tgname,
  pg_get_triggerdef(pg_trigger.oid, true) || CASE WHEN tgenabled = 'O' THEN '' ELSE ' switched off' END
FROM pg_trigger JOIN relation ON relation.oid = tgrelid
WHERE NOT tgisinternal OR tgenabled <> 'O'
UNION ALL
SELECT 'rule ' || relname || '.' || rulename, pg_get_ruledef(pg_rewrite.oid, true)
FROM pg_rewrite JOIN relation ON relation.oid = ev_class
UNION ALL
SELECT 'child of ' || relname || ' ' || inhrelid::regclass, 'adds its rows'
FROM pg_inherits JOIN relation ON relation.oid = inhparent
UNION ALL
SELECT 'function ' || proname, concat_ws(' ', lanname, prosrc, CASE WHEN prosecdef THEN 'security definer' END, proconfig::text)
FROM pg_proc JOIN pg_language ON pg_language.oid = prolang
WHERE pronamespace = ${schema} AND proname = '${REFUSAL_FUNCTION}'`

async function countersAstray(connection: PostgresConnection): Promise<readonly StructureFault[]> {
  const { rows } = await connection.query(COUNTERS_ASTRAY)
  return rows.map(({ name, value, highest }) => ({
    where: `counter ${name}`,
    expected: String(highest ?? 'nothing'),
    found: String(value ?? 'nothing'),
  }))
}
