import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { generatedColumns } from '../../bench/generated-columns.ts'
import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import { combine, orderBy } from '../../src/adapters/columnar/runs.ts'
import { settle } from '../../src/adapters/columnar/settle.ts'
import { prepareSnapshot } from '../../src/adapters/columnar/snapshot.ts'
import { compileCondition } from '../../src/domain/cel.ts'
import { attributeOf } from '../../src/domain/decision.ts'
import { type AttributeName, type Expression, evaluate } from '../../src/domain/expression.ts'
import { permuteRows, scatteredOrder } from '../../src/domain/permute.ts'
import { type Quote, type QuoteColumns, quoteAt } from '../../src/domain/quote.ts'
import { tallyOneByOne } from '../../src/domain/tally.ts'
import { arbitraryCondition, arbitraryPolicy, arbitraryRequest } from '../support/generate-policy.ts'
import { arbitraryColumns } from '../support/generate-quotes.ts'
import { checked } from '../support/generate-task.ts'
import { columnsOfQuotes } from '../support/quote-columns.ts'

const SEED = Number(process.env.QUOTEY_TEST_SEED ?? Date.now() % 1_000_000)

const here = columnarEngine({ threads: 0 })
const cutFine = columnarEngine({ threads: 0, runRows: 1 })
const workers = columnarEngine({ threads: 2 })
after(() => workers.close())

test('R2 what one policy decides on all quotes is the same quote by quote and in the columnar loops', async () => {
  const reached = { decided: 0, attribute_absent: 0, cost_absent: 0, approvals: 0, violations: 0 }
  await fc.assert(
    fc.asyncProperty(arbitraryPolicy(8), arbitraryColumns(), async (document, columns) => {
      const policy = checked(document)
      const found = await here.tally(columns, policy)
      assert.deepEqual(found, tallyOneByOne(columns, policy))
      assert.deepEqual(await cutFine.tally(columns, policy), found)
      for (const field of Object.keys(reached) as (keyof typeof reached)[]) reached[field] += found[field]
    }),
    { seed: SEED, numRuns: 300 },
  )
  console.log(`seed ${SEED}: ${JSON.stringify(reached)}`)
  for (const [field, count] of Object.entries(reached)) {
    assert.ok(count > 100, `the generator must reach ${field}`)
  }
})

test('R1 neither threads nor the order of rows change what one policy decides', async () => {
  const given = fc.sample(fc.tuple(arbitraryPolicy(8), arbitraryColumns()), { seed: SEED, numRuns: 5 })
  for (const [document, columns] of given) {
    const policy = checked(document)
    const large = tiled(columns, 34_000)
    const expected = await here.tally(large, policy)
    assert.deepEqual(await workers.tally(large, policy), expected)
    assert.deepEqual(await here.tally(permuteRows(large, scatteredOrder(large.rows)), policy), expected)
    const once = tallyOneByOne(columns, policy)
    const times = BigInt(large.rows / Math.max(1, columns.rows))
    assert.equal(expected.net_cents, once.net_cents * times)
  }
})

/** The same quotes again and again, at least `rows` of them where there are any. */
function tiled(columns: QuoteColumns, rows: number): QuoteColumns {
  const quotes = Array.from({ length: columns.rows }, (_, row) => quoteAt(columns, row))
  return columnsOfQuotes(
    Array.from({ length: Math.ceil(rows / Math.max(1, quotes.length)) }, (_, tile) =>
      quotes.map(quote => ({ ...quote, quoteId: `${quote.quoteId}-${tile}` })),
    ).flat(),
  )
}

/**
 * Quotes whose margin quotient lies as near to a half as it can, 1 / (2 * net): 20000 * profit = odd * net + 1 or - 1, which has a
 * solution for each net that 2 and 5 do not divide.
 */
const nextToHalf = fc
  .record({
    net: fc
      .oneof(fc.integer({ min: 1, max: 2 ** 35 }), fc.integer({ min: 2 ** 34, max: 2 ** 35 }))
      .map(near => near - (near % 10) + ([1, 3, 7, 9][near % 4] as number)),
    turns: fc.integer({ min: -6, max: 0 }),
    side: fc.constantFrom(1, -1),
  })
  .filter(({ net }) => net <= 2 ** 35)
  .map(({ net, turns, side }) => {
    const odd = (inverse(BigInt(net), 20_000n) * BigInt(20_000 - side)) % 20_000n
    const profit = ((odd + 20_000n * BigInt(turns)) * BigInt(net) + BigInt(side)) / 20_000n
    return { listCents: net, costCents: Number(BigInt(net) - profit) }
  })
  .filter(({ costCents }) => costCents >= 0 && costCents <= 2 ** 38)

/** The number whose product with n is 1 modulo m, by Euclid. */
function inverse(n: bigint, m: bigint): bigint {
  let [before, rest, coefficientBefore, coefficient] = [m, n % m, 0n, 1n]
  while (rest !== 0n) {
    const times = before / rest
    ;[before, rest] = [rest, before - times * rest]
    ;[coefficientBefore, coefficient] = [coefficient, coefficientBefore - times * coefficient]
  }
  return ((coefficientBefore % m) + m) % m
}

