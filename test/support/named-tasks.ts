import { CONDITION_PARTS_MAX } from '../../src/domain/cel.ts'
import type { Rule } from '../../src/domain/policy.ts'
import type { Quote } from '../../src/domain/quote.ts'
import { type CohortScope, type ReplayTask, WHOLE_SNAPSHOT } from '../../src/domain/replay.ts'
import {
  inheritedNamesTask,
  oneTouchedTask,
  SLOPE_ALONE,
  saidTwiceTask,
  sharpTask,
  taskOf,
  textTask,
  wideTask,
} from './sql-tasks.ts'

const cap = (id: string, when: string, cap_bps: number): Rule => ({
  id,
  kind: 'discount_cap',
  when,
  params: { cap_bps },
})

const within = (task: ReplayTask, scope: Partial<CohortScope>): ReplayTask => ({
  ...task,
  scope: { ...WHOLE_SNAPSHOT, ...scope },
})

const FROM = '2026-01-01T00:00:00.000Z'
const TO = '2026-02-01T00:00:00.000Z'

/** Quotes at either end of a window, a millisecond beside it, before 1970, after 2200 and at no time at all; each is impacted. */
const windowTask = (window: CohortScope['window']): ReplayTask => {
  const beside = [FROM, TO].flatMap(at => [-1, 0, 1].map(by => new Date(Date.parse(at) + by).toISOString()))
  const times = [
    ...beside,
    '1969-12-31T23:59:59.999Z',
    '1000-01-01T00:00:00.000Z',
    '2299-12-31T23:59:59.999Z',
    null,
  ]
  const quotes = times.map(quotedAt => ({ quotedAt, requestedDiscountBps: 900 }))
  return within(taskOf(quotes, [], [cap('cap', 'true', 500)]), { window })
}

/** Lists of two hundred integers and texts, some of them said twice, against a price, an integer that may be absent, and a text. */
function longListTask(): ReplayTask {
  const integers = Array.from({ length: 200 }, (_, at) => (at % 2 === 0 ? at * at * at : -at))
  const words = Array.from({ length: 200 }, (_, at) => JSON.stringify(`word ${at % 150}`))
  const list = [...integers, ...integers.slice(0, 20)].join(', ')
  const most = Number.MAX_SAFE_INTEGER
  const quotes = [integers[100] as number, 3].flatMap(listCents =>
    [integers[198] as number, 7, -7, most, -most, null].flatMap(n =>
      ['word 149', 'word 150'].map(word => ({ listCents, attributes: { n, word } })),
    ),
  )
  return taskOf(
    quotes,
    [],
    [
      { id: 'in', kind: 'approval', when: `quote.list_cents in [${list}] && !(quote.attr.n in [${list}])` },
      {
        id: 'word',
        kind: 'prohibit',
        when: `quote.attr.word in [${words.join(', ')}] || quote.attr.n in [7, 7]`,
      },
    ],
  )
}

/** So many rules of each of four kinds; the candidate changes the last of each. */
function manyRulesTask(ofEachKind: number): ReplayTask {
  const rules = (by: number): readonly Rule[] =>
    Array.from({ length: ofEachKind }, (_, at): readonly Rule[] => {
      const [above, step] = [1_000 * at, at === ofEachKind - 1 ? by : 0]
      const when = `quote.list_cents > ${above}`
      return [
        cap(`cap-${at}`, when, 5_000 - 10 * at - step),
        { id: `floor-${at}`, kind: 'margin_floor', when, params: { floor_bps: 10 * at + step } },
        {
          id: `approval-${at}`,
          kind: 'approval',
          when: `${when} && quote.discount_bps > ${step}`,
          approver: `p${at}`,
        },
        { id: `never-${at}`, kind: 'prohibit', when: `quote.list_cents == ${above + 1 + step}` },
      ]
    }).flat()
  const quotes = Array.from({ length: 40 }, (_, at) => ({
    listCents: 1 + 2_000 * at,
    costCents: 1_000 * at,
    requestedDiscountBps: 150 * at,
  }))
  const task = taskOf(quotes, rules(0), rules(7))
  return { ...task, candidates: task.candidates.slice(0, 1) }
}

