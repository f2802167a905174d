import type { CheckedPolicy } from '../../domain/policy.ts'
import type { ReplayTask } from '../../domain/replay.ts'
import type { ResponseModel } from '../../domain/response.ts'
import type { Answers, Row } from './assemble.ts'
import type { ColumnOf } from './condition.ts'
import { decidedStages, policyPair } from './decided.ts'
import { type Dialect, oneWhere } from './dialect.ts'
import { type History, historyOf, historyQuestion } from './history.ts'
import { placesOf, winsStages } from './model.ts'
import { scopeSql } from './quotes.ts'
import { comparedStages, scoredStages } from './scored.ts'
import { askSums } from './slices.ts'
import { rowsOf, type Stages, withColumns } from './stages.ts'
import {
  clustersQuestion,
  countsQuestion,
  type MoverSign,
  moversOf,
  moversQuestion,
  movesOf,
  responseQuestion,
  underFits,
} from './sums.ts'

/** Asks a database one question; its sums come back whole, whatever limbs they were taken in. */
export type Ask = (question: string) => Promise<readonly Row[]>

/** The quotes of one snapshot in a database. */
export interface QuotesInSql {
  readonly dialect: Dialect
  /** A SELECT of them, with columns of these names at least. */
  readonly quotes: string
  readonly names: readonly string[]
  readonly columnOf: ColumnOf
}

/** What holds for all candidates of a task. */
export const askHistory = async (ask: Ask, { quotes, dialect }: QuotesInSql): Promise<readonly Row[]> =>
  ask(historyQuestion(quotes, dialect))

/** What a candidate does to the quotes, each made from the one before; `decided` to all of them, the others to those in scope. */
export interface CandidateInSql {
  readonly decided: Stages
  readonly compared: Stages
  readonly scored: Stages
}

export type TaskInSql = Pick<ReplayTask, 'base' | 'scope' | 'model'>

export function candidateInSql(
  { quotes, names, columnOf, dialect }: QuotesInSql,
  { base, scope, model }: TaskInSql,
  history: History,
  candidate: CheckedPolicy,
): CandidateInSql {
  const pair = policyPair(base, candidate)
  const rows = rowsOf(quotes, names)
  const inScope = scopeSql(scope, dialect)
  const marked = withColumns(rows, { in_scope: oneWhere(inScope) })
  const compared = comparedStages(
    decidedStages(rows, inScope, pair, columnOf, dialect),
    pair,
    history,
    model,
    columnOf,
    dialect,
  )
  return {
    decided: decidedStages(marked, null, pair, columnOf, dialect),
    compared,
    scored: scoredStages(compared, model, columnOf, dialect),
  }
}

/** What is answered where nobody is touched. */
const NO_CLUSTERS: Row = { impacted_clusters: 0, impacted_quotes: 0 }

/** Every question about one candidate, one after the other. */
export async function askAbout(
  ask: Ask,
  source: QuotesInSql,
  task: TaskInSql,
  historyRows: readonly Row[],
  candidate: CheckedPolicy,
): Promise<{ readonly answers: Answers; readonly sql: CandidateInSql }> {
  const { dialect, columnOf } = source
  const { model } = task
  const history = historyOf(historyRows, dialect)
  const pair = policyPair(task.base, candidate)
  const sql = candidateInSql(source, task, history, candidate)
  const { decided, compared, scored } = sql
  const row = async (question: string): Promise<Row> => (await ask(question))[0] ?? {}
  const sums = await askSums(ask, scored, model !== null, dialect)
  const all = sums.byDimension.find(({ dimension }) => dimension === 'all') ?? {}
  /** The rest is asked only where the sums say that there is something to tell. */
  const where = async <T>(count: string, question: () => Promise<T>, nothing: T): Promise<T> =>
    Number(all[count] ?? 0) > 0 ? question() : nothing
  const movers = (sign: MoverSign): Promise<readonly Row[]> =>
    where(sign, async () => moversOf(await ask(moversQuestion(scored, sign)), sign), [])
  const wins = (of: ResponseModel): Stages => {
    const moves = movesOf(compared, Object.keys(placesOf(of, columnOf, dialect)), dialect)
    return winsStages(
      underFits(moves, of.fits.length, dialect),
      { number: 'fit', fits: of.fits },
      of,
      columnOf,
      dialect,
    )
  }
  const answers: Answers = {
    counts: await row(countsQuestion(decided)),
    latenciesKnown: history.latenciesKnown,
    clusters: await where('impacted_quotes', () => row(clustersQuestion(compared)), NO_CLUSTERS),
    ...sums,
    ruleIds: pair.ruleIds,
    response:
      model === null
        ? null
        : {
            fits: model.fits.length,
            rows: await where('reoffered_quotes', () => ask(responseQuestion(wins(model), dialect)), []),
          },
    losing: await movers('losing'),
    gaining: await movers('gaining'),
  }
  return { answers, sql }
}
