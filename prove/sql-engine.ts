import assert from 'node:assert/strict'
import fc from 'fast-check'
import { oracleEngine } from '../src/adapters/oracle-engine.ts'
import { sqlEngine } from '../src/adapters/sql/engine.ts'
import { arbitraryTask } from '../test/support/generate-task.ts'
import type { ProofOptions } from './main.ts'

const TASKS = 300

/**
 * R2 at length: over generated policies, snapshots, scopes and models, three candidates each, the sql engine gives what the
 * oracle gives, to the last integer. `--tasks` and `--seed` choose others.
 */
export async function prove(options: ProofOptions): Promise<boolean> {
  const tasks = Number(options.tasks ?? TASKS)
  const seed = Number(options.seed ?? 1)
  const [sql, oracle] = [sqlEngine(), oracleEngine()]
  let scored = 0
  let impacted = 0
  let differing = 0
  for (const [at, task] of fc.sample(arbitraryTask(), { seed, numRuns: tasks }).entries()) {
    const found = await sql.evaluate(task)
    try {
      assert.deepEqual(found, await oracle.evaluate(task))
    } catch (fault) {
      differing += 1
      console.log(`task ${at} of seed ${seed}: ${String(fault).split('\n').slice(0, 12).join('\n')}`)
    }
    for (const sums of found) {
      scored += sums.scored
      impacted += sums.impacted
    }
  }
  console.log(
    `seed ${seed}: ${tasks} tasks, ${3 * tasks} pairs of policies, ${scored} quotes scored, ${impacted} impacted`,
  )
  console.log(`${differing} tasks came out otherwise; limit 0`)
  return differing === 0 && impacted > 0
}
