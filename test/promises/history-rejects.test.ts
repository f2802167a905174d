import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { literal, withDuckDB } from '../../src/adapters/duckdb/connection.ts'
import { quoteFiles } from '../../src/adapters/quote-files.ts'
import { NOT_UTF8, Utf8Text } from '../../src/adapters/utf8-text.ts'
import { acceptedOf, inFolder, readQuotes, refusalOf } from '../support/quote-file-text.ts'

const HEADER = 'quote_id,currency,list_cents,granted_discount_bps,outcome,attr.note'

/** A line of a file and what must become of it. `line` gets the number of the data line, from 1. */
interface Line {
  readonly fate: 'accepted' | 'rejected' | 'blank' | 'collapsed'
  readonly text: string
  /** Physical lines it takes. */
  readonly lines: number
}

const good = (id: number, note: string, lines = 1): Line => ({
  fate: 'accepted',
  text: `q${id},eur,${1000 + id},${id % 3000},${['won', 'lost', 'open'][id % 3]},${note}`,
  lines,
})
const bad = (text: string): Line => ({ fate: 'rejected', text, lines: 1 })

const makers: readonly ((id: number) => readonly Line[])[] = [
  id => [good(id, 'plain')],
  id => [good(id, '"quoted, with a ""word"""')],
  id => [good(id, '"two\nlines"', 2)],
  id => [good(id, '5" pipe')],
  id => [bad(`q${id},eur,1000`)],
  id => [bad(`q${id},eur,1000,0,won,a,b`)],
  id => [bad(`q${id},eur,1000,0,won,"closed"behind`)],
  id => [bad(`q${id},eur,1000,0,won,"never closed`)],
  id => [bad(`q${id},eur,0,0,won,list must be above zero`)],
  id => [bad(`q${id},eur,1000,10001,won,no such discount`)],
  id => [bad(`q${id},eur,10.5,0,won,cents are whole`)],
  id => [bad(`q${id},eur,1000,0,perhaps,no such outcome`)],
  () => [bad(`,eur,1000,0,won,no id`)],
  () => [{ fate: 'blank', text: '', lines: 1 }],
  id => [good(id, 'again'), { ...good(id, 'again'), fate: 'collapsed' }],
  id => [
    { ...good(id, 'once'), fate: 'rejected' },
    { ...good(id, 'otherwise'), fate: 'rejected' },
  ],
]

test('R4 every line of a broken file is accepted, rejected by its number, collapsed or blank: counts add up', async () => {
  const anyKind = fc.integer({ min: 0, max: makers.length - 1 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyKind, { minLength: 1, maxLength: 60 }),
      fc.boolean(),
      async (kinds, crlf) => {
        const lines = kinds.flatMap((kind, id) => (makers[kind] as (id: number) => readonly Line[])(id))
        lines.push(good(100_000, 'the last one'))
        const end = crlf ? '\r\n' : '\n'
        const file = acceptedOf(await readQuotes([HEADER, ...lines.map(line => line.text)].join(end) + end))
        const count = (fate: Line['fate']): number => lines.filter(line => line.fate === fate).length
        assert.deepEqual(
          [file.counts.accepted, file.counts.rejected, file.counts.collapsed, file.notes.blank_lines],
          [count('accepted'), count('rejected'), count('collapsed'), count('blank')],
        )
        assert.equal(file.counts.rows, file.counts.accepted + file.counts.rejected + file.counts.collapsed)
        assert.equal(file.counts.accepted, file.counts.won + file.counts.lost + file.counts.open)
        assert.deepEqual(
          [...new Set(file.rejects.map(reject => `${reject.row}:${reject.line}`))],
          placesOf(lines, 'rejected'),
        )
      },
    ),
    { numRuns: 150 },
  )
})

/** `record:line` of the lines with a fate, counted by hand. */
function placesOf(lines: readonly Line[], fate: Line['fate']): readonly string[] {
  const places: string[] = []
  let row = 0
  let at = 2
  for (const line of lines) {
    if (line.fate !== 'blank') row += 1
    if (line.fate === fate) places.push(`${row}:${at}`)
    at += line.lines
  }
  return places
}

test('R4 a quote that is never closed costs its own line, not the rows behind it', async () => {
  const file = acceptedOf(
    await readQuotes(`${HEADER}\nq1,eur,100,0,won,"open\nq2,eur,100,0,won,a\nq3,eur,100,0,lost,"b, c"\n`),
  )
  assert.deepEqual(file.columns.quoteIds, ['q2', 'q3'])
  assert.deepEqual(
    file.rejects.map(({ row, line, column, reason }) => ({ row, line, column, reason })),
    [{ row: 1, line: 2, column: null, reason: 'has text behind a closing quote' }],
  )
})

test('R4 bytes that are not UTF-8 reject the row they stand in', async () => {
  const bytes = Buffer.concat([
    Buffer.from(`${HEADER}\nq1,eur,100,0,won,`),
    Buffer.from([0xe9]),
    Buffer.from('\nq2,eur,100,0,won,é\n'),
  ])
  const file = acceptedOf(await readQuotes(bytes))
  assert.deepEqual(file.columns.quoteIds, ['q2'])
  const [reject] = file.rejects
  assert.deepEqual(
    [reject?.row, reject?.line, reject?.reason, reject?.raw],
    [1, 2, 'holds bytes that are not UTF-8, in cell 6', 'q1,eur,100,0,won,\uFFFD'],
  )
})

