import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import { literal } from './connection.ts'
import { LISTED_MAX, type ListedTexts, listTexts } from './listed-texts.ts'

/** Streams answers of one column over a Parquet file, in the order of its rows where the question asks for no other. */
export class ColumnStream {
  readonly #connection: DuckDBConnection
  readonly #path: string
  readonly #progress: (read: number) => void
  #read = 0

  /** `progress` is told how many rows were read altogether. */
  constructor(connection: DuckDBConnection, path: string, progress: (read: number) => void) {
    this.#connection = connection
    this.#path = path
    this.#progress = progress
  }

  get file(): string {
    return `read_parquet(${literal(this.#path)})`
  }

  /** The same with the number of each row, `file_row_number`. */
  get fileWithPlaces(): string {
    return `read_parquet(${literal(this.#path)}, file_row_number = true)`
  }

  /** null where a column's distinct texts are too many. */
  listed(name: string): Promise<ListedTexts | null> {
    return listTexts(this.#connection, this.file, name, LISTED_MAX)
  }

  async run(statement: string): Promise<void> {
    await this.#connection.run(statement)
  }

  async number(question: string): Promise<number> {
    const reader = await this.#connection.runAndReadAll(question)
    return Number(reader.getRows()[0]?.[0])
  }

  async texts(question: string, take: (texts: readonly (string | null)[]) => unknown): Promise<void> {
    await this.#each(question, chunk => take(chunk.getColumnValues(0) as readonly (string | null)[]))
  }

  /** Of an INTEGER that is never NULL. */
  async codes(question: string, take: (codes: Int32Array) => unknown): Promise<void> {
    await this.#each(question, chunk => take(itemsOf<Int32Array>(chunk)))
  }

  /** Of a BIGINT that is never NULL. */
  async integers(question: string, take: (integers: BigInt64Array) => unknown): Promise<void> {
    await this.#each(question, chunk => take(itemsOf<BigInt64Array>(chunk)))
  }

  async #each(question: string, take: (chunk: DuckDBDataChunk) => unknown): Promise<void> {
    const result = await this.#connection.stream(question)
    for (;;) {
      const chunk = await result.fetchChunk()
      if (chunk === null || chunk.rowCount === 0) return
      this.#read += chunk.rowCount
      this.#progress(this.#read)
      take(chunk)
    }
  }
}

/**
 * A column's numbers as DuckDB laid them down. The library shows them one by one, a BigInt a cell, which for a hundred million rows is
 * most of the time; were its field named otherwise some day, nothing could be read at all.
 */
export const itemsOf = <T>(chunk: DuckDBDataChunk, column = 0): T => {
  const { items } = chunk.getColumnVector(column) as unknown as { readonly items?: T }
  if (items === undefined) throw new Error('a vector of numbers has no items')
  return items
}
