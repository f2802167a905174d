import { BrokenState, type Reading, type Store, type Writing } from '../../loop/ports.ts'
import { Turns } from '../turns.ts'
import { commit, type Fate } from './commit-fate.ts'
import type { PostgresConnection } from './connection.ts'
import { SCHEMA_VERSION } from './definition.ts'
import { CONTROL_TABLE } from './guard.sql.ts'
import { damaged, postgresObstacle } from './obstacle.ts'
import { PostgresTransaction } from './transaction.ts'

/**
 * Takes the control row, which orders every change of every process. The lock is held from here to the commit, and each later
 * statement sees what was committed before it was granted.
 */
const TAKE_TURN = `
  SELECT schema_version, pg_current_xact_id()::text AS transaction_id, pg_postmaster_start_time()::text AS server_started
  FROM ${CONTROL_TABLE} FOR UPDATE`

/** The store on one connection to PostgreSQL. Transactions of this process take turns; those of others wait for the control row. */
export class PostgresStore implements Store {
  readonly #connection: PostgresConnection
  readonly #turns = new Turns()

  constructor(connection: PostgresConnection) {
    this.#connection = connection
  }

  read<T>(work: (tx: Reading) => Promise<T>): Promise<T> {
    return this.#turns.take(() => this.#told(() => this.#reading(work)))
  }

  change<T>(work: (tx: Writing) => Promise<T>): Promise<T> {
    return this.#turns.take(() => this.#told(() => this.#changing(work)))
  }

  copyTo(path: string): Promise<void> {
    return this.#turns.take(() =>
      this.#told(() =>
        this.#reading(async () => {
          const { exportTo } = await import('./transfer.ts')
          await exportTo(this.#connection, path)
        }),
      ),
    )
  }

  close(): Promise<void> {
    return this.#turns.take(() => this.#connection.close())
  }

  async #reading<T>(work: (tx: Reading) => Promise<T>): Promise<T> {
    await this.#connection.begin('reading')
    try {
      return await work(new PostgresTransaction(this.#connection))
    } finally {
      await this.#connection.rollback()
    }
  }

  async #changing<T>(work: (tx: Writing) => Promise<T>): Promise<T> {
    const [control, ...more] = await this.#connection.begin('writing', TAKE_TURN)
    try {
      if (control?.schema_version !== SCHEMA_VERSION || more.length > 0) {
        throw new BrokenState(
          damaged(this.#connection.name, `${CONTROL_TABLE} is not as this program made it`).refusal,
        )
      }
      const transaction = new PostgresTransaction(this.#connection)
      const value = await work(transaction)
      const kept = await commit(this.#connection, control as unknown as Fate)
      if (!kept && transaction.writes > 0) {
        throw new Error('a statement of this change had failed, so nothing of it was kept')
      }
      return value
    } catch (error) {
      await this.#connection.rollback()
      throw error
    }
  }

  /** What lies outside this program is told as a refusal; anything else stays a fault of ours. */
  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const obstacle = error instanceof BrokenState ? null : postgresObstacle(this.#connection.name, error)
      throw obstacle === null ? error : new BrokenState(obstacle)
    }
  }
}
