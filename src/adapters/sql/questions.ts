import type { CheckedPolicy } from '../../domain/policy.ts'
import type { ReplayTask } from '../../domain/replay.ts'
import type { Answers, Row } from './assemble.ts'
import type { ColumnOf } from './condition.ts'
import { decidedSql, policyPair } from './decided.ts'
import { type Dialect, oneWhere, withColumns } from './dialect.ts'
import { type History, historyOf, historyQuestion } from './history.ts'
import { placeNames, winsSql } from './model.ts'
import { scopeSql } from './quotes.ts'
import { comparedSql, scoredSql } from './scored.ts'
import {
  clustersQuestion,
  countsQuestion,
  moversOf,
  moversQuestion,
  movesOf,
  RESPONSE_COLUMNS,
  responseQuestion,
  sumsByDimension,
  sumsByRule,
  underFits,
} from './sums.ts'

/** Asks a database one question; its sums come back whole, whatever limbs they were taken in. */
export type Ask = (question: string) => Promise<readonly Row[]>

/** The quotes of one snapshot in a database. */
export interface QuotesInSql {
  readonly dialect: Dialect
  /** A SELECT of them, with the columns that `quoteColumnOf` and the stages name. */
  readonly quotes: string
  readonly columnOf: ColumnOf
}

/** What holds for all candidates of a task. */
export const askHistory = async (ask: Ask, { quotes, dialect }: QuotesInSql): Promise<readonly Row[]> =>
  ask(historyQuestion(quotes, dialect))

/** What a candidate does to the quotes as SELECTs, each made from the one before. */
export interface CandidateInSql {
  readonly decided: string
  readonly compared: string
  readonly scored: string
}

export type TaskInSql = Pick<ReplayTask, 'base' | 'scope' | 'model'>

export function candidateInSql(
  { quotes, columnOf, dialect }: QuotesInSql,
  { base, scope, model }: TaskInSql,
  history: History,
  candidate: CheckedPolicy,
): CandidateInSql {
  const pair = policyPair(base, candidate)
  const marked = withColumns(quotes, [`${oneWhere(scopeSql(scope, dialect))} AS in_scope`])
  const inScope = `SELECT * FROM (${quotes}) WHERE ${scopeSql(scope, dialect)}`
  const compared = comparedSql(
    decidedSql(inScope, pair, columnOf, dialect),
    pair,
    history,
    model,
    columnOf,
    dialect,
  )
  return {
    decided: decidedSql(marked, pair, columnOf, dialect),
    compared,
    scored: scoredSql(compared, model, columnOf, dialect),
  }
}

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
  const answers: Answers = {
    counts: await row(countsQuestion(decided)),
    latenciesKnown: history.latenciesKnown,
    clusters: await row(clustersQuestion(compared)),
    byDimension: await ask(sumsByDimension(scored, model !== null, dialect)),
    byRule: await ask(sumsByRule(scored, model !== null, dialect)),
    ruleIds: pair.ruleIds,
    response:
      model === null
        ? null
        : {
            fits: model.fits.length,
            rows: await ask(
              responseQuestion(
                winsSql(
                  underFits(
                    movesOf(compared, placeNames(model, columnOf), dialect),
                    model.fits.length,
                    dialect,
                  ),
                  'fit',
                  ['fit', ...RESPONSE_COLUMNS],
                  model,
                  columnOf,
                  dialect,
                ),
                dialect,
              ),
            ),
          },
    losing: moversOf(await ask(moversQuestion(scored, 'losing')), 'losing'),
    gaining: moversOf(await ask(moversQuestion(scored, 'gaining')), 'gaining'),
  }
  return { answers, sql }
}
