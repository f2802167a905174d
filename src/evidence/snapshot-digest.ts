import { createHash, type Hash } from 'node:crypto'
import type { QuoteColumns } from '../domain/quote.ts'
import { type SnapshotColumn, snapshotColumns } from '../domain/snapshot-columns.ts'
import type { Digest } from '../domain/units.ts'

const PIECE_CELLS = 1 << 16
const PIECE_BYTES = 1 << 16

/**
 * SHA-256 over the binary form of a snapshot, which depends neither on a file format nor on the order of rows. All numbers are
 * little-endian; a text is its length in UTF-8 bytes (u32) and those bytes.
 *
 *     "clo_snapshot.v1\n"                      16 bytes of ASCII
 *     rows (u32), columns (u32)
 *     for each column, in this order: quote_id, segment, region, product_family, currency, list_cents, cost_cents,
 *     requested_discount_bps, granted_discount_bps, net_cents, approval_required, approval_outcome,
 *     approval_latency_seconds, outcome, quoted_at, closed_at, policy_version, cluster, group, then attr.* in order of
 *     the UTF-8 bytes of their names:
 *       name (text), kind (one byte: "t" or "i")
 *       "t": entries (u32), each entry (text) of the dictionary: the distinct texts of the column in order of their UTF-8
 *            bytes; then for each row the number of its entry from 0 (i32), -1 where absent
 *       "i": for each row the integer (i64), -2^63 where absent
 *
 * Rows stand in order of the UTF-8 bytes of quote_id, each of which occurs once. Texts are normalised (NFC, trimmed, lower
 * case). Instants are milliseconds since 1970 UTC, approval_required is 0 or 1, group 0..31; absent
 * segments, regions and product families are the empty text.
 */
export function snapshotDigest(quotes: QuoteColumns): Digest {
  const columns = snapshotColumns(quotes)
  const hash = createHash('sha256').update('clo_snapshot.v1\n', 'latin1')
  hash.update(unsigned(quotes.rows, columns.length))
  for (const column of columns) hashColumn(hash, column)
  return `sha256:${hash.digest('hex')}`
}

function hashColumn(hash: Hash, column: SnapshotColumn): void {
  hashTexts(hash, [column.name])
  hash.update(column.kind === 'text' ? 't' : 'i', 'latin1')
  if (column.kind === 'integer') {
    hashInWords(hash, column.values.length, 2, (words, at, row) => {
      const value = column.values[row] as number
      const absent = Number.isNaN(value)
      words.setInt32(at, absent ? 0 : value, true)
      words.setInt32(at + 4, absent ? -0x8000_0000 : Math.floor(value / 0x1_0000_0000), true)
    })
    return
  }
  hash.update(unsigned(column.dictionary.length))
  hashTexts(hash, column.dictionary)
  hashInWords(hash, column.codes.length, 1, (words, at, row) => {
    words.setInt32(at, column.codes[row] as number, true)
  })
}

/** Fills and hashes pieces of `width` words of 32 bits a row. */
function hashInWords(
  hash: Hash,
  rows: number,
  width: number,
  write: (words: DataView, at: number, row: number) => void,
): void {
  const bytes = new Uint8Array(PIECE_CELLS * width * 4)
  const words = new DataView(bytes.buffer)
  for (let first = 0; first < rows; first += PIECE_CELLS) {
    const end = Math.min(rows, first + PIECE_CELLS)
    for (let row = first; row < end; row += 1) write(words, (row - first) * width * 4, row)
    hash.update(bytes.subarray(0, (end - first) * width * 4))
  }
}

/** Packs many texts into one piece before hashing: a call of the hash for each of a million texts costs more than the hash. */
function hashTexts(hash: Hash, texts: readonly string[]): void {
  const piece = Buffer.alloc(PIECE_BYTES)
  let filled = 0
  for (const text of texts) {
    const most = 4 + text.length * 3
    if (filled + most > piece.length) {
      hash.update(piece.subarray(0, filled))
      filled = 0
    }
    if (most > piece.length) {
      const bytes = Buffer.from(text, 'utf8')
      hash.update(unsigned(bytes.length)).update(bytes)
    } else {
      const length = piece.write(text, filled + 4, 'utf8')
      piece.writeUInt32LE(length, filled)
      filled += 4 + length
    }
  }
  hash.update(piece.subarray(0, filled))
}

function unsigned(...numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * 4)
  const words = new DataView(bytes.buffer)
  for (const [at, number] of numbers.entries()) words.setUint32(at * 4, number, true)
  return bytes
}
