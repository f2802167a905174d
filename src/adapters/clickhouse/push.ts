import { randomBytes } from 'node:crypto'
import type { Digest, Instant } from '../../domain/units.ts'
import type { Progress, PushedQuotes, QuotePlace } from '../../loop/ports.ts'
import type { ClickHouse } from './connection.ts'
import { text } from './dialect.ts'
import { fingerprintText, NO_ROWS, sameRows, together } from './fingerprint.ts'
import { type ArrivedBatch, arrivedBatches, arrivedSnapshot, inBatches } from './presence.ts'
import { PART_ROWS, type Part, type SentQuotes, sentFile } from './sent-quotes.ts'
import { shardRows } from './shard-rows.ts'
import { type AttributeNames, attributeNames, tableRow } from './table-row.ts'
import { QUOTES_TABLE, quotesTableSql, SNAPSHOTS_TABLE, SNAPSHOTS_TABLE_SQL } from './tables.ts'
import { notWhole } from './unavailable.ts'

/** ClickHouse as the place that snapshots are copied to. */
export const quotePlace = (open: () => Promise<ClickHouse>, progress: Progress): QuotePlace => ({
  async push(quotes, now) {
    const database = await open()
    try {
      return await pushQuotes(database, quotes.digest, sentFile(quotes), now, (rows, total) =>
        progress('pushing the snapshot', rows, total),
      )
    } finally {
      await database.close()
    }
  },
})

/**
 * Sends a snapshot's rows in parts, each as a batch with a number of its own, and records the snapshot as arrived once the server has added up
 * every batch to the fingerprint of its part. Until then no replay sees any of it. A part that arrived whole before is not sent again, one
 * that arrived in half is left lying and sent anew, under another number. Throws BrokenState where the database gives no answer.
 */
export async function pushQuotes(
  database: ClickHouse,
  digest: Digest,
  quotes: SentQuotes,
  now: Instant,
  progress: (rows: number, total: number) => void,
): Promise<PushedQuotes> {
  await database.run(quotesTableSql(QUOTES_TABLE))
  await database.run(SNAPSHOTS_TABLE_SQL)
  const there = await arrivedBatches(database, `snapshot = ${text(digest)}`)
  const batches: string[] = []
  let whole = NO_ROWS
  let partsThere = 0
  const names = attributeNames(quotes)
  for await (const part of quotes.parts(PART_ROWS)) {
    const before = there.find(batch => holds(batch, part))
    if (before !== undefined) partsThere += 1
    batches.push(before?.batch ?? (await sendPart(database, digest, names, part)))
    whole = together(whole, part.fingerprint)
    progress(whole.rows, quotes.rows)
  }
  const arrived = await arrivedBatches(database, inBatches(digest, batches))
  const found = arrived.reduce((sum, batch) => together(sum, batch.fingerprint), NO_ROWS)
  if (!sameRows(found, whole)) {
    throw notWhole(
      `of the ${whole.rows} rows sent to ClickHouse at \`${database.place}\`, ${found.rows} can be read there, or not as they were sent`,
      'run the command again: what arrived whole is not sent twice',
      {
        database: database.place,
        rows_sent: whole.rows,
        rows_found: found.rows,
        fingerprint_sent: fingerprintText(whole),
        fingerprint_found: fingerprintText(found),
      },
    )
  }
  const fingerprint = fingerprintText(whole)
  const record = await arrivedSnapshot(database, digest)
  if (record?.fingerprint !== fingerprint || record.batches.join() !== batches.join()) {
    await database.insert(SNAPSHOTS_TABLE, [
      {
        snapshot: digest,
        rows: whole.rows,
        fingerprint,
        batches,
        shard_rows: await shardRows(database, inBatches(digest, batches)),
        text_attributes: names.texts,
        integer_attributes: names.integers,
        completed_at: now,
      },
    ])
  }
  return {
    database: database.place,
    shards: Math.max(1, (await database.cluster()).length),
    rows: whole.rows,
    fingerprint,
    parts: batches.length,
    parts_there: partsThere,
  }
}

const holds = (batch: ArrivedBatch, part: Part): boolean =>
  batch.firstPlace === part.first && sameRows(batch.fingerprint, part.fingerprint)

async function sendPart(
  database: ClickHouse,
  digest: Digest,
  names: AttributeNames,
  part: Part,
): Promise<string> {
  const batch = String(randomBytes(8).readBigUInt64LE())
  await database.insert(
    QUOTES_TABLE,
    part.rows.map(cells => tableRow(digest, batch, cells, names)),
  )
  return batch
}
