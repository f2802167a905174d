import { CHANGING_COLUMNS } from '../sqlite/triggers.ts'
import { TABLES } from './definition.ts'

/** The function behind every trigger; its argument is what is said. */
export const REFUSAL_FUNCTION = 'quotey_refuse'

/** The table whose one row every writer locks first, and that says which definition of the tables this is. */
export const CONTROL_TABLE = 'store_control'

/**
 * What makes tables append-only in the database itself, so that every role and program is held to it: no row is deleted, no table
 * emptied, and only the columns that may change are updated. A counter only grows, and a decision once stale stays so.
 * A temporary kind goes away with its connection, function and all.
 */
export const guardStatements = (kind: '' | 'TEMPORARY ' = ''): readonly string[] => {
  const refuse = `${kind === '' ? '' : 'pg_temp.'}${REFUSAL_FUNCTION}`
  const forbid = (table: string, name: string, when: string, each: string, why: string): string =>
    `CREATE TRIGGER ${name} BEFORE ${when} ON ${table} ${each} EXECUTE FUNCTION ${refuse}('${why}')`
  return [
    `CREATE FUNCTION ${refuse}() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation'; END $$`,
    `CREATE ${kind}TABLE ${CONTROL_TABLE} (
      only_row smallint PRIMARY KEY CHECK (only_row = 1),
      schema_version bigint NOT NULL
    )`,
    ...[...TABLES, { name: CONTROL_TABLE, columns: ['only_row', 'schema_version'] }].flatMap(
      ({ name, columns }) => {
        const fixed = columns.filter(column => !CHANGING_COLUMNS[name]?.includes(column))
        return [
          forbid(
            name,
            `${name}_keeps_rows`,
            'DELETE OR TRUNCATE',
            'FOR EACH STATEMENT',
            `${name} is append-only: rows are never deleted`,
          ),
          forbid(
            name,
            `${name}_keeps_columns`,
            `UPDATE OF ${fixed.join(', ')}`,
            'FOR EACH STATEMENT',
            `${name} is append-only: these columns are never updated`,
          ),
        ]
      },
    ),
    forbid(
      'counter',
      'counter_only_grows',
      'UPDATE',
      'FOR EACH ROW WHEN (new.value <= old.value)',
      'a counter only grows',
    ),
    forbid(
      'policy_approval_decision',
      'stale_stays_stale',
      'UPDATE',
      'FOR EACH ROW WHEN (new.is_stale < old.is_stale)',
      'a stale decision stays stale',
    ),
  ]
}