/** Offers with fifty like them, forty-nine, and fifty a basis point too far away, under a model. */
function reweightedTask(): ReplayTask {
  const history = (segment: string, quotes: number, grantedDiscountBps: number): readonly Partial<Quote>[] =>
    Array.from({ length: quotes }, (_, at) => ({
      segment,
      grantedDiscountBps,
      approvalRequired: false,
      outcome: at % 3 === 0 ? 'lost' : 'won',
      requestedDiscountBps: 0,
    }))
  const asked = ['fifty', 'few', 'far'].map(segment => ({
    segment,
    approvalRequired: false,
    grantedDiscountBps: 3_000,
    requestedDiscountBps: 3_000,
    costCents: 1_000,
    listCents: 100_000,
  }))
  const quotes = [
    ...history('fifty', 50, 1_000),
    ...history('few', 49, 1_000),
    ...history('far', 50, 999),
    ...asked,
  ]
  return { ...taskOf(quotes, [], [cap('cap', 'quote.discount_bps > 2000', 1_100)]), model: SLOPE_ALONE }
}

/** Conditions as large as the check lets pass: a chain, and negations of negations. */
const largestConditionsTask = (): ReplayTask => {
  const chain = Array.from({ length: CONDITION_PARTS_MAX - 1 }, (_, at) => `quote.list_cents == ${at}`)
  return taskOf(
    [{}, { listCents: 7 }],
    [],
    [
      { id: 'any', kind: 'prohibit', when: chain.join(' || ') },
      { id: 'not', kind: 'approval', when: `${'!'.repeat(CONDITION_PARTS_MAX - 2)}true` },
    ],
  )
}

/** Two cohorts whose names come out the same. */
const sameCohortsTask = (): ReplayTask =>
  taskOf(
    [
      { segment: 'a/b', region: 'c', requestedDiscountBps: 900 },
      { segment: 'a', region: 'b/c', requestedDiscountBps: 900 },
    ],
    [],
    [cap('cap', 'true', 500)],
  )

/** A case that engines differed on once, or that is made to tell them apart. */
export interface NamedTask {
  readonly name: string
  readonly task: () => ReplayTask
  /** Quotes that the first candidate touches, so that the case is about something. */
  readonly impacted: number
}

/** What every engine is asked, beside what is generated: a seed that failed becomes a line here. */
export const NAMED_TASKS: readonly NamedTask[] = [
  { name: 'zero prices, halves, duplicate and contradictory rules', task: sharpTask, impacted: 8 },
  { name: 'nobody in scope', task: () => within(sharpTask(), { quote_ids: ['nobody'] }), impacted: 0 },
  { name: 'no quotes', task: () => taskOf([], sharpTask().base.document.rules, []), impacted: 0 },
  { name: 'texts that mean something in SQL', task: textTask, impacted: 2 },
  {
    name: 'texts that mean something in SQL as a scope',
    task: () => within(textTask(), { segments: ["o'brien", 'a\0b', 'a'] }),
    impacted: 1,
  },
  { name: 'totals beyond 64 bits', task: wideTask, impacted: 100 },
  { name: 'one quote of many touched', task: oneTouchedTask, impacted: 1 },
  { name: 'a rule said twice', task: saidTwiceTask, impacted: 0 },
  { name: 'names that every object has', task: inheritedNamesTask, impacted: 5 },
  { name: 'cohorts whose names come out the same', task: sameCohortsTask, impacted: 2 },
  { name: 'conditions as large as may be', task: largestConditionsTask, impacted: 2 },
  { name: 'a window of time', task: () => windowTask({ from: FROM, to: TO }), impacted: 3 },
  { name: 'a window without an end', task: () => windowTask({ from: FROM, to: null }), impacted: 6 },
  { name: 'a window without a beginning', task: () => windowTask({ from: null, to: TO }), impacted: 6 },
  { name: 'long lists', task: longListTask, impacted: 15 },
  { name: 'more rules than a word has bits', task: () => manyRulesTask(10), impacted: 7 },
  { name: 'offers supported by fifty others', task: reweightedTask, impacted: 3 },
]

/** As many rules as the check lets pass: DuckDB takes ten seconds to read so much SQL, and ClickHouse thirty. */
export const LARGEST_TASK: NamedTask = {
  name: 'three hundred rules',
  task: () => manyRulesTask(75),
  impacted: 3,
}
