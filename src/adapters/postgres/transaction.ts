import type { Instant, JsonObject } from '../../domain/units.ts'
import type { Reading, StructureFault, UndeliveredMessage, Writing } from '../../loop/ports.ts'
import type { CandidateRow, Tables } from '../../loop/tables.ts'
import { boundKpiQuery } from '../kpi-query.ts'
import { UNDELIVERED } from '../sqlite/outbox.sql.ts'
import type { PostgresConnection } from './connection.ts'
import { TABLES, type TableDefinition } from './definition.ts'
import { bound } from './values.ts'

/** Rows of a block; artifacts of a hundred kilobytes each still make a small one. */
const SCANNED_ROWS = 250

/** Longer answers are asked for anew. */
const REMEMBERED_ROWS = 50

const WINDOW = { start: '$1::timestamptz', end: '$2::timestamptz' } as const

const DEFINITION_BY_NAME = new Map(TABLES.map(table => [table.name, table]))

/**
 * The store's questions and changes inside one transaction of a connection; begin and commit lie with the caller. Names of tables
 * and columns come from code and are checked against the definition, values are always bound.
 */
export class PostgresTransaction implements Writing {
  readonly #connection: PostgresConnection
  /**
   * Answers to small questions by text and values, until the next write. Nothing but this transaction can change them: a reader has a
   * view of one moment, and a writer holds the control row. Steps ask the same again and again, and each time is a journey to the server.
   */
  readonly #answers = new Map<string, readonly unknown[]>()
  #writes = 0
  #cursors = 0

  constructor(connection: PostgresConnection) {
    this.#connection = connection
  }

  /** Statements so far that change something. */
  get writes(): number {
    return this.#writes
  }

  async find<T extends keyof Tables>(
    table: T,
    where: Partial<Tables[T]> = {},
  ): Promise<readonly Tables[T][]> {
    const { text, order, values } = selection(table, where)
    return this.#remembered(`${text} ORDER BY ${order}`, values)
  }

  async *scan<T extends keyof Tables>(table: T): AsyncGenerator<readonly Tables[T][]> {
    const { text, order } = selection(table, {})
    this.#cursors += 1
    const cursor = `scanned_${this.#cursors}`
    await this.#connection.query(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${text} ORDER BY ${order}`)
    for (;;) {
      const block = await this.#rows<Tables[T]>(`FETCH ${SCANNED_ROWS} FROM ${cursor}`, [])
      if (block.length > 0) yield block
      if (block.length < SCANNED_ROWS) break
    }
    await this.#connection.query(`CLOSE ${cursor}`)
  }

  async last<T extends keyof Tables>(table: T, where: Partial<Tables[T]> = {}): Promise<Tables[T] | null> {
    const { text, order, values } = selection(table, where)
    const rows = await this.#remembered<Tables[T]>(`${text} ORDER BY ${order} DESC LIMIT 1`, values)
    return rows[0] ?? null
  }

  kpi(query: Parameters<Reading['kpi']>[0], start: Instant, end: Instant): Promise<readonly JsonObject[]> {
    return this.#rows(boundKpiQuery(query, 'postgres', WINDOW), [start, end])
  }

  undelivered(): Promise<readonly UndeliveredMessage[]> {
    return this.#rows(UNDELIVERED, [])
  }

  async structure(): Promise<readonly StructureFault[]> {
    const { structureFaults } = await import('./structure.ts')
    return structureFaults(this.#connection)
  }

  async insert<T extends keyof Tables>(table: T, row: Tables[T]): Promise<void> {
    const definition = definitionOf(table)
    const columns = definition.columns.filter(column => column !== 'row_order')
    const given = Object.keys(row)
    if (given.length !== columns.length) {
      throw new Error(`a row of ${table} has ${given.join(', ')} and needs ${columns.join(', ')}`)
    }
    const values = columns.map(column => boundIn(definition, column, row[column as keyof Tables[T]]))
    const places = columns.map((_, at) => `$${at + 1}`).join(', ')
    await this.#write(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`, values)
  }

  async moveCandidate(id: string, patch: Partial<Omit<CandidateRow, 'id'>>): Promise<void> {
    const definition = definitionOf('policy_candidate')
    const entries = Object.entries(patch).filter(([, value]) => value !== undefined)
    const settings = entries.map(([column], at) => `${known(definition, column)} = $${at + 2}`)
    const values = entries.map(([column, value]) => boundIn(definition, column, value))
    const update = `UPDATE policy_candidate SET ${settings.join(', ')} WHERE id = $1`
    if ((await this.#write(update, [id, ...values])) !== 1) throw new Error(`no candidate ${id} to move`)
  }

  async markStale(decisionId: string): Promise<void> {
    const update = 'UPDATE policy_approval_decision SET is_stale = 1 WHERE id = $1'
    if ((await this.#write(update, [decisionId])) !== 1)
      throw new Error(`no decision ${decisionId} to mark stale`)
  }

  async nextNumber(counter: Parameters<Writing['nextNumber']>[0]): Promise<number> {
    this.#changed()
    const next = `
      INSERT INTO counter (name, value) VALUES ($1, 1)
      ON CONFLICT (name) DO UPDATE SET value = counter.value + 1
      RETURNING value`
    const { rows } = await this.#connection.query(next, [counter])
    return rows[0]?.value as number
  }

  async #write(text: string, values: readonly unknown[]): Promise<number | null> {
    this.#changed()
    return (await this.#connection.query(text, values)).rowCount
  }

  #changed(): void {
    this.#writes += 1
    this.#answers.clear()
  }

  async #remembered<Row>(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    const question = JSON.stringify([text, values])
    const known = this.#answers.get(question) as readonly Row[] | undefined
    if (known !== undefined) return known
    const { writes } = this
    const rows = await this.#rows<Row>(text, values)
    if (rows.length <= REMEMBERED_ROWS && writes === this.#writes) this.#answers.set(question, rows)
    return rows
  }

  async #rows<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    return (await this.#connection.query(text, values)).rows as Row[]
  }
}

/** The columns of a table, without `row_order`, of the rows that match; `order` is what tells the order of insertion. */
function selection(table: string, where: object): { text: string; order: string; values: unknown[] } {
  const definition = definitionOf(table)
  const columns = definition.columns.filter(column => column !== 'row_order').join(', ')
  const values: unknown[] = []
  const tests = Object.entries(where)
    .filter(([, value]) => value !== undefined)
    .map(([column, value]) => {
      const name = known(definition, column)
      // `IS NOT DISTINCT FROM` would say both, and would not use an index.
      if (value === null) return `${name} IS NULL`
      return `${name} = $${values.push(boundIn(definition, column, value))}`
    })
  const filter = tests.length === 0 ? '' : ` WHERE ${tests.join(' AND ')}`
  return { text: `SELECT ${columns} FROM ${table}${filter}`, order: definition.columns[0] as string, values }
}

function definitionOf(table: string): TableDefinition {
  const definition = DEFINITION_BY_NAME.get(table)
  if (definition === undefined) throw new Error(`no table ${table}`)
  return definition
}

function known(definition: TableDefinition, column: string): string {
  if (!definition.columns.includes(column)) throw new Error(`no column ${column} in ${definition.name}`)
  return column
}

const boundIn = (definition: TableDefinition, column: string, value: unknown): string | number | null =>
  bound(definition.name, column, definition.instants.has(column), value)
