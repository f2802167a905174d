import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { quoteFiles } from '../../src/adapters/quote-files.ts'
import { auditFitness } from '../../src/domain/fitness.ts'
import type { FitnessAudit } from '../../src/domain/fitness-finding.ts'

/** Other people's quotes lie beside a checkout where they are at hand; the repository holds none. */
const pathOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const absent = (name: string): string | false =>
  existsSync(pathOf(`../shared/data/${name}.csv`)) ? false : `${name}.csv is not beside this checkout`

async function auditOf(name: string): Promise<FitnessAudit> {
  const path = pathOf(`../shared/data/${name}.csv`)
  const map = pathOf(`examples/${name}.map.yaml`)
  const file = await quoteFiles(() => undefined).read(path, map, null)
  if (!file.ok) throw new Error(file.refusal.message)
  return auditFitness(file.value.columns, { thinSegmentQuotes: 200 })
}

const codes = (audit: FitnessAudit): readonly string[] => audit.findings.map(finding => finding.code)

test('E3 renewal quotes: the raw response has the wrong sign, and what cannot be seen is named', {
  skip: absent('renewal-quotes'),
}, async () => {
  const audit = await auditOf('renewal-quotes')
  assert.equal(audit.verdict, 'limited')
  for (const code of ['response_sign_unstable', 'no_overlap', 'undated', 'approvals_unrecorded']) {
    assert.ok(codes(audit).includes(code), code)
  }
  const { raw_response: raw, adjusted_response: adjusted } = audit.figures
  // An independent fit of this file found renewal falling with larger cuts before, rising after adjustment.
  assert.ok((raw?.upper_ppm_per_100_bps ?? 0) < 0)
  assert.ok((adjusted?.lower_ppm_per_100_bps ?? 0) > 0)
  const overlap = audit.findings.find(finding => finding.code === 'no_overlap')
  assert.equal(overlap?.facts.strongest_column, 'segment', 'cuts follow the bonus class')
})

test('E3 tender bids: without cost nothing is learned about margin, and bids of one tender compete', {
  skip: absent('tender-bids'),
}, async () => {
  const audit = await auditOf('tender-bids')
  assert.equal(audit.verdict, 'unfit')
  assert.equal(audit.findings[0]?.code, 'cost_missing')
  const competing = audit.findings.find(finding => finding.code === 'competing_quotes')
  assert.ok(Number(competing?.facts.clusters_of_several) > 1000)
  assert.ok(!codes(audit).includes('losing_prices_missing'), 'the prices of lost bids are known')
})
