import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import fc from 'fast-check'
import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import { sqlEngine } from '../../src/adapters/sql/engine.ts'
import { permuteRows, scatteredOrder } from '../../src/domain/permute.ts'
import type { PolicyDocument, Rule } from '../../src/domain/policy.ts'
import type { Quote } from '../../src/domain/quote.ts'
import { type ReplayTask, WHOLE_SNAPSHOT } from '../../src/domain/replay.ts'
import { arbitraryTask, checked, named } from '../support/generate-task.ts'
import { columnsOfQuotes } from '../support/quote-columns.ts'

const SEED = Number(process.env.QUOTEY_TEST_SEED ?? Date.now() % 1_000_000)

const oracle = oracleEngine()
const sql = sqlEngine()

async function agrees(given: ReplayTask): Promise<void> {
  assert.deepEqual(await sql.evaluate(given), await oracle.evaluate(given))
}

test('R1 row order changes no byte of what the sql engine sums', async () => {
  for (const given of fc.sample(arbitraryTask(), { seed: SEED, numRuns: 2 })) {
    const columns = permuteRows(given.columns, scatteredOrder(given.columns.rows))
    const scattered = { ...given, columns }
    assert.deepEqual(named(await sql.evaluate(scattered), scattered), named(await sql.evaluate(given), given))
  }
})

const QUOTE: Quote = {
  quoteId: 'q',
  segment: 'smb',
  region: 'emea',
  productFamily: '',
  listCents: 1_000_000_000_000,
  costCents: 0,
  requestedDiscountBps: -10_000,
  grantedDiscountBps: 10_000,
  netCents: null,
  approvalRequired: true,
  approvalOutcome: 'approved',
  approvalLatencySeconds: 3,
  outcome: 'won',
  quotedAt: null,
  closedAt: null,
  policyVersion: null,
  cluster: 'c',
  attributes: {},
}

const policy = (rules: readonly Rule[]): PolicyDocument => ({ schema: 'clo_policy.v1', name: 'named', rules })

const taskOf = (
  quotes: readonly Partial<Quote>[],
  base: readonly Rule[],
  candidate: readonly Rule[],
): ReplayTask => ({
  snapshotDigest: 'sha256:00',
  columns: columnsOfQuotes(quotes.map((quote, at) => ({ ...QUOTE, quoteId: `q${at}`, ...quote }))),
  base: checked(policy(base)),
  candidates: [checked(policy(candidate)), checked(policy([]))],
  scope: WHOLE_SNAPSHOT,
  model: null,
})

test('R2 totals beyond 64 bits stay exact in SQL', async () => {
  const model = {
    schema: 'clo_response_model.v1',
    size_bounds_cents: [],
    factors: [],
    fits: Array.from({ length: 33 }, () => ({
      intercept_micro: 0,
      level_micro: [],
      size_micro: [],
      approval_micro: 0,
      slope_nano: 1_000_000,
      slope_nano_by_segment: {},
    })),
    slope_offset_nano: 1_000,
    thin_segments: [],
    student_t_ppm: { two_sided_95: 0, one_sided_by_tunables: [] },
    groups_used: [],
  } as const
  const given = taskOf(
    Array.from({ length: 100 }, () => ({ requestedDiscountBps: 10_000, costCents: 1_000_000_000_000 })),
    [],
    [{ id: 'cap', kind: 'discount_cap', when: 'true', params: { cap_bps: -10_000 } }],
  )
  const wide = { ...given, model }
  const [sums] = await sql.evaluate(wide)
  assert.ok((sums?.response?.[0]?.expected_delta.point ?? 0n) > 2n ** 63n, 'the sum must pass 64 bits')
  await agrees(wide)
})

test('R2 texts with quotes, zero bytes and words of SQL are compared as texts', async () => {
  const words = ["o'brien", 'a\0b', 'a', '"; drop view quotes; --', "'' or true", 'é\u0301', '公']
  const rules = words.map(
    (word, at): Rule => ({
      id: `rule'${at}`,
      kind: 'approval',
      when: `quote.segment == ${JSON.stringify(word)} || quote.region in [${JSON.stringify(word)}]`,
      approver: word,
    }),
  )
  const given = taskOf(
    words.flatMap(word => [
      { segment: word.normalize('NFC') },
      { region: word.normalize('NFC'), segment: 'none' },
    ]),
    rules,
    rules.slice(1),
  )
  await agrees(given)
  await agrees({ ...given, scope: { ...WHOLE_SNAPSHOT, segments: words.slice(0, 3) } })
  const [sums] = await sql.evaluate(given)
  assert.equal(sums?.impacted, 2)
})

test('R2 zero prices, halves, empty scopes, duplicate and contradictory rules come out alike', async () => {
  const rules: readonly Rule[] = [
    { id: 'low', kind: 'discount_cap', when: 'true', params: { cap_bps: 5_000 } },
    { id: 'low-again', kind: 'discount_cap', when: 'true', params: { cap_bps: 5_000 } },
    { id: 'never', kind: 'prohibit', when: 'quote.region == "emea" && !(quote.region == "emea")' },
    { id: 'always', kind: 'prohibit', when: 'quote.region == "emea" || !(quote.region == "emea")' },
    { id: 'floor', kind: 'margin_floor', when: 'quote.margin_bps < 0', params: { floor_bps: -100_000 } },
  ]
  const prices = [1, 2, 3, 19_999, 20_001, 1_000_000_000_000]
  const quotes = prices.flatMap(listCents =>
    [10_000, 9_999, 5_000, 1, 0, -1, -9_999].map(requestedDiscountBps => ({
      listCents,
      requestedDiscountBps,
      costCents: listCents % 2 === 0 ? null : 2,
    })),
  )
  const given = taskOf(quotes, rules, rules.slice(2))
  await agrees(given)
  await agrees({ ...given, scope: { ...WHOLE_SNAPSHOT, quote_ids: ['nobody'] } })
  await agrees(taskOf([], rules, []))
})

test('the sql engine leaves no file behind, also where a task cannot be done', async () => {
  const left = () => readdirSync(tmpdir()).filter(name => name.startsWith(`quotey-sql-${process.pid}-`))
  const given = taskOf([{}], [], [])
  await sql.evaluate(given)
  const broken = { ...given, scope: { ...WHOLE_SNAPSHOT, segments: [null as unknown as string] } }
  await assert.rejects(sql.evaluate(broken))
  assert.deepEqual(left(), [])
})
