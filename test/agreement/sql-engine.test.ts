import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import fc from 'fast-check'
import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import { sqlEngine } from '../../src/adapters/sql/engine.ts'
import { CONDITION_PARTS_MAX } from '../../src/domain/cel.ts'
import { permuteRows, scatteredOrder } from '../../src/domain/permute.ts'
import { type ReplayTask, WHOLE_SNAPSHOT } from '../../src/domain/replay.ts'
import { arbitraryTask, named } from '../support/generate-task.ts'
import { inheritedNamesTask, sharpTask, taskOf, textTask, wideTask } from '../support/sql-tasks.ts'

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

test('R2 totals beyond 64 bits stay exact in SQL', async () => {
  const wide = wideTask()
  const [sums] = await sql.evaluate(wide)
  assert.ok((sums?.response?.[0]?.expected_delta.point ?? 0n) > 2n ** 63n, 'the sum must pass 64 bits')
  await agrees(wide)
})

test('R2 texts with quotes, zero bytes and words of SQL are compared as texts', async () => {
  const given = textTask()
  await agrees(given)
  await agrees({ ...given, scope: { ...WHOLE_SNAPSHOT, segments: ["o'brien", 'a\0b', 'a'] } })
  const [sums] = await sql.evaluate(given)
  assert.equal(sums?.impacted, 2)
})

test('R2 zero prices, halves, empty scopes, duplicate and contradictory rules come out alike', async () => {
  const given = sharpTask()
  await agrees(given)
  await agrees({ ...given, scope: { ...WHOLE_SNAPSHOT, quote_ids: ['nobody'] } })
  await agrees(taskOf([], given.base.document.rules, []))
})

test('R2 cohorts whose names come out the same are counted together by each engine', async () => {
  const given = taskOf(
    [
      { segment: 'a/b', region: 'c', requestedDiscountBps: 900 },
      { segment: 'a', region: 'b/c', requestedDiscountBps: 900 },
    ],
    [],
    [{ id: 'cap', kind: 'discount_cap', when: 'true', params: { cap_bps: 500 } }],
  )
  const [sums] = await oracle.evaluate(given)
  assert.deepEqual(sums?.impacted_cohorts, { 'a/b/c': 2 })
  await agrees(given)
  assert.deepEqual(await columnarEngine({ threads: 0 }).evaluate(given), await oracle.evaluate(given))
})

test('R2 what is called like something that every object has is summed as itself by each engine', async () => {
  const given = inheritedNamesTask()
  const [sums] = await oracle.evaluate(given)
  assert.deepEqual([sums?.scored, sums?.not_replayable.attribute_absent, sums?.impacted], [5, 5, 5])
  await agrees(given)
  assert.deepEqual(await columnarEngine({ threads: 0 }).evaluate(given), await oracle.evaluate(given))
})

test('R2 conditions as large as the check lets pass are replayed by each engine', async () => {
  const chain = Array.from({ length: CONDITION_PARTS_MAX - 1 }, (_, at) => `quote.list_cents == ${at}`)
  const given = taskOf(
    [{}, { listCents: 7 }],
    [],
    [
      { id: 'any', kind: 'prohibit', when: chain.join(' || ') },
      { id: 'not', kind: 'approval', when: `${'!'.repeat(CONDITION_PARTS_MAX - 2)}true` },
    ],
  )
  const [sums] = await oracle.evaluate(given)
  assert.equal(sums?.impacted, 2)
  await agrees(given)
  assert.deepEqual(await columnarEngine({ threads: 0 }).evaluate(given), await oracle.evaluate(given))
})

test('the sql engine leaves no file behind, also where a task cannot be done', async () => {
  const left = () => readdirSync(tmpdir()).filter(name => name.startsWith(`quotey-sql-${process.pid}-`))
  const given = taskOf([{}], [], [])
  await sql.evaluate(given)
  const broken = { ...given, scope: { ...WHOLE_SNAPSHOT, segments: [null as unknown as string] } }
  await assert.rejects(sql.evaluate(broken))
  assert.deepEqual(left(), [])
})
