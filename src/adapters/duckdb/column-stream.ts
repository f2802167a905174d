import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api'
import { chunksOf } from './chunks.ts'
import { literal } from './connection.ts'
import { type ListedTexts, listFewTexts } from './listed-texts.ts'

/** Streams answers of one column over a Parquet file, in the order of its rows where the question asks for no other. */
export class ColumnStream {
  readonly #connection: DuckDBConnection
  readonly #path: string
  readonly #rows: number
  readonly #progress: (read: number) => void
  #read = 0

  /** Over a file of so many rows; `progress` is told how many were read altogether. */
  constructor(connection: DuckDBConnection, path: string, rows: number, progress: (read: number) => void) {
    this.#connection = connection
    this.#path = path
    this.#rows = rows
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
    return listFewTexts(this.#connection, this.file, name)
  }

  async run(statement: string): Promise<void> {
    await this.#connection.run(statement)
  }

  async number(question: string): Promise<number> {
    const reader = await this.#connection.runAndReadAll(question)
    return Number(reader.getRows()[0]?.[0])
  }

  /** Throws, as all of these, where the answer has not as many rows as the file, or as it should have. */
  async texts(
    question: string,
    take: (texts: readonly (string | null)[]) => unknown,
    rows: number = this.#rows,
  ): Promise<void> {
    await this.#each(question, rows, chunk => take(chunk.getColumnValues(0) as readonly (string | null)[]))
  }

  /** Of an INTEGER that is never NULL. */
  async codes(question: string, take: (codes: Int32Array) => unknown): Promise<void> {
    await this.#each(question, this.#rows, chunk => take(itemsOf<Int32Array>(chunk)))
  }

  /** Of a BIGINT that is never NULL. */
  async integers(question: string, take: (integers: BigInt64Array) => unknown): Promise<void> {
    await this.#each(question, this.#rows, chunk => take(itemsOf<BigInt64Array>(chunk)))
  }

  async #each(question: string, rows: number, take: (chunk: DuckDBDataChunk) => unknown): Promise<void> {
    for await (const chunk of chunksOf(this.#connection, question, rows)) {
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
