import type { QuoteColumns } from '../domain/quote.ts'
import { snapshotColumns } from '../domain/snapshot-columns.ts'
import type { Digest } from '../domain/units.ts'
import { SnapshotHash } from './snapshot-hash.ts'

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
  const hash = new SnapshotHash(quotes.rows, columns.length)
  for (const column of columns) {
    if (column.kind === 'integer') {
      hash.beginIntegers(column.name)
      hash.floats(column.values)
    } else {
      hash.beginTexts(column.name, column.dictionary.length)
      hash.texts(column.dictionary)
      hash.codes(column.codes)
    }
  }
  return hash.digest()
}
