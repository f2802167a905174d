import { backup, type DatabaseSync } from 'node:sqlite'
import { BrokenState, type Reading, type Store, type Writing } from '../../loop/ports.ts'
import { Turns } from '../turns.ts'
import { storeObstacle } from './obstacle.ts'
import { SqliteTransaction } from './transaction.ts'

/** The store on one open connection. Transactions of this process take turns; those of others wait at the file's lock. */
export class SqliteStore implements Store {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #transaction: SqliteTransaction
  readonly #turns = new Turns()

  constructor(database: DatabaseSync, path: string) {
    this.#database = database
    this.#path = path
    this.#transaction = new SqliteTransaction(database)
  }

  read<T>(work: (tx: Reading) => Promise<T>): Promise<T> {
    return this.#turns.take(() => this.#within('BEGIN', work))
  }

  change<T>(work: (tx: Writing) => Promise<T>): Promise<T> {
    return this.#turns.take(() => this.#within('BEGIN IMMEDIATE', work))
  }

  copyTo(path: string): Promise<void> {
    return this.#turns.take(async () => {
      try {
        await backup(this.#database, path)
      } catch (error) {
        // Reading takes no room: what is full is the place of the copy.
        const full = storeObstacle(path, error)?.facts.cause === 'full'
        throw this.#named(error, full ? path : this.#path)
      }
    })
  }

  close(): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#database.isOpen) this.#database.close()
    })
  }

  async #within<T>(begin: string, work: (tx: Writing) => Promise<T>): Promise<T> {
    try {
      this.#database.exec(begin)
      const value = await work(this.#transaction)
      this.#database.exec('COMMIT')
      return value
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw this.#named(error)
    }
  }

  /** What lies outside this program is told as a refusal; anything else stays a fault of ours. */
  #named(error: unknown, path = this.#path): unknown {
    const obstacle = storeObstacle(path, error)
    return obstacle === null ? error : new BrokenState(obstacle)
  }
}
