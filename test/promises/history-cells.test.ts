import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { CANONICAL_COLUMNS } from '../../src/domain/canonical-columns.ts'
import { bpsOfPercent, scaledInteger } from '../../src/domain/decimal-text.ts'
import { millisecondsOf } from '../../src/domain/instant-text.ts'
import { expressionCompiler } from '../../src/domain/mapping-expression.ts'
import { quoteAt } from '../../src/domain/quote.ts'
import { UnreadableCell } from '../../src/domain/unreadable-cell.ts'
import { acceptedOf, readQuotes, refusalOf } from '../support/quote-file-text.ts'

const cents = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n })
const zeros = fc.nat({ max: 5 }).map(count => '0'.repeat(count))

/** An amount as people write it, digit by digit, with needless zeros around. */
const written = (amount: bigint, before: string, behind: string): string => {
  const digits = String(amount < 0n ? -amount : amount).padStart(3, '0')
  return `${amount < 0n ? '-' : ''}${before}${digits.slice(0, -2)}.${digits.slice(-2)}${behind}`
}

test('decimal money becomes cents exactly, whatever its size and its zeros', () => {
  fc.assert(
    fc.property(cents, zeros, zeros, (amount, before, behind) => {
      assert.equal(scaledInteger(written(amount, before, behind), 2), amount)
    }),
  )
  for (const [text, places, expected] of [
    ['1.005', 2, null],
    ['1.1', 2, 110n],
    ['1.', 2, 100n],
    ['0.29', 2, 29n],
    ['1234', 0, 1234n],
    ['1234.0', 0, 1234n],
    ['1234.5', 0, null],
    ['1,234.50', 2, null],
    ['1e3', 2, null],
    ['', 2, null],
    ['.5', 2, null],
    ['NaN', 2, null],
    ['9'.repeat(50), 2, null],
  ] as const) {
    const read = scaledInteger(text, places)
    assert.equal(read instanceof UnreadableCell ? null : read, expected, text)
  }
})

test('percent becomes basis points, rounded half away from zero', () => {
  fc.assert(
    fc.property(cents, fc.integer({ min: 0, max: 8 }), (digits, places) => {
      const text = String(digits < 0n ? -digits : digits).padStart(places + 1, '0')
      const whole = text.slice(0, text.length - places)
      const percent = `${digits < 0n ? '-' : ''}${whole}.${text.slice(text.length - places)}`
      const bps = bpsOfPercent(percent) as bigint
      // bps * 10^places lies within half a basis point of digits * 100, and on a tie farther from zero.
      const scale = 10n ** BigInt(places)
      const twice = 2n * (bps * scale - digits * 100n)
      const away = digits < 0n ? -twice : twice
      assert.ok(away > -scale && away <= scale, `${percent} became ${bps}`)
    }),
  )
})

test('discount_bps of two prices is the exact ratio, rounded half away from zero', () => {
  const compile = expressionCompiler(2)
  const expression = acceptedOf(compile('discount_bps(cents(row.list), cents(row["the net"]))'))
  assert.deepEqual(expression.columns, ['list', 'the net'])
  const price = fc.bigInt({ min: 1n, max: 10n ** 12n })
  fc.assert(
    fc.property(price, price, (list, net) => {
      const text = expression.evaluate({ list: written(list, '', ''), 'the net': written(net, '', '') })
      const bps = BigInt(text as string)
      const off = list - net
      const away = (off < 0n ? -1n : 1n) * 2n * (bps * list - off * 10_000n)
      assert.ok(away > -list && away <= list, `${list} to ${net} became ${bps}`)
    }),
  )
})

test('an expression over an empty cell is absent, over a wrong one it says why', () => {
  const compile = expressionCompiler(2)
  const sum = acceptedOf(compile('cents(row.a) + cents(row.b)'))
  assert.equal(sum.evaluate({ a: '1.5', b: ' ' }), '')
  assert.equal(sum.evaluate({ a: '1.5', b: '0.25' }), '175')
  const wrong = sum.evaluate({ a: '1.5', b: 'two' })
  assert.match((wrong as UnreadableCell).reason, /`two` is not a decimal number/)
  const tender = acceptedOf(compile('part(row.id, "-", 0) + "-" + part(row.id, "-", 1)'))
  assert.equal(tender.evaluate({ id: 'TSU-15-214-1' }), 'TSU-15')
  assert.equal(acceptedOf(compile('cents(without(row.a, "$, "))')).evaluate({ a: '$1,234.50' }), '123450')
  assert.equal(acceptedOf(compile('percent_bps(row.a)')).evaluate({ a: '12.345' }), '1235')
  const seconds = acceptedOf(compile('seconds_between(row.a, row.b)'))
  assert.equal(seconds.evaluate({ a: '2025-01-01', b: '2025-01-01T01:00:00+01:00' }), '0')
})

test('an expression that is wrong is refused before any row is read', () => {
  const compile = expressionCompiler(2)
  for (const text of ['cents(row.a', 'cents(row.a) + row.b', 'nothing', 'row', 'row[row.a]', '1.5', '[1]']) {
    assert.equal(refusalOf(compile(text)).code, 'bad_input', text)
  }
})

