import type { DatabaseSync } from 'node:sqlite'

/** The only columns that ever change after their row was written. */
export const CHANGING_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  policy_candidate: [
    'status',
    'latest_replay_checksum',
    'updated_at',
    'review_ready_at',
    'approved_at',
    'applied_at',
    'monitoring_started_at',
    'rolled_back_at',
  ],
  policy_approval_decision: ['is_stale'],
  counter: ['value'],
}

/**
 * Makes every table append-only, in the database itself, so that other programs on the same file are held to it too: no row
 * is deleted, and only the columns above are updated. A counter only grows, and a decision once stale stays so.
 */
export function forbidRewriting(database: DatabaseSync): void {
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    .all()
  for (const table of tables) {
    const name = table.name as string
    const fixed = columnsOf(database, name).filter(column => !CHANGING_COLUMNS[name]?.includes(column))
    database.exec(`
      CREATE TRIGGER ${name}_keeps_rows BEFORE DELETE ON ${name}
      BEGIN SELECT RAISE(ABORT, '${name} is append-only: rows are never deleted'); END;
      CREATE TRIGGER ${name}_keeps_columns BEFORE UPDATE OF ${fixed.join(', ')} ON ${name}
      BEGIN SELECT RAISE(ABORT, '${name} is append-only: these columns are never updated'); END;`)
  }
  database.exec(`
    CREATE TRIGGER counter_only_grows BEFORE UPDATE ON counter WHEN new.value <= old.value
    BEGIN SELECT RAISE(ABORT, 'a counter only grows'); END;
    CREATE TRIGGER stale_stays_stale BEFORE UPDATE ON policy_approval_decision WHEN new.is_stale < old.is_stale
    BEGIN SELECT RAISE(ABORT, 'a stale decision stays stale'); END;`)
}

/** Names of a table's columns in order, `row_order` included. */
export const columnsOf = (database: DatabaseSync, table: string): readonly string[] =>
  database
    .prepare('SELECT name FROM pragma_table_info(?)')
    .all(table)
    .map(row => row.name as string)