test('R1 margins and prices next to a half are rounded as integers are, up to where doubles are plainly exact', async () => {
  const priced = fc.record({
    listCents: fc.integer({ min: 2 ** 35 - 99_999, max: 2 ** 35 }),
    costCents: fc.integer({ min: 0, max: 2 ** 38 }),
    requestedDiscountBps: fc.integer({ min: 0, max: 10_000 }),
  })
  const [{ quote }] = fc.sample(
    arbitraryColumns()
      .filter(({ rows }) => rows > 0)
      .map(columns => ({ quote: quoteAt(columns, 0) })),
    { seed: SEED, numRuns: 1 },
  ) as [{ quote: Quote }]
  const policy = checked({
    schema: 'clo_policy.v1',
    name: 'halves',
    rules: [{ id: 'cap', kind: 'discount_cap', when: 'true', params: { cap_bps: 9_999 } }],
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(nextToHalf, priced), { minLength: 5, maxLength: 20, size: 'max' }),
      async made => {
        const columns = columnsOfQuotes(
          made.map((money, at) => ({ ...quote, requestedDiscountBps: 0, ...money, quoteId: `q${at}` })),
        )
        assert.deepEqual(await here.tally(columns, policy), tallyOneByOne(columns, policy))
      },
    ),
    { seed: SEED, numRuns: 600 },
  )
})

test('R2 a condition settled by what is known has the same truth on every quote of which that is true', () => {
  const names: readonly AttributeName[] = [
    'segment',
    'region',
    'product_family',
    'cost_cents',
    'margin_bps',
    'attr.channel',
    'attr.term',
  ]
  let settled = 0
  fc.assert(
    fc.property(
      arbitraryCondition('approval'),
      arbitraryRequest(),
      fc.subarray([...names]),
      (when, request, known) => {
        const compiled = compileCondition(when, 'approval', { limit: 12 })
        assert.ok(compiled.kind === 'condition')
        const decided = { discountBps: 1_800, marginBps: request.costCents === null ? null : 1_000 }
        const valueBehind = (attribute: AttributeName) => attributeOf(request, attribute, decided)
        const left = settle(compiled.expression, name =>
          known.includes(name) ? valueBehind(name) : undefined,
        )
        const truth = left.kind === 'truth' ? left.value : evaluate(asExpression(left), valueBehind)
        assert.equal(truth, evaluate(compiled.expression, valueBehind))
        if (left.kind === 'truth') settled += 1
      },
    ),
    { seed: SEED, numRuns: 2_000 },
  )
  assert.ok(settled > 300, 'many conditions must be settled')
})

/** A settled condition in the words of the domain; what is absent becomes a comparison with an attribute nobody has. */
function asExpression(settled: ReturnType<typeof settle>): Expression {
  switch (settled.kind) {
    case 'truth':
      return settled.value === 'absent'
        ? { kind: 'comparison', attribute: 'attr.nobody', operator: '==', value: 0 }
        : { kind: 'constant', value: settled.value }
    case 'not':
      return { kind: 'not', of: asExpression(settled.of) }
    case 'and':
    case 'or':
      return { kind: settled.kind, of: settled.of.map(asExpression) }
    default:
      return settled
  }
}

test('rows are combined and ordered by their keys, and a key of too many values is left out', () => {
  const keys = fc.array(fc.integer({ min: -1, max: 3 }), { minLength: 50, maxLength: 400, size: 'max' })
  fc.assert(
    fc.property(keys, keys, (first, second) => {
      const rows = Math.min(first.length, second.length)
      const of = (values: readonly number[]) => ({
        values: Int32Array.from(values.slice(0, rows)),
        offset: 1,
        bound: 5,
      })
      const unique = { values: Int32Array.from({ length: rows }, (_, row) => row), offset: 0, bound: rows }
      const { codes, count, used } = combine(rows, [of(first), unique, of(second)], 2)
      assert.deepEqual(used, [true, false, true])
      const pairs = new Map<string, number>()
      for (let row = 0; row < rows; row += 1) {
        const pair = `${first[row]}/${second[row]}`
        assert.equal(codes[row], pairs.get(pair) ?? codes[row])
        pairs.set(pair, codes[row] as number)
      }
      assert.equal(pairs.size, count)
      const order = [...orderBy(rows, [of(first), of(second)])]
      const expected = Array.from({ length: rows }, (_, row) => row).sort(
        (left, right) =>
          (first[left] as number) - (first[right] as number) ||
          (second[left] as number) - (second[right] as number) ||
          left - right,
      )
      assert.deepEqual(order, expected)
    }),
    { seed: SEED, numRuns: 60 },
  )
})

test('what the loops read of a snapshot takes less than half the memory of its columns', () => {
  const columns = generatedColumns(20_000)
  const seen = new Set<unknown>()
  const bytesIn = (value: unknown): number => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return 0
    seen.add(value)
    if (ArrayBuffer.isView(value)) return value.byteLength
    const parts = value instanceof Map ? [...value.values()] : Object.values(value)
    return parts.reduce((sum: number, part) => sum + bytesIn(part), 0)
  }
  const { support, ...prepared } = prepareSnapshot(columns, false)
  assert.ok(support.tables.byteLength <= 20_001 * 2 * columns.segment.dictionary.length)
  const held = bytesIn({ ...columns, quoteIds: null })
  const taken = bytesIn(prepared)
  assert.ok(taken > 40 * columns.rows && taken < held / 2, `${taken} bytes beside ${held}`)
})
