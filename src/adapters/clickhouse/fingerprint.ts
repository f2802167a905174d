import { hash } from 'node:crypto'
import type { Row } from '../sql/assemble.ts'
import { type Cell, PLAIN_COLUMNS } from './table-row.ts'

/*
 * What rows are, whatever their order and wherever they lie: how many, and the SHA-256 of each row's text added up in four words of 64 bits, modulo
 * 2^64. A row that is missing, there twice or altered changes it. It is computed by both sides, here in this process and in SQL by the server, and
 * proves that a copy arrived whole. Against one who forges rows on purpose only the snapshot's own digest does, over rows read back.
 *
 * A row's text is every cell in turn: its length in bytes, a colon and the cell, integers in decimal; a hyphen where it is absent. No two rows
 * have the same.
 */

const WORDS = [0, 1, 2, 3] as const
const WORD_BYTES = 8

export interface Fingerprint {
  readonly rows: number
  readonly words: readonly bigint[]
}

export const NO_ROWS: Fingerprint = { rows: 0, words: WORDS.map(() => 0n) }

export const together = (one: Fingerprint, other: Fingerprint): Fingerprint => ({
  rows: one.rows + other.rows,
  words: one.words.map((word, at) => BigInt.asUintN(64, word + (other.words[at] as bigint))),
})

/** Rows, and the words in hexadecimal. */
export const fingerprintText = ({ rows, words }: Fingerprint): string =>
  `${rows}:${words.map(word => word.toString(16).padStart(2 * WORD_BYTES, '0')).join('')}`

export const sameRows = (one: Fingerprint, other: Fingerprint): boolean =>
  fingerprintText(one) === fingerprintText(other)

export function fingerprintOfRows(rows: readonly (readonly Cell[])[]): Fingerprint {
  const words = new BigUint64Array(WORDS.length)
  for (const cells of rows) {
    const digest = hash('sha256', cells.map(cellText).join(''), 'buffer')
    for (const word of WORDS) {
      words[word] = (words[word] as bigint) + digest.readBigUInt64LE(word * WORD_BYTES)
    }
  }
  return { rows: rows.length, words: [...words] }
}

const cellText = (cell: Cell): string => {
  if (cell === null) return '-'
  const text = String(cell)
  return `${Buffer.byteLength(text)}:${text}`
}

const cellTextSql = (cell: string): string =>
  `if(isNull(${cell}), '-', concat(toString(length(assumeNotNull(toString(${cell})))), ':', assumeNotNull(toString(${cell}))))`

const arrayTextSql = (array: string): string =>
  `arrayStringConcat(arrayMap(cell -> ${cellTextSql('cell')}, ${array}))`

const ROW_TEXT = `concat(${[
  ...PLAIN_COLUMNS.map(cellTextSql),
  arrayTextSql('text_attributes'),
  arrayTextSql('integer_attributes'),
].join(', ')})`

const wordSql = (word: number): string =>
  `sum(reinterpretAsUInt64(substring(digest, ${word * WORD_BYTES + 1}, ${WORD_BYTES}))) AS word_${word}`

/** What do the rows of these batches add up to? By batch, with the first place it holds. */
export const fingerprintsQuestion = (table: string, condition: string): string => `
  SELECT batch, min(place) AS first_place, count(*) AS quotes, ${WORDS.map(wordSql).join(', ')}
  FROM (SELECT batch, place, SHA256(${ROW_TEXT}) AS digest FROM ${table} WHERE ${condition})
  GROUP BY batch`

/** A row of its answer. */
export const answeredFingerprint = (row: Row): Fingerprint => ({
  rows: Number(row.quotes),
  words: WORDS.map(word => BigInt(row[`word_${word}`] as string)),
})
