import { refuse } from '../../domain/refusal.ts'
import type { Digest } from '../../domain/units.ts'
import { BrokenState } from '../../loop/ports.ts'
import type { ClickHouse } from './connection.ts'
import { type Fingerprint, fingerprintText, NO_ROWS, sameRows, together } from './fingerprint.ts'
import { arrivedBatches, arrivedSnapshot, inBatches } from './presence.ts'
import { alteredShard } from './shard-rows.ts'
import { QUOTES_TABLE, SHARD_TABLE } from './tables.ts'
import { notWhole } from './unavailable.ts'

/** A server that is asked about the quotes it holds, and how many of the snapshot these are. */
export interface Holder {
  readonly database: ClickHouse
  readonly table: string
  readonly rows: number
}

/** A snapshot that lies there whole. */
export interface Arrival {
  /** Holds for its rows in the quotes tables. */
  readonly condition: string
  readonly holders: readonly [Holder, ...Holder[]]
}

/** Refuses a snapshot whose rows, wherever they lie, do not add up to the fingerprint of those that are to be replayed. */
export async function provenArrival(
  database: ClickHouse,
  digest: Digest,
  expected: Fingerprint,
): Promise<Arrival> {
  const arrived = await arrivedSnapshot(database, digest)
  if (arrived === null) {
    throw new BrokenState(
      refuse(
        'not_found',
        `the snapshot \`${digest}\` never arrived whole in ClickHouse at \`${database.place}\``,
        'move it there with `quotey history push`, then run the command again',
        { database: database.place, snapshot: digest },
      ).refusal,
    )
  }
  const condition = inBatches(digest, arrived.batches)
  const holds = async (asked: ClickHouse, table: string) => {
    const batches = await arrivedBatches(asked, condition, table)
    const fingerprint = batches.reduce((sum, batch) => together(sum, batch.fingerprint), NO_ROWS)
    return { database: asked, table, rows: fingerprint.rows, fingerprint }
  }
  const { shards } = database
  const held = await everyOne(
    shards.length === 0 ? [holds(database, QUOTES_TABLE)] : shards.map(shard => holds(shard, SHARD_TABLE)),
  )
  const found = held.reduce((sum, { fingerprint }) => together(sum, fingerprint), NO_ROWS)
  if (sameRows(found, expected)) return { condition, holders: held as unknown as Arrival['holders'] }
  const shard = await alteredShard(database, condition, arrived.shardRows)
  throw notWhole(
    `${shard === null ? '' : `shard ${shard.number} (\`${shard.address}\`) of `}ClickHouse at \`${database.place}\` holds other rows of the snapshot \`${digest}\` than were pushed`,
    'see whether a shard lost or repeated rows, or is not asked; `quotey history push` sends what is missing again',
    {
      database: database.place,
      shard: shard === null ? null : { ...shard },
      rows_expected: expected.rows,
      rows_found: found.rows,
      fingerprint_expected: fingerprintText(expected),
      fingerprint_found: fingerprintText(found),
    },
  )
}

/** All of them, or the first fault once each has ended, so that none is left running on a connection that is closed. */
export async function everyOne<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  const ended = await Promise.allSettled(work)
  return ended.map(each => {
    if (each.status === 'rejected') throw each.reason
    return each.value
  })
}
