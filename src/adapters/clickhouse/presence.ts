import type { Digest } from '../../domain/units.ts'
import type { ClickHouse } from './connection.ts'
import { text } from './dialect.ts'
import { answeredFingerprint, type Fingerprint, fingerprintsQuestion } from './fingerprint.ts'
import { QUOTES_TABLE, SNAPSHOTS_TABLE } from './tables.ts'

/** A snapshot that arrived whole, as the snapshots table has it. */
export interface ArrivedSnapshot {
  readonly rows: number
  readonly fingerprint: string
  readonly batches: readonly string[]
  /** By shard, in the order of the cluster; none where that could not be known. */
  readonly shardRows: readonly number[]
}

/** The newest record of a snapshot's arrival; null where it never arrived whole. */
export async function arrivedSnapshot(database: ClickHouse, digest: Digest): Promise<ArrivedSnapshot | null> {
  const [row] = await database.ask(`
    SELECT rows, fingerprint, batches, shard_rows
    FROM ${SNAPSHOTS_TABLE}
    WHERE snapshot = ${text(digest)}
    ORDER BY completed_at DESC
    LIMIT 1`)
  if (row === undefined) return null
  return {
    rows: Number(row.rows),
    fingerprint: String(row.fingerprint),
    batches: (row.batches as readonly unknown[]).map(String),
    shardRows: (row.shard_rows as readonly unknown[]).map(Number),
  }
}

/** A condition on the quotes table that holds for a snapshot's rows in these batches. */
export const inBatches = (digest: Digest, batches: readonly string[]): string =>
  `snapshot = ${text(digest)} AND batch IN (${batches.length === 0 ? '0' : batches.join(', ')})`

/** A batch as it lies there. */
export interface ArrivedBatch {
  readonly batch: string
  readonly firstPlace: number
  readonly fingerprint: Fingerprint
}

export async function arrivedBatches(
  database: ClickHouse,
  condition: string,
  table = QUOTES_TABLE,
): Promise<readonly ArrivedBatch[]> {
  const rows = await database.ask(fingerprintsQuestion(table, condition))
  return rows.map(row => ({
    batch: String(row.batch),
    firstPlace: Number(row.first_place),
    fingerprint: answeredFingerprint(row),
  }))
}
