import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { generatedColumns, generatedModel } from '../../bench/generated-columns.ts'
import { twelveRules, withParams } from '../../bench/twelve-rules.ts'
import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import { fastMarginBps, fastNetCents } from '../../src/adapters/columnar/fast-arithmetic.ts'
import { supportClass, supportTables } from '../../src/adapters/columnar/support-table.ts'
import {
  addCents,
  addPpmCents,
  CENTS_CELLS,
  PPM_CENTS_CELLS,
  readCents,
  readPpmCents,
} from '../../src/adapters/columnar/wide.ts'
import { oracleDecision, oracleRules, roundedHalfAway } from '../../src/adapters/oracle/decision.ts'
import { isInScope } from '../../src/adapters/oracle/evidence.ts'
import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import { marginBps, netCents } from '../../src/domain/arithmetic.ts'
import { type Decision, decide } from '../../src/domain/decision.ts'
import { permuteRows, scatteredOrder } from '../../src/domain/permute.ts'
import type { CheckedPolicy, PolicyDocument } from '../../src/domain/policy.ts'
import { type QuoteColumns, quoteAt } from '../../src/domain/quote.ts'
import { type ReplaySums, type ReplayTask, WHOLE_SNAPSHOT } from '../../src/domain/replay.ts'
import { changedRules } from '../../src/domain/rule-effects.ts'
import { arbitraryPolicy, arbitraryRule } from '../support/generate-policy.ts'
import { arbitraryColumns } from '../support/generate-quotes.ts'
import { arbitraryTask, checked, named } from '../support/generate-task.ts'
import { columnsOfQuotes } from '../support/quote-columns.ts'

const SEED = Number(process.env.QUOTEY_TEST_SEED ?? Date.now() % 1_000_000)

const task = arbitraryTask()

const oracle = oracleEngine()
const oneThread = columnarEngine({ threads: 0 })
const threePartitions = columnarEngine({ partitions: 3 })
const twoWorkers = columnarEngine({ threads: 2 })
after(() => twoWorkers.close())

test('R1 the oracle itself does not depend on row order', async () => {
  for (const given of fc.sample(task, { seed: SEED, numRuns: 15 })) {
    const columns = permuteRows(given.columns, scatteredOrder(given.columns.rows))
    const scattered = { ...given, columns }
    assert.deepEqual(
      named(await oracle.evaluate(scattered), scattered),
      named(await oracle.evaluate(given), given),
    )
  }
})

test('R4 in every replay the quotes in scope are open, not replayable or scored', async () => {
  for (const given of fc.sample(task, { seed: SEED, numRuns: 60 })) {
    for (const sums of await oneThread.evaluate(given)) {
      const failed = sums.not_replayable.attribute_absent + sums.not_replayable.cost_absent
      assert.equal(sums.in_scope, sums.open + failed + sums.scored)
      const { observed, reweighted, extrapolated } = sums.support
      assert.equal(sums.scored, observed + reweighted + extrapolated)
      const groups = sums.groups.reduce((total, group) => total + group.scored, 0)
      const segments = Object.values(sums.by_segment).reduce((total, slice) => total + slice.scored, 0)
      const cohorts = Object.values(sums.impacted_cohorts).reduce((total, count) => total + count, 0)
      assert.deepEqual([groups, segments, cohorts], [sums.scored, sums.scored, sums.impacted])
    }
  }
})

test('R2 deciding one quote, as the runtime does, equals the oracle', () => {
  const asked = fc.tuple(arbitraryPolicy(8), arbitraryColumns())
  fc.assert(
    fc.property(asked, ([document, columns]) => {
      const policy = checked(document)
      const rules = oracleRules(policy)
      for (let row = 0; row < columns.rows; row += 1) {
        const quote = quoteAt(columns, row)
        const expected = oracleDecision(rules, quote)
        const found = decide(policy, quote)
        if (expected.kind !== 'decided' || found.kind !== 'decided') {
          assert.deepEqual(found, expected)
          continue
        }
        assert.equal(found.grantedDiscountBps, Number(expected.granted))
        assert.equal(found.netCents, Number(expected.net))
        assert.equal(found.marginBps, expected.margin === null ? null : Number(expected.margin))
        assert.equal(found.approvalRequired, expected.approval)
        assert.deepEqual(new Set(found.approvers), expected.approvers)
        assert.deepEqual(new Set(found.violations), expected.violations)
      }
    }),
    { seed: SEED, numRuns: 120 },
  )
})