test('instants are read as UTC milliseconds, and days that do not exist are not', () => {
  for (const [text, expected] of [
    ['2025-03-04', '2025-03-04T00:00:00.000Z'],
    ['2025-03-04T09:12:44.000+0000', '2025-03-04T09:12:44.000Z'],
    ['2025-03-04 09:12', '2025-03-04T09:12:00.000Z'],
    ['2025-03-04 09:12:44.123456+02', '2025-03-04T07:12:44.123Z'],
    ['2025-03-04T09:12:44,5-05:30', '2025-03-04T14:42:44.500Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ] as const) {
    assert.equal(new Date(millisecondsOf(text) as number).toISOString(), expected, text)
  }
  for (const text of [
    '2025-02-29',
    '2025-13-01',
    '2025-01-01T24:00',
    '04/03/2025',
    '20250304',
    'yesterday',
  ]) {
    assert.ok(millisecondsOf(text) instanceof UnreadableCell, text)
  }
})

const HEADER = 'quote_id,currency,list_cents,granted_discount_bps,outcome,segment'

test('texts that look the same are the same: NFC, trimmed, lower case', async () => {
  const file = acceptedOf(
    await readQuotes(
      `${HEADER}\nÄ1,EUR,100,0,WON, Café \nA\u03081,eur,100,0,won,CAFE\u0301\nz,eur,100,0,Lost,\u{1F600}\n\uFF5A,eur,100,0,lost,\n`,
    ),
  )
  assert.equal(file.counts.collapsed, 1, 'composed and decomposed are one quote')
  assert.deepEqual(file.columns.quoteIds, ['z', 'ä1', '\uFF5A'])
  assert.deepEqual(file.columns.segment.dictionary, ['', 'caf\u00E9', '\u{1F600}'], 'in order of UTF-8 bytes')
})

test('rows of one quote_id that contradict each other are all rejected, equal ones stand once', async () => {
  const row = (id: string, list: string, outcome = 'won'): string => `${id},eur,${list},0,${outcome},smb`
  const file = acceptedOf(
    await readQuotes(
      [HEADER, row('a', '100'), row('b', '100'), row('a', '100.0'), row('b', '101'), row('c', '5'), ''].join(
        '\n',
      ),
    ),
  )
  assert.deepEqual(file.columns.quoteIds, ['a', 'c'])
  assert.deepEqual([file.counts.collapsed, file.counts.rejected], [1, 2])
  assert.deepEqual(
    file.rejects.map(reject => reject.row),
    [2, 4],
  )
})

test('one discount column stands for both and the file says so; two stay two', async () => {
  const one = acceptedOf(await readQuotes(`${HEADER}\na,eur,100,25,won,\n`))
  assert.equal(one.notes.single_discount_column, 'granted_discount_bps')
  assert.equal(quoteAt(one.columns, 0).requestedDiscountBps, 25)
  const two = acceptedOf(
    await readQuotes(`${HEADER},requested_discount_bps,net_cents\na,eur,10000,25,won,,40,9974\n`),
  )
  assert.equal(two.notes.single_discount_column, null)
  assert.deepEqual([two.notes.net_differences, two.notes.net_difference_cents_max], [1, 1])
})

test('a mapping makes columns by values, constants and expressions, and says what is wrong with it', async () => {
  const text = 'No;Price;Lapse;Zip\n1;10.00;0;01234\n2;12.50;1;99\n3;9.99;2;\n'
  const map = (outcome: string, extra = ''): string => `
schema: clo_mapping.v1
columns:
  quote_id: '"q-" + row.No'
  currency: { constant: EUR }
  list_cents: cents(row.price)
  granted_discount_bps: { constant: 0 }
  outcome: ${outcome}
${extra}`
  const values = '{ column: Lapse, values: { "0": won, "1": lost } }'
  const typed = '  attr.zip: { column: Zip, type: integer }\n  attr.area: { column: Zip }'
  const file = acceptedOf(await readQuotes(text, map(values, '  attr.area: { column: Zip }')))
  assert.deepEqual(file.columns.quoteIds, ['q-1', 'q-2'])
  assert.equal(file.rejects[0]?.reason, 'has no value in the mapping')
  assert.deepEqual(quoteAt(file.columns, 0).attributes, { area: '01234' }, 'a leading zero makes a text')
  const strict = acceptedOf(await readQuotes(text, map(values, typed)))
  assert.deepEqual(strict.columns.quoteIds, ['q-2'], '01234 is no integer')
  assert.deepEqual(strict.columns.attributes.zip?.kind, 'integer')
  for (const [wrong, message] of [
    [map('{ column: Laps }'), /`Laps`, which the file does not have/],
    [map('cents(row.prize)'), /`prize`, which the file does not have/],
    [map(values, '  cost: cents(row.Price)'), /columns that no snapshot has: `cost`/],
    [map('{ column: Lapse, value: 1 }'), /wrong at `columns.outcome`/],
    ['schema: [', /not YAML at line 1/],
  ] as const) {
    assert.match(refusalOf(await readQuotes(text, wrong)).message, message)
  }
})

test('the mapping and the functions of docs/mapping.md are as they are described', async () => {
  const text = await readFile(new URL('../../docs/mapping.md', import.meta.url), 'utf8')
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(text) ?? []
  const file = acceptedOf(
    await readQuotes('Quote No,lapse,price,Price offered,Plan\nA1,0,10.00,9.50,7\n', yaml),
  )
  assert.deepEqual(quoteAt(file.columns, 0).attributes, { plan: '7' })
  assert.deepEqual([file.columns.grantedDiscountBps[0], file.counts.won], [500, 1])
  assert.equal(acceptedOf(expressionCompiler(2)('part("TSU-15-214", "-", 1)')).evaluate({}), '15')
  for (const name of CANONICAL_COLUMNS) assert.ok(text.includes(name), `${name} is described`)
})
