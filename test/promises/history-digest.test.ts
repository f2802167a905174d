import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { literal, withDuckDB } from '../../src/adapters/duckdb/connection.ts'
import { quoteFiles } from '../../src/adapters/quote-files.ts'
import { snapshots } from '../../src/adapters/snapshots.ts'
import { csvHeader, csvLine } from '../../src/domain/market-csv.ts'
import { type Quote, type QuoteColumns, quoteAt } from '../../src/domain/quote.ts'
import { snapshotDigest } from '../../src/evidence/snapshot-digest.ts'
import { UNDECIDED } from '../support/asked-quote.ts'
import { simulatedHistory } from '../support/market-columns.ts'
import { columnsOfQuotes } from '../support/quote-columns.ts'
import { acceptedOf, inFolder, readQuotes, refusalOf } from '../support/quote-file-text.ts'

const silent = () => undefined
const history = simulatedHistory({ seed: 11, quotes: 400 })
const csv = (quotes: readonly Quote[]): string => [csvHeader(), ...quotes.map(csvLine)].join('')

test('R1 a snapshot has one digest whatever the order of rows, and it is that of the same quotes in memory', async () => {
  const expected = snapshotDigest(history.columns)
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([...history.quotes.keys()], { minLength: 400 }), async order => {
      const shuffled = order.map(at => history.quotes[at] as Quote)
      assert.equal(snapshotDigest(acceptedOf(await readQuotes(csv(shuffled))).columns), expected)
    }),
    { numRuns: 5 },
  )
})

test('R1 a snapshot has one digest whether it came as CSV or as Parquet, of text or of typed columns', () =>
  inFolder(async folder => {
    const text = join(folder, 'quotes.csv')
    await writeFile(text, csv(history.quotes))
    await withDuckDB(async connection => {
      for (const [name, all_varchar] of [
        ['text', true],
        ['typed', false],
      ] as const) {
        const source = `read_csv(${literal(text)}, header = true, all_varchar = ${all_varchar})`
        await connection.run(`COPY (FROM ${source}) TO ${literal(join(folder, `${name}.parquet`))}`)
      }
    })
    for (const name of ['quotes.csv', 'text.parquet', 'typed.parquet']) {
      const file = acceptedOf(await quoteFiles(silent).read(join(folder, name), null, 0))
      assert.equal(snapshotDigest(file.columns), snapshotDigest(history.columns), name)
    }
  }))

test('R1 a snapshot that was saved is loaded with every value', () =>
  inFolder(async home => {
    const digest = await snapshots({ home }, silent).save(history.columns)
    const loaded = acceptedOf(await snapshots({ home }, silent).load(digest))
    assert.equal(loaded.rows, history.columns.rows)
    for (let row = 0; row < loaded.rows; row += 1) {
      assert.deepEqual(quoteAt(loaded, row), quoteAt(history.columns, row))
    }
    assert.deepEqual([...loaded.group], [...history.columns.group])
    assert.deepEqual(
      await readdir(join(home, 'snapshots')),
      [`${digest.slice(7)}.parquet`],
      'no part is left',
    )
  }))

test('R1 texts of every alphabet and every absence survive the file', () =>
  inFolder(async home => {
    const columns = columnsOfQuotes(unusual)
    const digest = await snapshots({ home }, silent).save(columns)
    const loaded = acceptedOf(await snapshots({ home }, silent).load(digest))
    assert.deepEqual(
      unusual.map((_, row) => quoteAt(loaded, row)),
      unusual.map((_, row) => quoteAt(columns, row)),
    )
  }))

test('R3 a snapshot whose file was changed, damaged or lost is refused', () =>
  inFolder(async home => {
    const store = snapshots({ home }, silent)
    const digest = await store.save(history.columns)
    const path = join(home, 'snapshots', `${digest.slice(7)}.parquet`)
    const sound = await readFile(path)

    const other = join(home, 'other.parquet')
    await withDuckDB(connection =>
      connection.run(`
        COPY (SELECT * REPLACE (list_cents + (quote_id = ${literal(history.columns.quoteIds[7] as string)})::INT AS list_cents)
              FROM read_parquet(${literal(path)}))
        TO ${literal(other)}
      `),
    )
    await writeFile(path, await readFile(other))
    assert.equal(refusalOf(await store.load(digest)).code, 'audit_broken', 'one price one cent higher')

    await writeFile(path, sound.subarray(0, sound.length - 100))
    assert.equal(refusalOf(await store.load(digest)).code, 'audit_broken', 'cut short')

    await store.save(history.columns)
    assert.ok((await store.load(digest)).ok, 'saving again repairs it')
    assert.equal(refusalOf(await store.load(`sha256:${'0'.repeat(64)}`)).code, 'not_found')
  }))

