import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { quoteFiles } from '../../src/adapters/quote-files.ts'
import { isProtectedAttribute } from '../../src/domain/protected-attributes.ts'
import { quoteAt } from '../../src/domain/quote.ts'
import { quotey } from '../support/command-line.ts'
import { acceptedOf } from '../support/quote-file-text.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const example = (name: string): string => join(root, 'examples', name)
let folder = ''
let home = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quotey-import-'))
  home = join(folder, 'home')
  assert.equal((await quotey(home, null, 'init')).exitCode, 0)
})
after(() => rm(folder, { recursive: true, force: true }))

const history = async (...words: readonly string[]): Promise<Record<string, unknown>> => {
  const ended = await quotey(home, null, '--json', 'history', ...words)
  return { exitCode: ended.exitCode, ...(ended.json as object) }
}

test('an import is stored once, audited, listed, and found by the beginning of its name', async () => {
  const first = await history('import', example('hubspot.csv'), '--map', 'hubspot')
  assert.equal(first.exitCode, 0)
  assert.deepEqual([first.rows, first.accepted, first.won, first.lost, first.open], [4, 4, 2, 1, 1])
  assert.equal(first.snapshot_id, `snap_${String(first.digest).slice(7, 19)}`)
  assert.equal(first.reject_report, null)
  assert.equal(first.known_before, false)

  const again = await history('import', example('hubspot.csv'), '--map', 'hubspot')
  assert.deepEqual([again.snapshot_id, again.known_before], [first.snapshot_id, true])

  const { snapshots } = await history('list')
  assert.equal((snapshots as unknown[]).length, 1)
  const log = await quotey(home, null, '--json', 'audit', 'log')
  assert.equal(log.stdout.match(/"history_imported"/g)?.length, 1, 'one event for one snapshot')

  assert.equal((await history('audit', 'latest')).snapshot_id, first.snapshot_id)
  const audit = await history('audit', String(first.digest).slice(7, 12))
  assert.equal(audit.snapshot_id, first.snapshot_id)
  assert.equal((await history('audit', 'ffff0000')).exitCode, 2)
})

test('R4 the reject report names row, line, column, reason and text of every bad cell', async () => {
  const path = join(folder, 'bad.csv')
  await writeFile(
    path,
    'quote_id,currency,list_cents,granted_discount_bps,outcome\nq1,eur,100,0,won\nq2,eur,"1,00",0,won\nq3,eur\n',
  )
  const told = await history('import', path, '--max-rejects', '2')
  assert.deepEqual([told.rows, told.accepted, told.rejected], [3, 1, 2])
  assert.equal(
    await readFile(String(told.reject_report), 'utf8'),
    [
      'row,line,quote_id,column,reason,raw_value',
      '2,3,q2,list_cents,is not a decimal number,"1,00"',
      '3,4,,,has 2 cells where the header has 5,"q3,eur"',
      '',
    ].join('\n'),
  )
})

test('a refused import stores nothing', async () => {
  const path = join(folder, 'worse.csv')
  await writeFile(path, 'quote_id,currency,list_cents,granted_discount_bps,outcome\nq1,eur,1,0,won\nq2,eur\n')
  const stored = async (): Promise<unknown> => [
    (await history('list')).snapshots,
    await readdir(join(home, 'snapshots')),
    await readdir(join(home, 'rejects')).catch(() => []),
  ]
  const earlier = await stored()
  const refused = await history('import', path, '--max-rejects', '0')
  assert.deepEqual([refused.exitCode, (refused.refusal as { code: string }).code], [2, 'bad_input'])
  assert.deepEqual(await stored(), earlier)
  for (const words of [
    ['import', join(folder, 'none.csv')],
    ['import', path, '--map', 'no-preset'],
  ]) {
    assert.equal((await history(...words)).exitCode, 2)
  }
})

