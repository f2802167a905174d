import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import { WAYS } from '../support/engine-agreement.ts'
import { named } from '../support/generate-task.ts'
import { LARGEST_TASK, NAMED_TASKS } from '../support/named-tasks.ts'

const oracle = oracleEngine()
const engines = Object.entries(WAYS).map(([way, open]) => ({ way, engine: open() }))
after(() => Promise.all(engines.map(({ engine }) => engine.close())))

for (const { name, task, impacted } of [...NAMED_TASKS, LARGEST_TASK]) {
  test(`R2 R1 every engine gives what the oracle gives: ${name}`, async () => {
    const given = task()
    const expected = await oracle.evaluate(given)
    assert.equal(expected[0]?.impacted, impacted)
    for (const { way, engine } of engines) {
      assert.deepEqual(named(await engine.evaluate(given), given), named(expected, given), way)
    }
  })
}

test('R2 of offers in one segment fifty others support one, and forty-nine or a basis point further do not', async () => {
  const reweighted = NAMED_TASKS.find(({ name }) => name === 'offers supported by fifty others')
  const [sums] = await oracle.evaluate((reweighted as (typeof NAMED_TASKS)[number]).task())
  assert.equal(sums?.support.reweighted, 1)
})
