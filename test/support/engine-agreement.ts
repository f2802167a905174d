import assert from 'node:assert/strict'
import fc from 'fast-check'
import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import { sqlEngine } from '../../src/adapters/sql/engine.ts'
import { permuteRows, scatteredOrder } from '../../src/domain/permute.ts'
import { quoteAt } from '../../src/domain/quote.ts'
import type { ReplayEngine, ReplaySums, ReplayTask } from '../../src/domain/replay.ts'
import { arbitraryTask, named } from './generate-task.ts'
import { streamedParts } from './streamed-parts.ts'
import { countKinds, type KindCounts, noKinds } from './task-kinds.ts'

/** Ways to evaluate a task that must all give what the oracle gives, by the name they go under. */
export const WAYS: Readonly<Record<string, () => ReplayEngine>> = {
  columnar: () => columnarEngine({ threads: 0 }),
  runs: () => columnarEngine({ threads: 0, runRows: 1 }),
  partitions: () => columnarEngine({ partitions: 3, runRows: 16 }),
  threads: () => columnarEngine({ threads: 2 }),
  scattered: () => overScatteredRows(columnarEngine({ threads: 0 })),
  repeated: () => askedTwice(columnarEngine({ threads: 0 })),
  streamed: () => streamedParts(),
  sql: () => sqlEngine(),
}

/** The same engine asked about the rows in another order; its movers are given as rows of the first order. */
function overScatteredRows(engine: ReplayEngine): ReplayEngine {
  return {
    name: engine.name,
    close: () => engine.close(),
    async evaluate(task) {
      const order = scatteredOrder(task.columns.rows)
      const sums = await engine.evaluate({ ...task, columns: permuteRows(task.columns, order) })
      const there = (rows: readonly number[]): readonly number[] => rows.map(row => order[row] as number)
      return sums.map(each => ({
        ...each,
        losing_rows: there(each.losing_rows),
        gaining_rows: there(each.gaining_rows),
      }))
    },
  }
}

/** The same engine, whose second answer counts. */
const askedTwice = (engine: ReplayEngine): ReplayEngine => ({
  name: engine.name,
  close: () => engine.close(),
  async evaluate(task) {
    await engine.evaluate(task)
    return engine.evaluate(task)
  },
})

/** Tasks hold three pairs each: a base with a change of it, with a policy of its own, and with itself. */
export const PAIRS_PER_TASK = 3

export interface Agreement {
  readonly pairs: number
  readonly scored: number
  readonly impacted: number
  /** Pairs by kind. */
  readonly kinds: KindCounts
  /** One text for each task that came out otherwise: way, seed, shrunk task. */
  readonly disagreements: readonly string[]
}

export interface AgreementRequest {
  readonly ways: Readonly<Record<string, () => ReplayEngine>>
  readonly pairs: number
  /** The task at position n is made from `seed + n` alone. */
  readonly seed: number
  /** Tasks under way at a time. */
  readonly lanes?: number
  readonly onProgress?: (pairs: number) => void
}

/** Compares every way with the oracle, to the last integer, over generated tasks. What differs is shrunk and told, never thrown. */
export async function agreeOnPairs(request: AgreementRequest): Promise<Agreement> {
  const oracle = oracleEngine()
  const engines = Object.entries(request.ways).map(([way, open]) => ({ way, engine: open() }))
  const tasks = Math.ceil(request.pairs / PAIRS_PER_TASK)
  const total = { scored: 0, impacted: 0, kinds: noKinds(), disagreements: [] as string[] }
  let next = 0
  let done = 0
  const lane = async (): Promise<void> => {
    for (let at = next++; at < tasks; at = next++) {
      const seed = request.seed + at
      const task = taskOf(seed)
      const expected = await oracle.evaluate(task)
      for (const { way, engine } of engines) {
        const found = await engine.evaluate(task).catch((fault: unknown) => String(fault))
        if (typeof found === 'string') {
          total.disagreements.push(`${way}, seed ${seed}: no answer, ${found}`)
          continue
        }
        if (isSame(task, found, expected)) continue
        if (total.disagreements.length < SHRUNK_MAX)
          total.disagreements.push(`${way}, seed ${seed}: ${await shrunk(seed, oracle, engine)}`)
        else total.disagreements.push(`${way}, seed ${seed}`)
      }
      countKinds(total.kinds, task, expected)
      for (const sums of expected) {
        total.scored += sums.scored
        total.impacted += sums.impacted
      }
      done += 1
      request.onProgress?.(done * PAIRS_PER_TASK)
    }
  }
  try {
    await Promise.all(Array.from({ length: request.lanes ?? 1 }, lane))
  } finally {
    await Promise.all(engines.map(({ engine }) => engine.close()))
  }
  return { ...total, pairs: tasks * PAIRS_PER_TASK }
}

const taskOf = (seed: number): ReplayTask => {
  const [task] = fc.sample(arbitraryTask(), { seed, numRuns: 1 })
  assert.ok(task !== undefined)
  return task
}

function isSame(task: ReplayTask, found: readonly ReplaySums[], expected: readonly ReplaySums[]): boolean {
  try {
    assert.deepEqual(named(found, task), named(expected, task))
    return true
  } catch {
    return false
  }
}

/** Shrinking asks again and again, and a database may take a second to answer. */
const SHRINKS_MAX = 400
const SHRINKING_MS_MAX = 60_000
/** The first few say what is wrong; of the others the seed is enough. */
const SHRUNK_MAX = 2

/** The smallest task found on which the two still differ, as text that can become a named case, and how they differ. */
async function shrunk(seed: number, oracle: ReplayEngine, engine: ReplayEngine): Promise<string> {
  let asked = 0
  const deadline = performance.now() + SHRINKING_MS_MAX
  const property = fc.asyncProperty(arbitraryTask(), async task => {
    if (asked++ > SHRINKS_MAX || (asked > 1 && performance.now() > deadline)) return
    assert.deepEqual(named(await engine.evaluate(task), task), named(await oracle.evaluate(task), task))
  })
  const result = await fc.check(property, { seed, numRuns: 1 })
  const [task] = result.counterexample ?? []
  if (task === undefined) return 'it came out right when asked again'
  const { base, candidates, columns, scope, model } = task
  const [rules, ...others] = [base, ...candidates].map(policy => policy.document.rules)
  const quotes = Array.from({ length: columns.rows }, (_, row) => quoteAt(columns, row))
  const difference = String(result.errorInstance).split('\n').slice(0, 30).join('\n')
  return `${JSON.stringify({ base: rules, candidates: others, quotes, scope, model })}\n${difference}`
}
