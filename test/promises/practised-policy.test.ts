import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkPolicy } from '../../src/domain/policy-check.ts'
import { practisedPolicy } from '../../src/domain/practised-policy.ts'
import type { Quote } from '../../src/domain/quote.ts'
import { UNDECIDED } from '../support/asked-quote.ts'
import { columnsOfQuotes } from '../support/quote-columns.ts'

const granted = (segment: string, grantedDiscountBps: number, at: number): Quote => ({
  ...UNDECIDED,
  quoteId: `q${at}`,
  segment,
  region: '',
  productFamily: '',
  listCents: 100_000,
  costCents: null,
  requestedDiscountBps: grantedDiscountBps,
  grantedDiscountBps,
  cluster: `q${at}`,
  attributes: {},
})

test('a policy as practised caps each well-known segment at the 95th percentile of its grants', () => {
  const quotes = Array.from({ length: 400 }, (_, at) => granted('smb "x"', at * 5, at))
  const policy = practisedPolicy(columnsOfQuotes(quotes))
  assert.equal(checkPolicy(policy).ok, true, JSON.stringify(checkPolicy(policy)))
  const cap = policy.rules.find(rule => rule.kind === 'discount_cap')
  // The 380th of 400 grants is 1895 bps, rounded up to a step of 50.
  assert.deepEqual(cap?.params, { cap_bps: 1900 })
  assert.deepEqual(cap?.tune, { cap_bps: { min: 1000, max: 2000, step: 50 } })
})

test('a policy as practised leaves a segment alone that is hardly known, and knows no margin without costs', () => {
  const policy = practisedPolicy(columnsOfQuotes([granted('rare', 100, 1)]))
  assert.deepEqual(policy.rules, [])
})
