import type { Row } from '../sql/assemble.ts'
import type { ClickHouse } from './connection.ts'

/** A shard whose rows are not those it had. */
export interface AlteredShard {
  readonly number: number
  readonly address: string
  readonly rows_pushed: number
  readonly rows_found: number
}

/** How many rows each shard of the cluster holds, in its order; none where the shards do not tell, as for another user's password. */
export async function shardRows(database: ClickHouse, condition: string): Promise<readonly number[]> {
  try {
    const rows: number[] = []
    for (const { table } of await database.cluster()) {
      const [row] = (await database.ask(`SELECT count(*) AS quotes FROM ${table} WHERE ${condition}`)) as [
        Row,
      ]
      rows.push(Number(row.quotes))
    }
    return rows
  } catch {
    return []
  }
}

/** The first shard that holds more or fewer rows than when the snapshot was pushed; null where that cannot be known. */
export async function alteredShard(
  database: ClickHouse,
  condition: string,
  pushed: readonly number[],
): Promise<AlteredShard | null> {
  const shards = await database.cluster()
  const found = await shardRows(database, condition)
  if (pushed.length !== shards.length || found.length !== shards.length) return null
  const at = found.findIndex((rows, shard) => rows !== pushed[shard])
  const shard = shards[at]
  if (shard === undefined) return null
  return {
    number: shard.number,
    address: shard.addresses[0] as string,
    rows_pushed: pushed[at] as number,
    rows_found: found[at] as number,
  }
}
