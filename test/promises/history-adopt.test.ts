import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { generatedColumns } from '../../bench/generated-columns.ts'
import { literal, withDuckDB } from '../../src/adapters/duckdb/connection.ts'
import { writeParquet } from '../../src/adapters/duckdb/parquet-write.ts'
import { groupOfCluster } from '../../src/domain/cluster-group.ts'
import type { QuoteColumns } from '../../src/domain/quote.ts'
import { snapshotColumns } from '../../src/domain/snapshot-columns.ts'
import { snapshotDigest } from '../../src/evidence/snapshot-digest.ts'
import { importHistory } from '../../src/loop/history.ts'
import { freshHome, valueIn } from '../support/fresh-home.ts'
import { refusedWith } from '../support/installation.ts'

const ROWS = 3_000

/** Quotes as an import keeps them: words in lower case, clusters in their groups. */
function keptQuotes(rows = ROWS): QuoteColumns {
  const columns = generatedColumns(rows)
  const group = Uint8Array.from(columns.cluster.codes, code =>
    groupOfCluster(columns.cluster.dictionary[code] as string),
  )
  return { ...columns, currency: 'eur', group }
}

const request = (path: string) => ({ path, map: null, rejectsMax: null })

test('R4 a file in the form of a snapshot is taken as it stands, larger than memory or not, and every quote is counted', async () => {
  await using home = await freshHome()
  const columns = keptQuotes()
  const path = join(mkdtempSync(join(home.config.home, 'from-')), 'quotes.parquet')
  await writeParquet(path, ROWS, snapshotColumns(columns))
  const imported = valueIn(await importHistory(home.ports, request(path)))
  assert.equal(imported.digest, snapshotDigest(columns))
  assert.deepEqual([imported.rows, imported.accepted, imported.rejected], [ROWS, ROWS, 0])
  assert.equal(imported.won + imported.lost + imported.open, ROWS)
  assert.equal(imported.won, columns.outcome.filter(code => code === 1).length)
  assert.deepEqual(valueIn(await home.ports.snapshots.load(imported.digest)).quoteIds, columns.quoteIds)
  assert.equal(valueIn(await importHistory(home.ports, request(path))).known_before, true)
})

/** What is done to a file of a snapshot's form, as a SELECT over `quotes`, and the column that a refusal must name. */
const FAULTS: readonly (readonly [change: string, column: string])[] = [
  ['SELECT * FROM quotes ORDER BY quote_id DESC', 'quote_id'],
  ['SELECT * FROM quotes UNION ALL SELECT * FROM quotes ORDER BY quote_id', 'quote_id'],
  ['SELECT * REPLACE (upper(segment) AS segment) FROM quotes', 'segment'],
  ["SELECT * REPLACE (quote_id || ' ' AS quote_id) FROM quotes", 'quote_id'],
  [
    "SELECT * REPLACE (CASE WHEN list_cents % 3 = 0 THEN 'usd' ELSE 'eur' END AS currency) FROM quotes",
    'currency',
  ],
  ["SELECT * REPLACE ('maybe' AS outcome) FROM quotes", 'outcome'],
  ['SELECT * REPLACE (CAST(NULL AS BIGINT) AS granted_discount_bps) FROM quotes', 'granted_discount_bps'],
  ['SELECT * REPLACE (0 :: BIGINT AS list_cents) FROM quotes', 'list_cents'],
  ['SELECT * REPLACE (10001 :: BIGINT AS requested_discount_bps) FROM quotes', 'requested_discount_bps'],
  ['SELECT * REPLACE (2 :: BIGINT AS approval_required) FROM quotes', 'approval_required'],
  ['SELECT * REPLACE (("group" + 1) % 32 AS "group") FROM quotes', 'group'],
  ['SELECT * REPLACE (9007199254740993 :: BIGINT AS "attr.term") FROM quotes', 'attr.term'],
]

test('R4 a file in the form of a snapshot that no import would have written is refused by name, and nothing is kept', async () => {
  await using home = await freshHome()
  const folder = mkdtempSync(join(home.config.home, 'from-'))
  const path = join(folder, 'quotes.parquet')
  await writeParquet(path, ROWS, snapshotColumns(keptQuotes()))
  for (const [at, [change, column]] of FAULTS.entries()) {
    const altered = join(folder, `altered-${at}.parquet`)
    await withDuckDB(async connection => {
      await connection.run(`CREATE VIEW quotes AS SELECT * FROM read_parquet(${literal(path)})`)
      await connection.run(`COPY (${change}) TO ${literal(altered)} (FORMAT parquet)`)
    })
    const refused = await importHistory(home.ports, request(altered))
    assert.ok(!refused.ok, change)
    assert.equal(refused.refusal.code, 'bad_input', change)
    assert.ok(refused.refusal.message.includes(`\`${column}\``), `${change}: ${refused.refusal.message}`)
  }
  assert.ok(!readdirSync(home.config.home).includes('snapshots'))
})

/** More than DuckDB reads ahead, so that what is damaged comes after rows that were handed over. */
const MANY_ROWS = 30_000

test('R4 a Parquet file that is damaged half way is refused, never imported as far as it can be read', async () => {
  await using home = await freshHome()
  const folder = mkdtempSync(join(home.config.home, 'from-'))
  const whole = join(folder, 'whole.parquet')
  await writeParquet(whole, MANY_ROWS, snapshotColumns(keptQuotes(MANY_ROWS)))
  for (const columns of ['*', '* EXCLUDE ("group")']) {
    const path = join(folder, 'quotes.parquet')
    await withDuckDB(connection =>
      connection.run(`
        COPY (SELECT ${columns} FROM read_parquet(${literal(whole)}) ORDER BY quote_id)
        TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 2048)`),
    )
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.fill(0xff, Math.floor(bytes.length * 0.85), Math.floor(bytes.length * 0.87)))
    const refusal = refusedWith('bad_input', await importHistory(home.ports, request(path)))
    assert.match(refusal.message, /is damaged/)
  }
  assert.ok(!readdirSync(home.config.home).includes('snapshots'))
})
