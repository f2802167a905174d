import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Quote } from '../../src/domain/quote.ts'
import { ruleHabits } from '../../src/domain/rule-habits.ts'
import { simulatedHistory, starterPolicy } from '../support/market-columns.ts'
import { columnsOfQuotes } from '../support/quote-columns.ts'

const policy = starterPolicy()
const { quotes } = simulatedHistory({ seed: 12, quotes: 3000 })
const habitOf = (rule: string, changed: (quote: Quote) => Quote = quote => quote): string =>
  ruleHabits(columnsOfQuotes(quotes.map(changed)), policy).get(rule) ?? ''

test('the rationale says which caps nobody meets, with the figures of the history', () => {
  const smb = quotes.filter(({ segment }) => segment === 'smb')
  const beyond = smb.filter(({ requestedDiscountBps }) => requestedDiscountBps > 1800).length
  assert.ok(beyond > 0)
  assert.equal(habitOf('discount-cap-smb'), `the cap cut ${beyond} of ${smb.length} requests`)
  const modest = (quote: Quote): Quote => ({
    ...quote,
    requestedDiscountBps: Math.min(1800, quote.requestedDiscountBps),
  })
  assert.match(habitOf('discount-cap-smb', modest), /nobody meets this cap: none of \d+ requests/)
})

test('it says which approvals are always granted, and where quotes wait', () => {
  assert.match(
    habitOf('manager-approval'),
    /it asked for \d+ approvals; \d+ of \d+ that were answered were granted/,
  )
  const kind = (quote: Quote): Quote => ({
    ...quote,
    approvalOutcome: quote.approvalOutcome === 'rejected' ? 'approved' : quote.approvalOutcome,
  })
  assert.match(habitOf('manager-approval', kind), /all \d+ that were answered were granted/)
  assert.doesNotMatch(habitOf('regional-approval-apac'), /quotes wait here/)
  const slow = (quote: Quote): Quote => ({
    ...quote,
    approvalLatencySeconds:
      quote.approvalLatencySeconds === null ? null : quote.region === 'apac' ? 360_000 : 36_000,
  })
  assert.match(
    habitOf('regional-approval-apac', slow),
    /they took 100 hours at the median, where all approvals took 10: quotes wait here/,
  )
})

test('it says which floors bind and which bind nowhere', () => {
  const costly = (quote: Quote): Quote => ({
    ...quote,
    costCents: Math.round(0.95 * (quote.netCents as number)),
  })
  const cheap = (quote: Quote): Quote => ({ ...quote, costCents: 0 })
  assert.match(habitOf('margin-floor-smb', costly), /the floor binds: \d+ of \d+ quotes lay below it/)
  assert.match(habitOf('margin-floor-smb', cheap), /binds nowhere/)
})
