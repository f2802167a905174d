import { AsyncLocalStorage } from 'node:async_hooks'
import { backup, type DatabaseSync } from 'node:sqlite'
import { BrokenState, type Reading, type Store, type Writing } from '../../loop/ports.ts'
import { damaged } from './connection.ts'
import { SqliteTransaction } from './transaction.ts'

/** SQLite's codes for a file it cannot make sense of: SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGE_CODES: readonly number[] = [11, 26]

/** The store on one open connection. Transactions of this process take turns; those of others wait at the file's lock. */
export class SqliteStore implements Store {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #transaction: SqliteTransaction
  readonly #inside = new AsyncLocalStorage<boolean>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(database: DatabaseSync, path: string) {
    this.#database = database
    this.#path = path
    this.#transaction = new SqliteTransaction(database)
  }

  read<T>(work: (tx: Reading) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#within('BEGIN', work))
  }

  change<T>(work: (tx: Writing) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#within('BEGIN IMMEDIATE', work))
  }

  copyTo(path: string): Promise<void> {
    return this.#inTurn(async () => {
      await backup(this.#database, path)
    })
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#database.isOpen) this.#database.close()
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside.getStore() === true) {
      // It would wait for itself for ever.
      throw new Error('the store was asked from inside its own transaction; use `tx`')
    }
    const mine = this.#turn.then(() => this.#inside.run(true, work))
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  async #within<T>(begin: string, work: (tx: Writing) => Promise<T>): Promise<T> {
    try {
      this.#database.exec(begin)
      const value = await work(this.#transaction)
      this.#database.exec('COMMIT')
      return value
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw this.#isDamage(error) ? new BrokenState(damaged(this.#path, error).refusal) : error
    }
  }

  #isDamage(error: unknown): boolean {
    const code = (error as { errcode?: number } | null)?.errcode
    // The low byte is the kind of error, the rest its variant.
    return code !== undefined && DAMAGE_CODES.includes(code & 0xff)
  }
}
