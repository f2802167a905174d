import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { Instant, JsonObject } from '../../domain/units.ts'
import type { Reading, StructureFault, UndeliveredMessage, Writing } from '../../loop/ports.ts'
import type { CandidateRow, Tables } from '../../loop/tables.ts'
import { UNDELIVERED } from './outbox.sql.ts'
import { columnsOf } from './triggers.ts'

/** Rows of a block; artifacts of a hundred kilobytes each still make a small one. */
const SCANNED_ROWS = 250

/**
 * The store's questions and changes on one connection; begin and commit lie with the caller. Names of tables and columns
 * come from code and are checked against the schema, values are always bound.
 */
export class SqliteTransaction implements Writing {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #columns = new Map<string, readonly string[]>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  async find<T extends keyof Tables>(
    table: T,
    where: Partial<Tables[T]> = {},
  ): Promise<readonly Tables[T][]> {
    const { text, values } = this.#selection(table, where)
    // `rowid` is row_order, or the integer key of tables that count for themselves.
    const rows = this.#prepare(`${text} ORDER BY rowid`).all(...values)
    return rows.map(row => ({ ...row })) as unknown as Tables[T][]
  }

  async *scan<T extends keyof Tables>(table: T): AsyncGenerator<readonly Tables[T][]> {
    const { text } = this.#selection(table, {})
    let block: Tables[T][] = []
    // A statement of its own, as it stays open between two blocks.
    for (const row of this.#database.prepare(`${text} ORDER BY rowid`).iterate()) {
      block.push({ ...row } as unknown as Tables[T])
      if (block.length < SCANNED_ROWS) continue
      yield block
      block = []
    }
    if (block.length > 0) yield block
  }

  async last<T extends keyof Tables>(table: T, where: Partial<Tables[T]> = {}): Promise<Tables[T] | null> {
    const { text, values } = this.#selection(table, where)
    const row = this.#prepare(`${text} ORDER BY rowid DESC LIMIT 1`).get(...values)
    return row === undefined ? null : ({ ...row } as unknown as Tables[T])
  }

  async kpi(
    query: Parameters<Reading['kpi']>[0],
    start: Instant,
    end: Instant,
  ): Promise<readonly JsonObject[]> {
    const { runKpiQuery } = await import('./kpi.ts')
    return runKpiQuery(this.#database, query, start, end)
  }

  async undelivered(): Promise<readonly UndeliveredMessage[]> {
    return this.#prepare(UNDELIVERED)
      .all()
      .map(row => ({ ...row })) as unknown as UndeliveredMessage[]
  }

  async structure(): Promise<readonly StructureFault[]> {
    const { createDatabase } = await import('./connection.ts')
    const { structureFaults } = await import('./structure.ts')
    const fresh = createDatabase(':memory:')
    try {
      return structureFaults(this.#database, fresh)
    } finally {
      fresh.close()
    }
  }

  async insert<T extends keyof Tables>(table: T, row: Tables[T]): Promise<void> {
    const columns = this.#columnsOf(table)
    const given = Object.keys(row)
    if (given.length !== columns.length) {
      throw new Error(`a row of ${table} has ${given.join(', ')} and needs ${columns.join(', ')}`)
    }
    const values = columns.map(column => bound(table, column, row[column as keyof Tables[T]]))
    const places = columns.map(() => '?').join(', ')
    this.#prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`).run(...values)
  }

  async moveCandidate(id: string, patch: Partial<Omit<CandidateRow, 'id'>>): Promise<void> {
    const entries = Object.entries(patch).filter(([, value]) => value !== undefined)
    const settings = entries.map(([column]) => `${this.#known('policy_candidate', column)} = ?`)
    const values = entries.map(([column, value]) => bound('policy_candidate', column, value))
    const update = this.#prepare(`UPDATE policy_candidate SET ${settings.join(', ')} WHERE id = ?`)
    if (update.run(...values, id).changes !== 1) throw new Error(`no candidate ${id} to move`)
  }

  async markStale(decisionId: string): Promise<void> {
    const update = this.#prepare('UPDATE policy_approval_decision SET is_stale = 1 WHERE id = ?')
    if (update.run(decisionId).changes !== 1) throw new Error(`no decision ${decisionId} to mark stale`)
  }

  async nextNumber(counter: Parameters<Writing['nextNumber']>[0]): Promise<number> {
    const next = this.#prepare(`
      INSERT INTO counter (name, value) VALUES (?, 1)
      ON CONFLICT (name) DO UPDATE SET value = value + 1
      RETURNING value`)
    return next.get(counter)?.value as number
  }

  #selection(table: string, where: object): { text: string; values: SQLInputValue[] } {
    const entries = Object.entries(where).filter(([, value]) => value !== undefined)
    const tests = entries.map(([column]) => `${this.#known(table, column)} IS ?`)
    const filter = tests.length === 0 ? '' : ` WHERE ${tests.join(' AND ')}`
    return {
      text: `SELECT ${this.#columnsOf(table).join(', ')} FROM ${table}${filter}`,
      values: entries.map(([column, value]) => bound(table, column, value)),
    }
  }

  #columnsOf(table: string): readonly string[] {
    const cached = this.#columns.get(table)
    if (cached !== undefined) return cached
    const columns = columnsOf(this.#database, table).filter(column => column !== 'row_order')
    if (columns.length === 0) throw new Error(`no table ${table}`)
    this.#columns.set(table, columns)
    return columns
  }

  #known(table: string, column: string): string {
    if (!this.#columnsOf(table).includes(column)) throw new Error(`no column ${column} in ${table}`)
    return column
  }

  #prepare(text: string): StatementSync {
    const cached = this.#statements.get(text)
    if (cached !== undefined) return cached
    const statement = this.#database.prepare(text)
    this.#statements.set(text, statement)
    return statement
  }
}

/** Text, integers and shares only; anything else would not come back as it went in. */
function bound(table: string, column: string, value: unknown): SQLInputValue {
  if (value === null || typeof value === 'string') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new TypeError(`${table}.${column} cannot hold ${String(value)}`)
}
