/** One data record of a file, its cells as text, '' where empty, as many as the header has. */
export interface SourceRecord {
  /** Counted from 1, the header not counted. */
  readonly row: number
  /** Line on which it begins, counted from 1; null where a format has no lines. */
  readonly line: number | null
  readonly cells: readonly string[]
}

/** A record whose cells cannot be told apart. */
export interface BrokenRecord {
  readonly row: number
  readonly line: number
  readonly reason: string
  readonly raw: string
}
