import type { BrokenRecord, SourceRecord } from '../domain/source-record.ts'

/** Some records of a file, in its order, and how far reading is (in units of the file: bytes or rows). */
export interface SourceBatch {
  readonly records: readonly SourceRecord[]
  readonly broken: readonly BrokenRecord[]
  readonly done: number
  readonly total: number
}

/** A file as a table of text. `batches` can be run through once. */
export interface SourceTable {
  readonly header: readonly string[]
  batches(): AsyncGenerator<SourceBatch>
  /** Empty lines met so far. */
  blankLines(): number
}

/** Thrown by `batches` when a file that could be opened turns out to be damaged further on. */
export class DamagedFile extends Error {}
