import { decide } from '../../src/domain/decision.ts'
import type { CheckedPolicy } from '../../src/domain/policy.ts'
import { type Quote, quoteAt } from '../../src/domain/quote.ts'
import type { CohortScope, ReplaySums, ReplayTask } from '../../src/domain/replay.ts'

/** What may trip an engine, and whether one pair of policies over one snapshot has it. */
const KINDS: Readonly<Record<string, (pair: Pair) => boolean>> = {
  'negative discounts': ({ closed }) => closed.some(quote => quote.requestedDiscountBps < 0),
  'absent columns': ({ policies, quotes }) =>
    quotes.length > 0 &&
    Object.entries(READ_BY).some(
      ([name, read]) => policies.some(policy => says(policy, name)) && quotes.every(quote => read(quote)),
    ),
  'zero prices': ({ policies, closed }) =>
    closed.some(quote =>
      policies.some(policy => {
        const decision = decide(policy, quote)
        return decision.kind === 'decided' && decision.netCents === 0
      }),
    ),
  'extreme money': ({ closed }) => closed.some(quote => quote.listCents >= 400_000_000_000),
  'empty scopes': ({ quotes, sums }) => quotes.length > 0 && sums.in_scope === 0,
  'windows that part the quotes': ({ scope, quotes, sums }) =>
    scope.window !== null && sums.in_scope > 0 && sums.in_scope < quotes.length,
  'long lists of integers': ({ policies }) =>
    policies.some(policy => / in \[(-?\d+, ){6}/.test(textOf(policy))),
  unicode: ({ policies }) => policies.some(policy => [...textOf(policy)].some(letter => letter > '\u007f')),
  'duplicate rules': ({ policies }) => policies.some(policy => /-again"/.test(textOf(policy))),
  'contradictory rules': ({ policies }) =>
    policies.some(policy => /-(against|never|always)"/.test(textOf(policy))),
  'quotes not replayable': ({ sums }) =>
    sums.not_replayable.attribute_absent + sums.not_replayable.cost_absent > 0,
  'offers supported by others': ({ sums }) => sums.support.reweighted > 0,
  'changed quotes': ({ sums }) => sums.impacted > 0,
  'changed quotes under a model': ({ sums }) => sums.impacted > 0 && sums.response !== null,
}

interface Pair {
  readonly policies: readonly CheckedPolicy[]
  readonly scope: CohortScope
  readonly quotes: readonly Quote[]
  readonly closed: readonly Quote[]
  readonly sums: ReplaySums
}

/** Attributes by the name a rule uses, with whether a quote lacks them. */
const READ_BY: Readonly<Record<string, (quote: Quote) => boolean>> = {
  'quote.cost_cents': quote => quote.costCents === null,
  'quote.margin_bps': quote => quote.costCents === null,
  'quote.segment': quote => quote.segment === '',
  'quote.attr.term': quote => (quote.attributes.term ?? null) === null,
  'quote.attr.channel': quote => (quote.attributes.channel ?? null) === null,
}

const textOf = ({ document }: CheckedPolicy): string => JSON.stringify(document.rules)
const says = (policy: CheckedPolicy, name: string): boolean => textOf(policy).includes(name)

/** Pairs of policies by kind. */
export type KindCounts = Record<string, number>

export const noKinds = (): KindCounts => Object.fromEntries(Object.keys(KINDS).map(kind => [kind, 0]))

/** Adds each pair of a task, with its sums in order of candidates, to the counts of the kinds it has. */
export function countKinds(counts: KindCounts, task: ReplayTask, sums: readonly ReplaySums[]): void {
  const quotes = Array.from({ length: task.columns.rows }, (_, row) => quoteAt(task.columns, row))
  const closed = quotes.filter(quote => quote.outcome !== 'open')
  for (const [at, candidate] of task.candidates.entries()) {
    const pair = {
      policies: [task.base, candidate],
      scope: task.scope,
      quotes,
      closed,
      sums: sums[at] as ReplaySums,
    }
    for (const [kind, has] of Object.entries(KINDS)) if (has(pair)) counts[kind] = (counts[kind] ?? 0) + 1
  }
}