test('the preset for Salesforce CPQ reads primary quotes by their opportunity', async () => {
  const file = acceptedOf(
    await quoteFiles(() => undefined).read(example('salesforce-cpq.csv'), 'salesforce-cpq', 0),
  )
  const quotes = [0, 1, 2, 3].map(row => quoteAt(file.columns, row))
  assert.deepEqual(
    quotes.map(quote => [quote.outcome, quote.listCents, quote.grantedDiscountBps, quote.netCents]),
    [
      ['won', 1_200_000, 1000, 1_080_000],
      ['open', 1_200_000, 500, 1_140_000],
      ['lost', 4_825_050, 1710, 3_999_999],
      ['open', 840_000, -500, 882_000],
    ],
  )
  assert.equal(quotes[0]?.cluster, quotes[1]?.cluster)
  assert.equal(quotes[0]?.quotedAt, '2025-03-04T09:12:44.000Z')
  const capitals = join(folder, 'capitals.csv')
  const [header = '', ...rows] = (await readFile(example('salesforce-cpq.csv'), 'utf8')).split('\n')
  await writeFile(capitals, [header.toUpperCase(), ...rows].join('\n'))
  const shouted = acceptedOf(await quoteFiles(() => undefined).read(capitals, 'salesforce-cpq', 0))
  assert.deepEqual(
    quoteAt(shouted.columns, 2),
    quotes[2],
    'tools that write headers in capitals are understood',
  )
})

/** Other people's quotes, outside the repository. */
const realFile = (name: string): string => join('/work/shared/data', name)
const absent = (name: string): string | false =>
  existsSync(realFile(name)) ? false : `the real file ${name} is not on this machine`

test('R4 the renewal quotes are read to the last row', { skip: absent('renewal-quotes.csv') }, async () => {
  const path = realFile('renewal-quotes.csv')
  const file = acceptedOf(
    await quoteFiles(() => undefined).read(path, example('renewal-quotes.map.yaml'), null),
  )
  const [header = [], ...rows] = (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map(line => line.split(','))
  const cell = (row: readonly string[], name: string): string => row[header.indexOf(name)] as string
  const pennies = (text: string): number => Math.round(Number(text) * 100)
  // More than twice the old premium is a surcharge that rounds to 10001 bps or more: out of range, and told row by row.
  const doubled = rows.filter(row => {
    const last = pennies(cell(row, 'prem_last'))
    return 20_000 * (pennies(cell(row, 'prem_final')) - last) >= 20_001 * last
  })
  assert.deepEqual([file.counts.rows, file.counts.rejected], [rows.length, doubled.length])
  const inRange = rows.filter(row => !doubled.includes(row))
  assert.equal(file.counts.lost, inRange.filter(row => cell(row, 'lapse') === '1').length)
  assert.equal(file.counts.won, inRange.filter(row => cell(row, 'lapse') === '0').length)
  const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0)
  assert.equal(sum(file.columns.netCents), sum(inRange.map(row => pennies(cell(row, 'prem_final')))))
  assert.equal(sum(file.columns.costCents), sum(inRange.map(row => pennies(cell(row, 'prem_pure')))))
  assert.deepEqual(
    Object.keys(file.columns.attributes).filter(name => isProtectedAttribute(name)),
    [],
    'nothing a price must not depend on',
  )
})

test('R4 the tender bids are read to the last row', { skip: absent('tender-bids.csv') }, async () => {
  const path = realFile('tender-bids.csv')
  const file = acceptedOf(await quoteFiles(() => undefined).read(path, example('tender-bids.map.yaml'), null))
  const rows = (await readFile(path, 'utf8')).trimEnd().split('\n').slice(1)
  assert.equal(file.counts.rows, rows.length)
  assert.equal(file.counts.open, rows.filter(row => row.includes(',disqualified,')).length)
  assert.equal(file.notes.minor_unit, 0)
  assert.equal(file.columns.currency, 'jpy')
  assert.ok(file.rejects.every(reject => reject.reason === 'is missing' || /not within/.test(reject.reason)))
  const tenders = new Set(rows.map(row => row.split('-').slice(0, 2).join('-').toLowerCase()))
  assert.ok(file.columns.cluster.dictionary.every(tender => tenders.has(tender)))
  assert.ok(
    file.columns.cluster.dictionary.length < file.columns.rows / 3,
    'bids of one tender stand together',
  )
})