test('R2 policies of more rules and approvers than a word has bits are told apart to the last rule', async () => {
  // A rule that may be absent would leave few quotes of so many rules to be decided.
  const decidable = (id: string) =>
    arbitraryRule(id).filter(({ kind, when }) => kind !== 'margin_floor' && !/attr|cost|margin/.test(when))
  const rules = fc
    .integer({ min: 34, max: 70 })
    .chain(count => fc.tuple(...Array.from({ length: count }, (_, at) => decidable(`rule-${at}`))))
    .map(made =>
      made.map((rule, at) => (rule.kind === 'approval' ? { ...rule, approver: `person-${at % 37}` } : rule)),
    )
  const tasks = fc.record({
    before: rules,
    after: rules,
    kept: fc.nat({ max: 33 }),
    columns: arbitraryColumns(),
  })
  const policyOf = (chosen: PolicyDocument['rules']): CheckedPolicy =>
    checked({ schema: 'clo_policy.v1', name: 'many', rules: chosen })
  let impacted = 0
  for (const { before, after, kept, columns } of fc.sample(tasks, { seed: SEED, numRuns: 12 })) {
    const given: ReplayTask = {
      snapshotDigest: 'sha256:00',
      columns,
      base: policyOf(before),
      candidates: [policyOf([...before.slice(0, kept), ...after.slice(kept)])],
      scope: WHOLE_SNAPSHOT,
      model: null,
    }
    const expected = await oracle.evaluate(given)
    assert.deepEqual(await oneThread.evaluate(given), expected, `seed ${SEED}`)
    impacted += expected[0]?.impacted ?? 0
  }
  assert.ok(impacted > 50, `${impacted} quotes impacted`)
})

test('R2 the rules that changed a quote are the same for the runtime and the oracle', async () => {
  let movers = 0
  for (const given of fc.sample(task, { seed: SEED, numRuns: 80 })) {
    const [candidate] = given.candidates as [CheckedPolicy]
    const [sums] = (await oracle.evaluate(given)) as [ReplaySums]
    const byRule = new Map<string, number>()
    for (let row = 0; row < given.columns.rows; row += 1) {
      const quote = quoteAt(given.columns, row)
      if (quote.outcome === 'open' || !isInScope(given.scope, quote)) continue
      const before = decide(given.base, quote)
      const after = decide(candidate, quote)
      if (before.kind !== 'decided' || after.kind !== 'decided') continue
      if (!isImpacted(before, after)) continue
      const under = { base: before, candidate: after }
      const ids = changedRules(given.base, candidate, quote.requestedDiscountBps, under)
      assert.ok(ids.length > 0, 'some rule changed an impacted quote')
      for (const id of ids) byRule.set(id, (byRule.get(id) ?? 0) + 1)
      movers += 1
    }
    const expected = Object.entries(sums.by_rule).map(([id, slice]) => [id, slice.impacted])
    assert.deepEqual(Object.fromEntries(byRule), Object.fromEntries(expected))
  }
  assert.ok(movers > 100, 'some quotes must be impacted')
})

const isImpacted = (before: Decision, after: Decision): boolean => {
  const shape = ({ grantedDiscountBps, approvalRequired, approvers, violations }: Decision): string =>
    JSON.stringify([grantedDiscountBps, approvalRequired, [...approvers].sort(), [...violations].sort()])
  return shape(before) !== shape(after)
}

test('R1 the fast formulas of the columnar engine equal the plain ones at every size of money', () => {
  const money = fc.oneof(
    fc.integer({ min: 0, max: 1_000_000_000_000 }),
    fc.integer({ min: 0, max: 100_000 }),
    fc.integer({ min: -50, max: 50 }).map(by => 500_000_000_000 + by),
  )
  const bps = fc.integer({ min: -10_000, max: 10_000 })
  fc.assert(
    fc.property(money, money, bps, (list, cost, granted) => {
      const net = fastNetCents(list, granted)
      assert.equal(net, netCents(list, granted))
      assert.equal(net, list - Number(roundedHalfAway(BigInt(list) * BigInt(granted), 10_000n)))
      assert.equal(fastMarginBps(net, cost) + 0, marginBps(net, cost) + 0)
    }),
    { seed: SEED, numRuns: 20_000 },
  )
})

test('wide sums in cells equal wide integers', () => {
  const steps = fc.array(
    fc.tuple(
      fc.integer({ min: -(2 ** 42), max: 2 ** 42 }),
      fc.integer({ min: -(2 ** 51), max: 2 ** 51 }),
      fc.integer({ min: -(2 ** 51), max: 2 ** 51 }),
    ),
    { minLength: 50, maxLength: 400 },
  )
  fc.assert(
    fc.property(steps, added => {
      const cents = new Float64Array(CENTS_CELLS)
      const ppmCents = new Float64Array(PPM_CENTS_CELLS)
      for (const [amount, low, middle] of added) {
        addCents(cents, 0, amount)
        addPpmCents(ppmCents, 0, low, middle)
      }
      const total = (of: (step: [number, number, number]) => bigint): bigint =>
        added.reduce((sum, step) => sum + of(step), 0n)
      assert.equal(
        readCents(cents, 0),
        total(([amount]) => BigInt(amount)),
      )
      assert.equal(
        readPpmCents(ppmCents, 0),
        total(([, low, middle]) => BigInt(low) + BigInt(middle) * 2n ** 20n),
      )
    }),
    { seed: SEED, numRuns: 200 },
  )
})

