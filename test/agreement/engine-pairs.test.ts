import assert from 'node:assert/strict'
import { test } from 'node:test'
import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import type { ReplayEngine } from '../../src/domain/replay.ts'
import { agreeOnPairs, WAYS } from '../support/engine-agreement.ts'

const SEED = Number(process.env.QUOTEY_TEST_SEED ?? Date.now() % 1_000_000)

// Streaming writes a file for each task: its own test holds it to fewer.
const { sql, streamed: _, ...columnar } = WAYS

test('R2 R1 on generated pairs of policies every thread, cut and order gives what the oracle gives, to the last integer', async t => {
  const { pairs, scored, impacted, kinds, disagreements } = await agreeOnPairs({
    ways: columnar,
    pairs: 300,
    seed: SEED,
  })
  t.diagnostic(`seed ${SEED}: ${pairs} pairs, ${scored} quotes scored, ${impacted} impacted`)
  t.diagnostic(`pairs by kind: ${JSON.stringify(kinds)}`)
  assert.deepEqual(disagreements, [])
  for (const [kind, count] of Object.entries(kinds)) assert.ok(count > 0, kind)
})

test('R2 on generated pairs of policies SQL gives what the oracle gives, to the last integer', async t => {
  const { pairs, scored, impacted, disagreements } = await agreeOnPairs({
    ways: { sql } as typeof WAYS,
    pairs: 300,
    seed: SEED,
    lanes: 2,
  })
  t.diagnostic(`seed ${SEED}: ${pairs} pairs, ${scored} quotes scored, ${impacted} impacted`)
  assert.deepEqual(disagreements, [])
})

/** An engine that is wrong by one cent, where a change reaches at least three quotes. */
const offByOneCent = (): ReplayEngine => {
  const engine = columnarEngine({ threads: 0 })
  return {
    ...engine,
    evaluate: async task => {
      const right = await engine.evaluate(task)
      return right.map(sums => (sums.impacted < 3 ? sums : { ...sums, value_cents: sums.value_cents + 1n }))
    },
  }
}

test('an engine that is wrong by one cent is found, and told with its seed and a smallest task', async () => {
  const { disagreements } = await agreeOnPairs({ ways: { wrong: offByOneCent }, pairs: 60, seed: 1 })
  assert.ok(disagreements.length > 2)
  for (const told of disagreements) assert.match(told, /^wrong, seed \d+/)
  for (const told of disagreements.slice(0, 2)) {
    const task = /^wrong, seed \d+: (.*)$/m.exec(told)?.[1] as string
    const { quotes } = JSON.parse(task) as { readonly quotes: readonly unknown[] }
    assert.ok(quotes.length >= 3 && quotes.length <= 60, `${quotes.length} quotes`)
  }
})

test('an engine that ends a task with a fault is told with its seed, and the others go on', async () => {
  const engine = columnarEngine({ threads: 0 })
  const faulty: ReplayEngine = {
    ...engine,
    evaluate: async task => {
      if (task.columns.rows > 60) throw new Error('too many')
      return engine.evaluate(task)
    },
  }
  const { pairs, disagreements } = await agreeOnPairs({ ways: { faulty: () => faulty }, pairs: 60, seed: 1 })
  assert.equal(pairs, 60)
  assert.ok(disagreements.length > 0 && disagreements.length < 20)
  for (const told of disagreements) assert.match(told, /^faulty, seed \d+: no answer, Error: too many$/)
})
