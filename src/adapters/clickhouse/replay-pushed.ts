import type { CheckedPolicy } from '../../domain/policy.ts'
import type { ReplaySums, ReplayTask } from '../../domain/replay.ts'
import { type Answers, assembleSums, type Row } from '../sql/assemble.ts'
import { contradiction } from '../sql/complete.ts'
import { quotesOfHistory } from '../sql/history.ts'
import { mergedAnswers, mergedHistory } from '../sql/merge.ts'
import { askAbout, askHistory, type CandidateInSql, type QuotesInSql } from '../sql/questions.ts'
import type { WithAttributes } from '../sql/quotes.ts'
import {
  clusterNamesQuestion,
  type LastMover,
  MOVER_SIGNS,
  type MoverSign,
  standingQuestion,
} from '../sql/sums.ts'
import { everyOne, type Holder, provenArrival } from './arrival.ts'
import type { ClickHouse } from './connection.ts'
import { CLICKHOUSE } from './dialect.ts'
import type { Fingerprint } from './fingerprint.ts'
import { pushedQuotes } from './pushed-quotes.ts'
import { notWhole } from './unavailable.ts'

/** Quotes that are asked about together, apart from all others. */
interface Portion {
  readonly database: ClickHouse
  readonly source: QuotesInSql
  readonly history: readonly Row[]
  readonly rows: number
}

/** What a portion answered about a candidate, checked by itself. */
interface Answered {
  readonly portion: Portion
  readonly answers: Answers
  readonly sql: CandidateInSql
}

export interface PushedTask extends Omit<ReplayTask, 'columns'> {
  readonly quotes: WithAttributes
  /** Of the quotes that are to be replayed. */
  readonly fingerprint: Fingerprint
  /** Whether those that a server holds are cut in two by a hash of their ids and each half asked about by itself. */
  readonly scattered: boolean
}

/**
 * Replays quotes where they were pushed: every server that holds some works its own out and answers with sums, which are added up here. Throws
 * BrokenState where rows are missing, a server gives no answer, or one answer is about fewer quotes than another.
 */
export async function replayPushed(
  database: ClickHouse,
  task: PushedTask,
  progress: (done: number, total: number) => void,
): Promise<readonly ReplaySums[]> {
  const { condition, holders } = await provenArrival(database, task.snapshotDigest, task.fingerprint)
  const portions = (await everyOne(holders.map(holder => portionsOf(holder, condition, task)))).flat()
  const history = mergedHistory(portions.map(portion => portion.history))
  const sums: ReplaySums[] = []
  for (const candidate of task.candidates) {
    const answered = await everyOne(portions.map(portion => answersOf(portion, task, history, candidate)))
    sums.push(assembleSums(await togetherOf(answered as unknown as readonly [Answered, ...Answered[]])))
    progress(sums.length, task.candidates.length)
  }
  return sums
}

async function portionsOf(
  { database, table, rows }: Holder,
  condition: string,
  { quotes, scattered }: PushedTask,
): Promise<readonly Portion[]> {
  const conditions = scattered
    ? [1, 0].map(rest => `${condition} AND cityHash64(quote_id) % 2 = ${rest}`)
    : [condition]
  const portions = await everyOne(
    conditions.map(async each => {
      const source = pushedQuotes(quotes, table, each)
      const history = await askHistory(question => database.ask(question), source)
      return { database, source, history, rows: quotesOfHistory(history) }
    }),
  )
  agree(
    database,
    'history',
    rows,
    portions.reduce((sum, portion) => sum + portion.rows, 0),
  )
  return portions
}

async function answersOf(
  portion: Portion,
  task: PushedTask,
  history: readonly Row[],
  candidate: CheckedPolicy,
): Promise<Answered> {
  const { database, source, rows } = portion
  const { answers, sql } = await askAbout(
    question => database.ask(question),
    source,
    task,
    history,
    candidate,
  )
  const against = contradiction(answers, rows)
  if (against !== null) agree(database, against.question, against.expected, against.found)
  await checkMovers(database, answers, sql)
  return { portion, answers, sql }
}

async function togetherOf(answered: readonly [Answered, ...Answered[]]): Promise<Answers> {
  const [first, ...others] = answered
  if (others.length === 0) return first.answers
  const clusters = await distinctClusters(answered)
  return mergedAnswers([first.answers, ...others.map(({ answers }) => answers)], clusters)
}

/** Names of touched customers that are held at once, at most; about. */
const NAMES_MAX = 1_000_000

/** One customer may have quotes in several portions, so the names themselves are put together, some at a time where there are many. */
async function distinctClusters(answered: readonly Answered[]): Promise<number> {
  const touching = answered.filter(({ answers }) => clustersOf(answers) > 0)
  const [only] = touching
  if (touching.length === 1 && only !== undefined) return clustersOf(only.answers)
  const slices = Math.ceil(touching.reduce((sum, { answers }) => sum + clustersOf(answers), 0) / NAMES_MAX)
  const named = new Map<Answered, number>()
  let distinct = 0
  for (let rest = 0; rest < slices; rest += 1) {
    const names = new Set<string>()
    await everyOne(
      touching.map(async each => {
        const rows = await each.portion.database.ask(
          clusterNamesQuestion(each.sql.compared, 'cityHash64(cluster)', slices, rest),
        )
        for (const row of rows) names.add(String(row.cluster))
        named.set(each, (named.get(each) ?? 0) + rows.length)
      }),
    )
    distinct += names.size
  }
  for (const each of touching) {
    agree(each.portion.database, 'names of clusters', clustersOf(each.answers), named.get(each) ?? 0)
  }
  return distinct
}

const clustersOf = ({ clusters }: Answers): number => Number(clusters.impacted_clusters ?? 0)

/** Those who lose, or gain, most come without a count of all: so it is asked whether as many stand at or before the last of them. */
async function checkMovers(
  database: ClickHouse,
  answers: Answers,
  { scored }: CandidateInSql,
): Promise<void> {
  const last = (sign: MoverSign): LastMover | null => {
    const row = answers[sign].at(-1)
    return row === undefined
      ? null
      : { quoteId: String(row.quote_id), delta: BigInt(row.mover_delta as string) }
  }
  const lasts = { losing: last('losing'), gaining: last('gaining') }
  if (lasts.losing === null && lasts.gaining === null) return
  const [standing] = (await database.ask(standingQuestion(scored, lasts, CLICKHOUSE))) as [Row]
  const [all] = answers.byDimension.filter(row => row.dimension === 'all')
  agree(database, 'standing of movers', Number(all?.scored ?? 0), Number(standing.scored))
  for (const sign of MOVER_SIGNS) {
    agree(database, `standing of ${sign} quotes`, answers[sign].length, Number(standing[sign]))
  }
}

function agree({ place, shard }: ClickHouse, question: string, expected: number, found: number): void {
  if (expected === found) return
  throw notWhole(
    `${shard === null ? '' : `shard ${shard.number} of `}ClickHouse at \`${place}\` answered \`${question}\` for ${found} quotes of ${expected}`,
    'see that every shard answers and nobody changes the rows meanwhile, then run the command again',
    {
      database: place,
      shard: shard?.number ?? null,
      question,
      quotes_expected: expected,
      quotes_found: found,
    },
  )
}
