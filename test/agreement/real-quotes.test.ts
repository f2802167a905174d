import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import { quoteFiles } from '../../src/adapters/quote-files.ts'
import { sqlEngine } from '../../src/adapters/sql/engine.ts'
import type { PolicyDocument } from '../../src/domain/policy.ts'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import { practisedPolicy } from '../../src/domain/practised-policy.ts'
import { type ReplayEngine, type ReplayTask, WHOLE_SNAPSHOT } from '../../src/domain/replay.ts'
import { fitResponse } from '../../src/domain/response-fit.ts'
import { snapshotDigest } from '../../src/evidence/snapshot-digest.ts'
import { valueIn } from '../support/fresh-home.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const shared = join(root, '..', 'shared', 'data')

for (const name of ['renewal-quotes', 'tender-bids']) {
  const path = join(shared, `${name}.csv`)
  const skip = existsSync(path) ? false : `${path} is not on this machine`
  test(`R2 all engines give one result on the real quotes of ${name}`, { skip }, async () => {
    const map = join(root, 'examples', `${name}.map.yaml`)
    const { columns } = valueIn(await quoteFiles(() => undefined).read(path, map, null))
    const base = practisedPolicy(columns)
    const fitted = fitResponse(columns, { thinSegmentQuotes: 200, sensitivityOffsetShare: 0.5 })
    const task: ReplayTask = {
      snapshotDigest: snapshotDigest(columns),
      columns,
      base: valueIn(checkPolicy(base)),
      candidates: [valueIn(checkPolicy(tighter(base)))],
      scope: WHOLE_SNAPSHOT,
      model: fitted.kind === 'fitted' ? fitted.model : null,
    }
    const oracle = await resultsOf(oracleEngine(), task)
    assert.equal(await resultsOf(columnarEngine(), task), oracle)
    assert.equal(await resultsOf(sqlEngine(), task), oracle)
    assert.ok(JSON.parse(oracle)[0].scored > 5000, 'most quotes were scored')
  })
}

/** Every cap a step lower, so that many quotes are decided anew. */
const tighter = (policy: PolicyDocument): PolicyDocument => ({
  ...policy,
  rules: policy.rules.map(rule =>
    rule.kind === 'discount_cap' ? { ...rule, params: { cap_bps: (rule.params?.cap_bps ?? 0) - 50 } } : rule,
  ),
})

async function resultsOf(engine: ReplayEngine, task: ReplayTask): Promise<string> {
  try {
    const sums = await engine.evaluate(task)
    return JSON.stringify(sums, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  } finally {
    await engine.close()
  }
}
