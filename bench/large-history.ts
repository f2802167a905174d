import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { literal } from '../src/adapters/duckdb/connection.ts'
import { withSpillingDuckDB } from '../src/adapters/duckdb/spill.ts'
import { digestOfStored } from '../src/adapters/duckdb/stored-digest.ts'
import type { Digest } from '../src/domain/units.ts'

/** One of several texts, by a hash of the row's number. */
const oneOf = (texts: readonly string[], salt: number): string =>
  `list_extract([${texts.map(literal).join(', ')}], CAST(${drawn(salt, texts.length)} + 1 AS INTEGER))`

/** 0 <= n < bound, the same for the same row everywhere: DuckDB's hash takes no seed. */
const drawn = (salt: number, bound: number): string =>
  `CAST(hash(row_number * 64 + ${salt}) % ${bound} AS BIGINT)`

const QUOTES = (rows: number): string => `
  SELECT
    'q' || lpad(CAST(row_number AS VARCHAR), 9, '0') AS quote_id,
    ${oneOf(['enterprise', 'mid_market', 'smb'], 1)} AS segment,
    ${oneOf(['apac', 'emea', 'na'], 2)} AS region,
    ${oneOf(['hardware', 'services', 'software'], 3)} AS product_family,
    'eur' AS currency,
    list_cents,
    CASE WHEN ${drawn(6, 50)} > 0 THEN list_cents * (40 + ${drawn(7, 35)}) // 100 END AS cost_cents,
    requested AS requested_discount_bps,
    least(requested, 2500) AS granted_discount_bps,
    CAST(NULL AS BIGINT) AS net_cents,
    approval_required,
    CASE WHEN approval_required = 1 THEN 'approved' END AS approval_outcome,
    CASE WHEN approval_required = 1 THEN ${drawn(10, 200_000)} END AS approval_latency_seconds,
    ${oneOf(['open', 'lost', 'lost', 'lost', 'won', 'won', 'won'], 11)} AS outcome,
    make_timestamp_ms(1700000000000 + row_number * 300) AS quoted_at,
    CAST(NULL AS TIMESTAMP) AS closed_at,
    CAST(1 AS BIGINT) AS policy_version,
    'c' || lpad(CAST(row_number // 2 AS VARCHAR), 9, '0') AS cluster,
    CAST(hash(row_number // 2) % 32 AS BIGINT) AS "group",
    ${oneOf(['direct', 'partner', 'web'], 12)} AS "attr.channel",
    12 * ${drawn(13, 5)} AS "attr.term"
  FROM (
    SELECT
      range AS row_number,
      50000 + ${drawn(4, 1000).replace('row_number', 'range')} * ${drawn(5, 1000).replace('row_number', 'range')} * 40 AS list_cents,
      50 * ${drawn(8, 81).replace('row_number', 'range')} AS requested,
      CASE WHEN ${drawn(9, 10).replace('row_number', 'range')} > 0
        THEN ${drawn(9, 2).replace('row_number', 'range')} END AS approval_required
    FROM range(${rows})
  )`

/** Streams so many quotes in a snapshot's form into a home's folder of snapshots, and says under which digest. */
export async function largeHistory(
  home: string,
  rows: number,
): Promise<{ readonly digest: Digest; readonly bytes: number }> {
  const folder = join(home, 'snapshots')
  await mkdir(folder, { recursive: true })
  const part = join(folder, 'large.part')
  try {
    return await withSpillingDuckDB(home, async connection => {
      await connection.run(`COPY (${QUOTES(rows)}) TO ${literal(part)} (FORMAT parquet, COMPRESSION zstd)`)
      const stored = await digestOfStored(connection, part, () => undefined)
      if (stored === null) throw new Error('the quotes do not stand in order of their ids')
      await rename(part, join(folder, `${stored.digest.slice('sha256:'.length)}.parquet`))
      return {
        digest: stored.digest,
        bytes: (await stat(join(folder, `${stored.digest.slice('sha256:'.length)}.parquet`))).size,
      }
    })
  } finally {
    await rm(part, { force: true })
  }
}
