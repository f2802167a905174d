import { createHash, type Hash } from 'node:crypto'
import type { Digest } from '../domain/units.ts'

const PIECE_CELLS = 1 << 16
const PIECE_BYTES = 1 << 16

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** What stands in the place of an absent integer: -2^63. */
export const ABSENT_INTEGER = -0x8000_0000_0000_0000n

/**
 * Takes in a snapshot piece by piece and says its digest, so that quotes need not lie in memory. The form is told in
 * snapshot-digest.ts; whoever feeds it keeps to that order: a column's name and kind, its dictionary, then its rows.
 */
export class SnapshotHash {
  readonly #hash: Hash

  constructor(rows: number, columns: number) {
    this.#hash = createHash('sha256').update('clo_snapshot.v1\n', 'latin1')
    this.#hash.update(unsigned(rows, columns))
  }

  /** A column of text with so many distinct texts; they come next, then its codes. */
  beginTexts(name: string, entries: number): void {
    this.texts([name])
    this.#hash.update('t', 'latin1').update(unsigned(entries))
  }

  /** A column of integers; its rows come next. */
  beginIntegers(name: string): void {
    this.texts([name])
    this.#hash.update('i', 'latin1')
  }

  /** Packs many texts into one piece before hashing: a call of the hash for each of a million texts costs more than the hash. */
  texts(texts: readonly string[]): void {
    const piece = Buffer.alloc(PIECE_BYTES)
    let filled = 0
    for (const text of texts) {
      const most = 4 + text.length * 3
      if (filled + most > piece.length) {
        this.#hash.update(piece.subarray(0, filled))
        filled = 0
      }
      if (most > piece.length) {
        const bytes = Buffer.from(text, 'utf8')
        this.#hash.update(unsigned(bytes.length)).update(bytes)
      } else {
        const length = piece.write(text, filled + 4, 'utf8')
        piece.writeUInt32LE(length, filled)
        filled += 4 + length
      }
    }
    this.#hash.update(piece.subarray(0, filled))
  }

  /** Numbers of entries, -1 where absent. */
  codes(codes: Int32Array): void {
    const bytes = Buffer.from(codes.buffer, codes.byteOffset, codes.byteLength)
    this.#hash.update(LITTLE_ENDIAN ? bytes : Buffer.from(bytes).swap32())
  }

  /** The codes of texts that are all distinct and stand in order: each row's own number. */
  rowNumbers(rows: number): void {
    this.#inWords(rows, 1, (words, at, row) => {
      words.setInt32(at, row, true)
    })
  }

  /** NaN where absent. */
  floats(values: Float64Array): void {
    this.#inWords(values.length, 2, (words, at, row) => {
      const value = values[row] as number
      const absent = Number.isNaN(value)
      words.setInt32(at, absent ? 0 : value, true)
      words.setInt32(at + 4, absent ? -0x8000_0000 : Math.floor(value / 0x1_0000_0000), true)
    })
  }

  /** ABSENT_INTEGER where absent. */
  integers(values: BigInt64Array): void {
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
    this.#hash.update(LITTLE_ENDIAN ? bytes : Buffer.from(bytes).swap64())
  }

  digest(): Digest {
    return `sha256:${this.#hash.digest('hex')}`
  }

  /** Fills and hashes pieces of `width` words of 32 bits a row. */
  #inWords(rows: number, width: number, write: (words: DataView, at: number, row: number) => void): void {
    const bytes = new Uint8Array(Math.min(rows, PIECE_CELLS) * width * 4)
    const words = new DataView(bytes.buffer)
    for (let first = 0; first < rows; first += PIECE_CELLS) {
      const end = Math.min(rows, first + PIECE_CELLS)
      for (let row = first; row < end; row += 1) write(words, (row - first) * width * 4, row)
      this.#hash.update(bytes.subarray(0, (end - first) * width * 4))
    }
  }
}

function unsigned(...numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * 4)
  const words = new DataView(bytes.buffer)
  for (const [at, number] of numbers.entries()) words.setUint32(at * 4, number, true)
  return bytes
}
