import { Client, type QueryResult } from 'pg'
import { isDisconnected } from './obstacle.ts'
import { VALUE_TYPES } from './values.ts'

/** Milliseconds that a writer waits for the control row, as on SQLite for the file. */
export const LOCK_MS_MAX = 10_000
/** Milliseconds for one statement; reading a log of a million entries takes some. */
const STATEMENT_MS_MAX = 300_000
/** Milliseconds that a writer which stands still may hold the control row; a reader stands in nobody's way. */
const IDLE_MS_MAX = 120_000
const CONNECT_MS_MAX = 10_000

/**
 * Said in every transaction and for it alone, so that neither the database's defaults nor a pooler between can change how values are
 * printed, how long anything waits, or whether a commit is on disk when it is acknowledged.
 */
const SETTINGS = [
  `SET LOCAL statement_timeout = ${STATEMENT_MS_MAX}`,
  "SET LOCAL TimeZone = 'UTC'",
  "SET LOCAL DateStyle = 'ISO, YMD'",
  'SET LOCAL extra_float_digits = 1',
  "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'",
].join('; ')

/** SQLSTATE of every statement after one that failed, until the transaction ends. */
const ALREADY_FAILED = '25P02'

/** A reader has a view of one moment. A writer's statements each see what was committed before them, as it waits for its turn first. */
const BEGIN_BY_PURPOSE = {
  reading:
    'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0',
  writing: `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = ${IDLE_MS_MAX}`,
} as const

export type Purpose = keyof typeof BEGIN_BY_PURPOSE

/** One connection, made when it is first needed and again after it was lost. */
export class PostgresConnection {
  readonly #url: string
  readonly #lockMsMax: number
  #client: Client | null = null
  #asked: Promise<unknown> = Promise.resolve()
  /** What failed first in the transaction that is open. */
  #failure: unknown = null

  constructor(url: string, lockMsMax: number = LOCK_MS_MAX) {
    this.#url = url
    this.#lockMsMax = lockMsMax
  }

  /** Host and database as a person names them; never the password. */
  get name(): string {
    return databaseName(this.#url)
  }

  /** Another connection to the same database, for what cannot be asked inside a transaction of this one. */
  another(): PostgresConnection {
    return new PostgresConnection(this.#url, this.#lockMsMax)
  }

  /**
   * Begins a transaction and returns the rows of `first`, a statement that goes along with it. A connection that was lost while
   * nobody used it is made anew: nothing had been asked on it yet.
   */
  async begin(purpose: Purpose, first = 'SELECT 1'): Promise<readonly Record<string, unknown>[]> {
    const reused = this.#client !== null
    const waiting = `SET LOCAL lock_timeout = ${this.#lockMsMax}`
    const opening = [BEGIN_BY_PURPOSE[purpose], waiting, SETTINGS, first].join('; ')
    try {
      return await this.#opened(opening)
    } catch (error) {
      if (!reused || !isDisconnected(error)) throw error
      return await this.#opened(opening)
    }
  }

  /** Asks one thing; what is asked together is answered one after another. */
  query(text: string, values: readonly unknown[] = []): Promise<QueryResult<Record<string, unknown>>> {
    const mine = this.#asked.then(() => this.#answer(text, values))
    this.#asked = mine.catch(() => undefined)
    return mine
  }

  /** Ends the transaction without keeping anything; a lost connection has ended it already. */
  async rollback(): Promise<void> {
    if (this.#client === null) return
    await this.query('ROLLBACK').catch(() => this.#drop())
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = null
    await client?.end().catch(() => undefined)
  }

  async #opened(opening: string): Promise<readonly Record<string, unknown>[]> {
    this.#failure = null
    this.#client ??= await this.#connected()
    try {
      const results: unknown = await this.#client.query(opening)
      return (results as readonly QueryResult[]).at(-1)?.rows ?? []
    } catch (error) {
      if (isDisconnected(error)) this.#drop()
      else await this.rollback()
      throw error
    }
  }

  async #answer(text: string, values: readonly unknown[]): Promise<QueryResult<Record<string, unknown>>> {
    if (this.#client === null) throw new Error('Connection terminated: nothing is open')
    try {
      return await this.#client.query(text, [...values])
    } catch (error) {
      if (isDisconnected(error)) this.#drop()
      // Whoever goes on after a statement failed is told why that one did.
      if ((error as { code?: string }).code === ALREADY_FAILED) throw this.#failure ?? error
      this.#failure ??= error
      throw error
    }
  }

  async #connected(): Promise<Client> {
    const client = new Client({
      connectionString: this.#url,
      application_name: 'quotey',
      types: VALUE_TYPES,
      connectionTimeoutMillis: CONNECT_MS_MAX,
      // The server ends a statement first; this is for a network that has gone silent.
      query_timeout: STATEMENT_MS_MAX + CONNECT_MS_MAX,
      keepAlive: true,
    })
    // A connection can be lost while nobody waits for an answer; the next question finds out.
    client.on('error', () => {
      if (this.#client === client) this.#client = null
    })
    try {
      await client.connect()
      return client
    } catch (error) {
      await client.end().catch(() => undefined)
      throw error
    }
  }

  #drop(): void {
    const client = this.#client
    this.#client = null
    // Not waited for: there is nobody to say goodbye to.
    client?.end().catch(() => undefined)
  }
}

function databaseName(url: string): string {
  if (!URL.canParse(url)) return 'QUOTEY_DATABASE_URL'
  const { host, pathname, searchParams } = new URL(url)
  return `postgresql://${host || (searchParams.get('host') ?? 'localhost')}${pathname}`
}