test('the digest is that of the documented form, written a second time from its description', () => {
  const columns = columnsOfQuotes(unusual)
  assert.equal(
    snapshotDigest(columns),
    `sha256:${createHash('sha256').update(writtenForm(columns)).digest('hex')}`,
  )
  const absent = columnsOfQuotes([quote('b', { netCents: null })])
  const zero = columnsOfQuotes([quote('b', { netCents: 0 })])
  assert.notEqual(snapshotDigest(absent), snapshotDigest(zero), 'absent is not zero')
})

const quote = (quoteId: string, given: Partial<Quote>): Quote => ({
  ...UNDECIDED,
  quoteId,
  segment: '',
  region: 'na',
  productFamily: 'x',
  listCents: 1e12,
  costCents: 0,
  requestedDiscountBps: -5,
  grantedDiscountBps: -5,
  netCents: 4_294_967_297,
  policyVersion: 1,
  cluster: quoteId,
  attributes: {},
  ...given,
})

const unusual = [
  quote('b', { costCents: null, attributes: { note: 'ä', size: 3 } }),
  quote('\u{1F600}', {
    netCents: 0,
    quotedAt: '1969-12-31T23:59:59.999Z',
    attributes: { note: null, size: -1 },
  }),
  quote('\uFF5A', {
    approvalRequired: false,
    approvalOutcome: 'rejected',
    outcome: 'open',
    attributes: { note: '' },
  }),
]

/** The binary form row by row from plain quotes, with BigInt and Buffer: slow, and nothing shared with the product but `quoteAt`. */
function writtenForm(columns: QuoteColumns): Buffer {
  const rows = Array.from({ length: columns.rows }, (_, row) => quoteAt(columns, row)).sort((left, right) =>
    Buffer.compare(Buffer.from(left.quoteId), Buffer.from(right.quoteId)),
  )
  const instant = (text: string | null): number | null => (text === null ? null : Date.parse(text))
  const parts: [string, (string | number | null)[]][] = [
    ['quote_id', rows.map(row => row.quoteId)],
    ['segment', rows.map(row => row.segment)],
    ['region', rows.map(row => row.region)],
    ['product_family', rows.map(row => row.productFamily)],
    ['currency', rows.map(() => columns.currency)],
    ['list_cents', rows.map(row => row.listCents)],
    ['cost_cents', rows.map(row => row.costCents)],
    ['requested_discount_bps', rows.map(row => row.requestedDiscountBps)],
    ['granted_discount_bps', rows.map(row => row.grantedDiscountBps)],
    ['net_cents', rows.map(row => row.netCents)],
    [
      'approval_required',
      rows.map(row => (row.approvalRequired === null ? null : Number(row.approvalRequired))),
    ],
    ['approval_outcome', rows.map(row => row.approvalOutcome)],
    ['approval_latency_seconds', rows.map(row => row.approvalLatencySeconds)],
    ['outcome', rows.map(row => row.outcome)],
    ['quoted_at', rows.map(row => instant(row.quotedAt))],
    ['closed_at', rows.map(row => instant(row.closedAt))],
    ['policy_version', rows.map(row => row.policyVersion)],
    ['cluster', rows.map(row => row.cluster)],
    ['group', [...columns.group]],
    ['attr.note', rows.map(row => row.attributes.note ?? null)],
    ['attr.size', rows.map(row => row.attributes.size ?? null)],
  ]
  const text = new Set(
    'quote_id segment region product_family currency approval_outcome outcome cluster attr.note'.split(' '),
  )
  return Buffer.concat([
    Buffer.from('clo_snapshot.v1\n'),
    u32(rows.length),
    u32(parts.length),
    ...parts.flatMap(([name, cells]) => [
      written(name),
      ...(text.has(name)
        ? textColumn(cells as (string | null)[])
        : integerColumn(cells as (number | null)[])),
    ]),
  ])
}

function textColumn(cells: readonly (string | null)[]): Buffer[] {
  const entries = [...new Set(cells.filter(cell => cell !== null))].sort((left, right) =>
    Buffer.compare(Buffer.from(left), Buffer.from(right)),
  )
  const codes = cells.map(cell => {
    const code = Buffer.alloc(4)
    code.writeInt32LE(cell === null ? -1 : entries.indexOf(cell))
    return code
  })
  return [Buffer.from('t'), u32(entries.length), ...entries.map(written), ...codes]
}

const integerColumn = (cells: readonly (number | null)[]): Buffer[] => [
  Buffer.from('i'),
  ...cells.map(cell => {
    const integer = Buffer.alloc(8)
    integer.writeBigInt64LE(cell === null ? -(2n ** 63n) : BigInt(cell))
    return integer
  }),
]

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

const written = (text: string): Buffer => Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)])
