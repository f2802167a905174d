import assert from 'node:assert/strict'
import type { Refusal } from '../../src/domain/refusal.ts'
import { BrokenState } from '../../src/loop/ports.ts'

/** The refusal that ends a step which a store or a database cannot carry out. */
export async function obstacle(step: Promise<unknown>): Promise<Refusal> {
  const error = await step.then(
    () => assert.fail('it went through'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof BrokenState, String(error))
  assert.ok(error.refusal.remedy.length > 0)
  return error.refusal
}