test('U+FFFD in a file of valid UTF-8 is a character like others, in a header too', async () => {
  const rows = ['q1,eur,100,0,won,\uFFFD,', 'q2,eur,100,0,won,a\uFFFD\uFEFFb,']
  const file = acceptedOf(await readQuotes([`${HEADER},\uFFFD`, ...rows, ''].join('\n')))
  assert.deepEqual(file.columns.quoteIds, ['q1', 'q2'])
  assert.match(JSON.stringify(file.columns.attributes), /"a\uFFFD\uFEFFb","\uFFFD"/)
})

test('bytes are told from U+FFFD as a strict decoder tells them, wherever the pieces of the file end', () => {
  const bytes = (...each: number[]): Buffer => Buffer.from(each)
  const part = fc.constantFrom(
    ...['a', 'ü', '\u{1F600}', '\uFFFD', '\uFEFF', '\uFFFC', '\uD7FF'].map(text => Buffer.from(text)),
    ...[bytes(0xef), bytes(0xef, 0xbf), bytes(0xbd), bytes(0xe9), bytes(0xf0, 0x9f), bytes(0xed, 0xa0, 0x80)],
  )
  const seen = { text: 0, other: 0 }
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.integer({ min: 1, max: 5 }), (parts, piece) => {
      const all = Buffer.concat([Buffer.from('x'), ...parts])
      const decoder = new Utf8Text()
      let ours = ''
      for (let at = 0; at < all.length; at += piece) ours += decoder.take(all.subarray(at, at + piece), false)
      ours += decoder.take(bytes(), true)
      const isText = isUtf8(all)
      seen[isText ? 'text' : 'other'] += 1
      assert.equal(ours.includes(NOT_UTF8), !isText)
      assert.equal(ours.toWellFormed(), new TextDecoder().decode(all))
    }),
    { numRuns: 2_000, verbose: 1 },
  )
  assert.ok(seen.text > 100 && seen.other > 100, JSON.stringify(seen))
})

test('a row says all that is wrong with it, and counts once', async () => {
  const file = acceptedOf(await readQuotes(`${HEADER}\nq1,eur,x,y,z,\nq2,eur,100,0,won,\n`))
  assert.equal(file.counts.rejected, 1)
  assert.deepEqual(
    file.rejects.map(({ column, raw, quoteId }) => [column, raw, quoteId]),
    [
      ['list_cents', 'x', 'q1'],
      ['granted_discount_bps', 'y', 'q1'],
      ['outcome', 'z', 'q1'],
    ],
  )
})

test('--max-rejects bounds an import: one more is refused with counts and reasons', async () => {
  const text = `${HEADER}\nq1,eur,100,0,won,\nq2,eur,0,0,won,\nq3,eur,0,0,won,\n`
  assert.equal(acceptedOf(await readQuotes(text, null, 2)).counts.rejected, 2)
  const refusal = refusalOf(await readQuotes(text, null, 1))
  assert.equal(refusal.code, 'bad_input')
  assert.equal(refusal.facts.rejected, 2)
  assert.equal(refusal.facts.accepted, 1)
  assert.equal(
    refusalOf(await readQuotes(text, null, null)).facts.rejected,
    2,
    'by default: no more than accepted',
  )
})

test('what is no file of quotes is refused with what would help', async () => {
  for (const [content, message] of [
    ['', /is empty/],
    ['\n\n', /is empty/],
    [`${HEADER}\n`, /no rows/],
    ['a,b,a\n1,2,3\n', /names `a` twice/],
    ['quote_id,list\nq1,100\n', /nothing gives `currency`, `list_cents`/],
    [`${HEADER}\nq1,eur,100,0,won,\nq2,usd,100,0,won,\n`, /2 currencies/],
    [Buffer.from(`${HEADER}\nq1`, 'utf16le'), /not UTF-8/],
  ] as const) {
    const refusal = refusalOf(await readQuotes(content))
    assert.equal(refusal.code, 'bad_input')
    assert.match(refusal.message, message)
  }
})

test('semicolons, tabs, a byte order mark and CRLF are read like commas', async () => {
  for (const delimiter of [';', '\t', '|']) {
    const text = `${HEADER}\nq1,eur,100,25,won,a b\n`.replaceAll(',', delimiter).replaceAll('\n', '\r\n')
    const file = acceptedOf(await readQuotes(`\uFEFF${text}`))
    assert.deepEqual([file.counts.accepted, file.columns.grantedDiscountBps[0]], [1, 25])
  }
})

test('a damaged Parquet file is refused, not half read', () =>
  inFolder(async folder => {
    const path = join(folder, 'quotes.parquet')
    await withDuckDB(connection =>
      connection.run(`
        COPY (SELECT 'q' || i AS quote_id, 'eur' AS currency, 100 + i AS list_cents, hash(i)::VARCHAR AS segment,
                     0 AS granted_discount_bps, 'won' AS outcome FROM range(5000) rows(i))
        TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd)
      `),
    )
    const read = () => quoteFiles(() => undefined).read(path, null, 0)
    assert.equal(acceptedOf(await read()).counts.accepted, 5000)
    const sound = await readFile(path)
    await writeFile(
      path,
      Buffer.concat([sound.subarray(0, 400), Buffer.alloc(20_000, 7), sound.subarray(20_400)]),
    )
    assert.equal(refusalOf(await read()).code, 'bad_input')
    await writeFile(path, sound.subarray(0, 2000))
    assert.match(refusalOf(await read()).message, /cannot be read as Parquet/)
  }))
