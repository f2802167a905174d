import { ZenEngine } from '@gorules/zen-engine'
import { type QuoteObject, quoteObjects } from './object-loop.ts'
import { type MakePeer, noSums, type Sums, tallyOf } from './peer.ts'

const IN_FLIGHT = 64

const field = (name: string) => ({ id: name, name, field: name })

/** A decision table that collects the outputs of all rows that hold; an empty cell holds always. */
function table(
  id: string,
  inputs: readonly string[],
  output: string,
  rows: readonly (readonly [cells: Readonly<Record<string, string>>, value: string])[],
): object {
  return {
    id,
    name: id,
    type: 'decisionTableNode',
    content: {
      hitPolicy: 'collect',
      passThrough: true,
      outputPath: id,
      inputs: inputs.map(field),
      outputs: [field(output)],
      rules: rows.map(([cells, value], at) => ({
        _id: `${id}-${at}`,
        ...Object.fromEntries(inputs.map(name => [name, cells[name] ?? ''])),
        [output]: value,
      })),
    },
  }
}

const CAPS = table('caps', ['segment', 'channel', 'term'], 'limit', [
  [{ segment: '"smb"' }, '1800'],
  [{ segment: '"mid_market"' }, '2200'],
  [{ segment: '"enterprise"' }, '3000'],
  [{ segment: 'not($ in ["smb", "mid_market", "enterprise"])' }, '1000'],
  [{ channel: '"web"', term: '<= 12' }, '1600'],
])

const RULES = table('rules', ['granted', 'margin', 'segment', 'region', 'list', 'term'], 'effect', [
  [{ granted: '> 2000', region: '"na", "emea"' }, '"approval"'],
  [{ granted: '> 1500', region: '"apac"' }, '"approval"'],
  [{ list: '>= 25000000', granted: '> 1200' }, '"approval"'],
  [{ term: '>= 48' }, '"approval"'],
  [{ margin: '< 500' }, '"approval"'],
  [{ margin: '< 1000' }, '"violation"'],
  [{ segment: '"smb"', margin: '< 1500' }, '"violation"'],
  [{ margin: '< 0' }, '"violation"'],
])

const ARITHMETIC = {
  id: 'arithmetic',
  name: 'arithmetic',
  type: 'expressionNode',
  content: {
    passThrough: true,
    expressions: [
      { id: 'granted', key: 'granted', value: 'min([requested, min(map(caps, #.limit))])' },
      { id: 'net', key: 'net', value: 'list - floor((list * $.granted + 5000) / 10000)' },
      {
        id: 'margin',
        key: 'margin',
        value:
          '$.net < cost ? -floor(((cost - $.net) * 20000 + $.net) / (2 * $.net)) : floor((($.net - cost) * 20000 + $.net) / (2 * $.net))',
      },
    ],
  },
}

const edge = (sourceId: string, targetId: string) => ({
  id: `${sourceId}-${targetId}`,
  type: 'edge',
  sourceId,
  targetId,
})

const GRAPH = {
  nodes: [
    { id: 'in', name: 'in', type: 'inputNode' },
    CAPS,
    ARITHMETIC,
    RULES,
    { id: 'out', name: 'out', type: 'outputNode' },
  ],
  edges: [edge('in', 'caps'), edge('caps', 'arithmetic'), edge('arithmetic', 'rules'), edge('rules', 'out')],
}

interface Answer {
  readonly net: number
  readonly margin: number
  /** null where no row held. */
  readonly rules: readonly { readonly effect: 'approval' | 'violation' }[] | null
}

/** Tables and arithmetic as one decision model of the library, many quotes in flight at once. */
export const zenEngine: MakePeer = columns => {
  const quotes = quoteObjects(columns)
  const engine = new ZenEngine()
  const decision = engine.createDecision(GRAPH)
  const add = async (sums: Sums, quote: QuoteObject): Promise<void> => {
    if (quote.costCents === null) {
      sums.attributeAbsent += 1
      return
    }
    const {
      segment,
      region,
      channel,
      term,
      listCents: list,
      costCents: cost,
      requestedBps: requested,
    } = quote
    const { result } = await decision.evaluate({ segment, region, channel, term, list, cost, requested })
    const { net, margin, rules } = result as Answer
    const approvals = (rules ?? []).filter(rule => rule.effect === 'approval').length
    sums.approvals += approvals > 0 ? 1 : 0
    sums.violations += (rules ?? []).length - approvals
    sums.decided += 1
    sums.netCents += net
    sums.profitCents += net - cost
    sums.marginBps += margin
  }
  return {
    tally: async () => {
      const sums = noSums()
      for (let from = 0; from < quotes.length; from += IN_FLIGHT) {
        await Promise.all(quotes.slice(from, from + IN_FLIGHT).map(quote => add(sums, quote)))
      }
      return tallyOf(sums)
    },
    close: () => engine.dispose(),
  }
}
