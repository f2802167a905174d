import { type CelInput, celEnv, isCelError, parse, plan } from '@bufbuild/cel'
import { Environment } from '@marcbachmann/cel-js'
import type { Rule } from '../../src/domain/policy.ts'
import { twelveRules } from '../twelve-rules.ts'
import { type QuoteObject, quoteObjects, roundedMargin } from './object-loop.ts'
import { type MakePeer, noSums, type Sums, tallyOf } from './peer.ts'

/** What a `when` reads of a quote: integers are BigInts in both libraries. */
interface CelQuote {
  readonly segment: string
  readonly region: string
  readonly list_cents: bigint
  readonly attr: Map<string, string | bigint>
  discount_bps: bigint
  margin_bps: bigint
}

/** Is the rule's condition true of a quote? */
type Test = (quote: CelQuote) => boolean

const ENVIRONMENT = new Environment()
  .registerVariable('quote', {
    schema: {
      segment: 'string',
      region: 'string',
      list_cents: 'int',
      discount_bps: 'int',
      margin_bps: 'int',
      attr: 'map<string, dyn>',
    },
  })
  .registerVariable('params', 'map<string, int>')

const paramsOf = (rule: Rule): Map<string, bigint> =>
  new Map(Object.entries(rule.params ?? {}).map(([name, value]) => [name, BigInt(value)]))

function byCelJs(rule: Rule): Test {
  const program = ENVIRONMENT.parse(rule.when)
  const context = { quote: {} as CelQuote, params: paramsOf(rule) }
  return quote => {
    context.quote = quote
    return program(context) as boolean
  }
}

function byCelEs(rule: Rule): Test {
  const program = plan(celEnv(), parse(rule.when))
  const params = paramsOf(rule)
  return quote => {
    const truth = program({ quote: quote as unknown as CelInput, params })
    if (isCelError(truth)) throw new Error(String(truth))
    return truth as boolean
  }
}

export const celJs: MakePeer = columns => celPeer(quoteObjects(columns), byCelJs)
export const celEs: MakePeer = columns => celPeer(quoteObjects(columns), byCelEs)

/** Conditions by the library, what follows from them by the host. */
function celPeer(quotes: readonly QuoteObject[], testOf: (rule: Rule) => Test): ReturnType<MakePeer> {
  const rules = twelveRules().document.rules.map(rule => ({ ...rule, holds: testOf(rule) }))
  const caps = rules.filter(rule => rule.kind === 'discount_cap')
  const others = rules.filter(rule => rule.kind !== 'discount_cap')
  const celQuotes = quotes.map(
    (quote): CelQuote => ({
      segment: quote.segment,
      region: quote.region,
      list_cents: BigInt(quote.listCents),
      attr: new Map<string, string | bigint>([
        ['channel', quote.channel],
        ['term', BigInt(quote.term)],
      ]),
      discount_bps: 0n,
      margin_bps: 0n,
    }),
  )
  const add = (sums: Sums, quote: QuoteObject, facts: CelQuote): void => {
    if (quote.costCents === null) {
      sums.attributeAbsent += 1
      return
    }
    let granted = quote.requestedBps
    for (const rule of caps)
      if (rule.holds(facts)) granted = Math.min(granted, rule.params?.cap_bps as number)
    const net = quote.listCents - Math.floor((quote.listCents * granted + 5000) / 10_000)
    const margin = roundedMargin(net - quote.costCents, net)
    facts.discount_bps = BigInt(granted)
    facts.margin_bps = BigInt(margin)
    let approval = false
    for (const rule of others) {
      if (!rule.holds(facts)) continue
      if (rule.kind === 'approval') approval = true
      else if (rule.kind === 'prohibit' || margin < (rule.params?.floor_bps as number)) sums.violations += 1
    }
    if (approval) sums.approvals += 1
    sums.decided += 1
    sums.netCents += net
    sums.profitCents += net - quote.costCents
    sums.marginBps += margin
  }
  return {
    tally() {
      const sums = noSums()
      for (const [at, quote] of quotes.entries()) add(sums, quote, celQuotes[at] as CelQuote)
      return tallyOf(sums)
    },
  }
}
