import type { PolicyDocument, Rule } from '../../src/domain/policy.ts'
import type { Quote } from '../../src/domain/quote.ts'
import { type ReplayTask, WHOLE_SNAPSHOT } from '../../src/domain/replay.ts'
import { checked } from './generate-task.ts'
import { columnsOfQuotes } from './quote-columns.ts'

const QUOTE: Quote = {
  quoteId: 'q',
  segment: 'smb',
  region: 'emea',
  productFamily: '',
  listCents: 1_000_000_000_000,
  costCents: 0,
  requestedDiscountBps: -10_000,
  grantedDiscountBps: 10_000,
  netCents: null,
  approvalRequired: true,
  approvalOutcome: 'approved',
  approvalLatencySeconds: 3,
  outcome: 'won',
  quotedAt: null,
  closedAt: null,
  policyVersion: null,
  cluster: 'c',
  attributes: {},
}

const policy = (rules: readonly Rule[]): PolicyDocument => ({ schema: 'clo_policy.v1', name: 'named', rules })

/** A task over quotes that differ from one another only in what is said, with a candidate and one of no rules. */
export const taskOf = (
  quotes: readonly Partial<Quote>[],
  base: readonly Rule[],
  candidate: readonly Rule[],
): ReplayTask => ({
  snapshotDigest: 'sha256:00',
  columns: columnsOfQuotes(quotes.map((quote, at) => ({ ...QUOTE, quoteId: `q${at}`, ...quote }))),
  base: checked(policy(base)),
  candidates: [checked(policy(candidate)), checked(policy([]))],
  scope: WHOLE_SNAPSHOT,
  model: null,
})

/** A model of one number: who gets a larger discount wins more often. */
export const SLOPE_ALONE = {
  schema: 'clo_response_model.v1',
  size_bounds_cents: [],
  factors: [],
  fits: Array.from({ length: 33 }, () => ({
    intercept_micro: 0,
    level_micro: [],
    size_micro: [],
    approval_micro: 0,
    slope_nano: 1_000_000,
    slope_nano_by_segment: {},
  })),
  slope_offset_nano: 1_000,
  thin_segments: [],
  student_t_ppm: { two_sided_95: 0, one_sided_by_tunables: [] },
  groups_used: [],
} as const

/** Quotes whose sums pass 64 bits, while each stays below 2^63. */
export function wideTask(): ReplayTask {
  const given = taskOf(
    Array.from({ length: 100 }, () => ({ requestedDiscountBps: 10_000, costCents: 1_000_000_000_000 })),
    [],
    [{ id: 'cap', kind: 'discount_cap', when: 'true', params: { cap_bps: -10_000 } }],
  )
  return { ...given, model: SLOPE_ALONE }
}

/** Texts that end a literal, a statement or a C string, or mean something in SQL; two quotes are impacted. */
export function textTask(): ReplayTask {
  const words = ["o'brien", 'a\0b', 'a', '"; drop view quotes; --', "'' or true", 'é\u0301', '公']
  const rules = words.map(
    (word, at): Rule => ({
      id: `rule'${at}`,
      kind: 'approval',
      when: `quote.segment == ${JSON.stringify(word)} || quote.region in [${JSON.stringify(word)}]`,
      approver: word,
    }),
  )
  return taskOf(
    words.flatMap(word => [
      { segment: word.normalize('NFC') },
      { region: word.normalize('NFC'), segment: 'none' },
    ]),
    rules,
    rules.slice(1),
  )
}

/** Twelve quotes of which the candidate touches one, so that most parts of them have nothing to tell. */
export const oneTouchedTask = (): ReplayTask =>
  taskOf(
    Array.from({ length: 12 }, (_, at) => ({
      segment: `s${at}`,
      cluster: `c${at}`,
      requestedDiscountBps: 500,
    })),
    [],
    [{ id: 'cap', kind: 'discount_cap', when: 'quote.segment == "s7"', params: { cap_bps: 0 } }],
  )

/** A rule that is said twice, by the candidate alone: its effect is another, and nothing that is decided. */
export function saidTwiceTask(): ReplayTask {
  const rules: readonly Rule[] = [
    { id: 'approval', kind: 'approval', when: 'true', approver: 'finance' },
    { id: 'approval-again', kind: 'approval', when: 'true', approver: 'finance' },
  ]
  return taskOf([{}, { segment: 'enterprise' }], rules.slice(1), rules)
}

/** Zero prices, prices that end in a half, costs that are absent, duplicate and contradictory rules. */
export function sharpTask(): ReplayTask {
  const rules: readonly Rule[] = [
    { id: 'low', kind: 'discount_cap', when: 'true', params: { cap_bps: 5_000 } },
    { id: 'low-again', kind: 'discount_cap', when: 'true', params: { cap_bps: 5_000 } },
    { id: 'never', kind: 'prohibit', when: 'quote.region == "emea" && !(quote.region == "emea")' },
    { id: 'always', kind: 'prohibit', when: 'quote.region == "emea" || !(quote.region == "emea")' },
    { id: 'floor', kind: 'margin_floor', when: 'quote.margin_bps < 0', params: { floor_bps: -100_000 } },
  ]
  const prices = [1, 2, 3, 19_999, 20_001, 1_000_000_000_000]
  const quotes = prices.flatMap(listCents =>
    [10_000, 9_999, 5_000, 1, 0, -1, -9_999].map(requestedDiscountBps => ({
      listCents,
      requestedDiscountBps,
      costCents: listCents % 2 === 0 ? null : 2,
    })),
  )
  return taskOf(quotes, rules, rules.slice(2))
}

/** Names that every object has of itself, as segments, regions, customers, attributes and parameters; one quote of two is impacted. */
export function inheritedNamesTask(): ReplayTask {
  const names = ['__proto__', 'constructor', 'toString', '10', '2']
  const attributes = Object.fromEntries(
    names.map((name, at) => [name === '10' || name === '2' ? `_${name}` : name, at === 1 ? 5 : 'x']),
  )
  return taskOf(
    names.flatMap(name => [
      { segment: name, region: name, cluster: name, attributes },
      { segment: name, region: name, cluster: name, attributes: { ...attributes, ...without('__proto__') } },
    ]),
    [],
    [
      {
        id: 'constructor',
        kind: 'approval',
        when: 'quote.attr.__proto__ == "x" && quote.attr.constructor >= params.constructor',
        params: { constructor: 5 },
      },
      { id: 'valueOf', kind: 'prohibit', when: 'quote.attr.toString != "x" && quote.attr.valueOf == 1' },
    ],
  )
}

const without = (name: string) => Object.fromEntries([[name, null]])
