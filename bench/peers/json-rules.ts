import { type Condition, Engine, type RuleProperties } from 'json-rules-engine'
import { type QuoteObject, quoteObjects, roundedMargin } from './object-loop.ts'
import { type MakePeer, noSums, type Sums, tallyOf } from './peer.ts'

const is = (fact: string, operator: string, value: unknown): Condition => ({ fact, operator, value })
const all = (...conditions: Condition[]): Condition => ({ all: conditions })
const any = (...conditions: Condition[]): Condition => ({ any: conditions })

const cap = (limit: number, ...conditions: Condition[]): RuleProperties => ({
  conditions: { all: conditions },
  event: { type: 'cap', params: { limit } },
})

const CAPS: RuleProperties[] = [
  cap(1800, is('segment', 'equal', 'smb')),
  cap(2200, is('segment', 'equal', 'mid_market')),
  cap(3000, is('segment', 'equal', 'enterprise')),
  cap(1000, is('segment', 'notIn', ['smb', 'mid_market', 'enterprise'])),
  cap(1600, is('channel', 'equal', 'web'), is('term', 'lessThanInclusive', 12)),
]

const OTHERS: RuleProperties[] = [
  ...[
    all(is('granted', 'greaterThan', 2000), is('region', 'in', ['na', 'emea'])),
    all(is('granted', 'greaterThan', 1500), is('region', 'equal', 'apac')),
    all(is('list', 'greaterThanInclusive', 25_000_000), is('granted', 'greaterThan', 1200)),
    any(is('term', 'greaterThanInclusive', 48), is('margin', 'lessThan', 500)),
  ].map(condition => ({ conditions: { all: [condition] }, event: { type: 'approval' } })),
  ...[
    all(is('margin', 'lessThan', 1000)),
    all(is('segment', 'equal', 'smb'), is('margin', 'lessThan', 1500)),
    all(is('margin', 'lessThan', 0)),
  ].map(condition => ({ conditions: { all: [condition] }, event: { type: 'violation' } })),
]

/** Conditions by the library in two runs, because the second needs what the first grants; arithmetic by the host. */
export const jsonRulesEngine: MakePeer = columns => {
  const quotes = quoteObjects(columns)
  const caps = new Engine(CAPS)
  const others = new Engine(OTHERS)
  const add = async (sums: Sums, quote: QuoteObject): Promise<void> => {
    if (quote.costCents === null) {
      sums.attributeAbsent += 1
      return
    }
    const { segment, region, channel, term, listCents: list } = quote
    let granted = quote.requestedBps
    for (const event of (await caps.run({ segment, channel, term })).events) {
      granted = Math.min(granted, event.params?.limit as number)
    }
    const net = list - Math.floor((list * granted + 5000) / 10_000)
    const margin = roundedMargin(net - quote.costCents, net)
    const { events } = await others.run({ segment, region, term, list, granted, margin })
    const approvals = events.filter(event => event.type === 'approval').length
    sums.approvals += approvals > 0 ? 1 : 0
    sums.violations += events.length - approvals
    sums.decided += 1
    sums.netCents += net
    sums.profitCents += net - quote.costCents
    sums.marginBps += margin
  }
  return {
    tally: async () => {
      const sums = noSums()
      for (const quote of quotes) await add(sums, quote)
      return tallyOf(sums)
    },
  }
}