test('R1 many chunks shared out between threads count every row once', async () => {
  const [given] = fc.sample(
    task.filter(({ columns }) => columns.rows >= 60),
    { seed: SEED, numRuns: 1 },
  ) as [ReplayTask]
  const quotes = Array.from({ length: given.columns.rows }, (_, row) => quoteAt(given.columns, row))
  const tiled = Array.from({ length: Math.ceil(40_000 / quotes.length) }, (_, tile) =>
    quotes.map(quote => ({ ...quote, quoteId: `${quote.quoteId}-${tile}` })),
  ).flat()
  const large = { ...given, columns: columnsOfQuotes(tiled), scope: WHOLE_SNAPSHOT }
  const expected = named(await oneThread.evaluate(large), large)
  assert.deepEqual(named(await twoWorkers.evaluate(large), large), expected)
  assert.deepEqual(named(await threePartitions.evaluate(large), large), expected)
})

test('support is counted to the quote: fifty within a hundred basis points, not one less or further', () => {
  const arbitraryGrants = fc.array(
    fc.record({
      grant: fc.integer({ min: 0, max: 320 }),
      approval: fc.constantFrom(0, 1, Number.NaN),
      open: fc.boolean(),
    }),
    { minLength: 80, maxLength: 400, size: 'max' },
  )
  fc.assert(
    fc.property(arbitraryGrants, logged => {
      const columns = {
        rows: logged.length,
        outcome: Int8Array.from(logged, ({ open }, at) => (open && at % 4 === 0 ? 0 : 1)),
        grantedDiscountBps: Float64Array.from(
          logged,
          ({ grant }) => grant - 10_000 * Number(grant % 7 === 6),
        ),
      } as unknown as QuoteColumns
      const approvals = Int8Array.from(logged, ({ approval }) => (Number.isNaN(approval) ? -1 : approval))
      const segment = { codes: new Int32Array(logged.length), keys: ['smb'] }
      const tables = supportTables(columns, segment, approvals)
      const nowhere = { discountBps: 99_999, approval: -1 }
      for (let grant = -10_000; grant <= -9_500; grant += 1) check(grant)
      for (let grant = -150; grant <= 500; grant += 1) check(grant)
      function check(grant: number): void {
        for (const approval of [0, 1]) {
          let near = 0
          for (let row = 0; row < logged.length; row += 1) {
            const apart = Math.abs((columns.grantedDiscountBps[row] as number) - grant)
            if (columns.outcome[row] !== 0 && approvals[row] === approval && apart <= 100) near += 1
          }
          assert.equal(supportClass(tables, 0, nowhere, grant, approval), near >= 50 ? 1 : 2)
        }
      }
    }),
    { seed: SEED, numRuns: 25 },
  )
})

test('R1 many candidates in one pass give what each gives alone and what the oracle gives, in blocks full of different offers', async () => {
  const columns = (rows: number): QuoteColumns => {
    const made = generatedColumns(rows)
    const requested = made.requestedDiscountBps.map((_, row) => (row * 7_919) % 4_001)
    const granted = requested.map((bps, row) => Math.min(bps, 2_000 + (row % 900)))
    return { ...made, requestedDiscountBps: requested, grantedDiscountBps: granted }
  }
  const base = twelveRules()
  const candidates = Array.from({ length: 8 }, (_, at) =>
    withParams(base, {
      'discount-cap-enterprise': { cap_bps: 2_900 - 130 * at },
      'discount-cap-mid-market': { cap_bps: 2_300 - 70 * at },
      'discount-cap-smb': { cap_bps: 1_700 - 90 * at },
      'margin-floor-smb': { floor_bps: 1_500 + 100 * (at % 3) },
      'manager-approval': { above_bps: 2_000 - 200 * (at % 4) },
    }),
  )
  const over = (rows: number, chosen: readonly CheckedPolicy[]): ReplayTask => ({
    snapshotDigest: 'sha256:00',
    columns: columns(rows),
    base,
    candidates: chosen,
    scope: WHOLE_SNAPSHOT,
    model: generatedModel(),
  })
  const together = await oneThread.evaluate(over(9_000, candidates))
  for (const [at, candidate] of candidates.entries()) {
    assert.deepEqual(together[at], (await oneThread.evaluate(over(9_000, [candidate])))[0])
  }
  const small = over(1_300, candidates)
  assert.deepEqual(await oneThread.evaluate(small), await oracle.evaluate(small))
})
