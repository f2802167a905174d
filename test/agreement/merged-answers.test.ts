import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { withDuckDB } from '../../src/adapters/duckdb/connection.ts'
import { parquetQuotes } from '../../src/adapters/duckdb/parquet-quotes.ts'
import { writeParquet } from '../../src/adapters/duckdb/parquet-write.ts'
import { oracleEngine } from '../../src/adapters/oracle-engine.ts'
import { type Answers, assembleSums, type Row } from '../../src/adapters/sql/assemble.ts'
import { mergedAnswers, mergedHistory } from '../../src/adapters/sql/merge.ts'
import { type Ask, askAbout, askHistory } from '../../src/adapters/sql/questions.ts'
import { clusterNamesQuestion } from '../../src/adapters/sql/sums.ts'
import type { CheckedPolicy } from '../../src/domain/policy.ts'
import type { ReplaySums, ReplayTask } from '../../src/domain/replay.ts'
import { snapshotColumns } from '../../src/domain/snapshot-columns.ts'
import { scratchFolder } from '../support/fresh-home.ts'
import { arbitraryTask } from '../support/generate-task.ts'
import { oneTouchedTask, sharpTask, wideTask } from '../support/sql-tasks.ts'

const SEED = Number(process.env.QUOTEY_TEST_SEED ?? Date.now() % 1_000_000)
const PORTIONS = [0, 1, 2]

/** The sums of a candidate, asked in DuckDB about a third of the quotes at a time, by a hash of their ids. */
async function inThirds(ask: Ask, file: string, task: ReplayTask): Promise<readonly ReplaySums[]> {
  const whole = parquetQuotes(file, task.columns)
  const sources = PORTIONS.map(rest => ({
    ...whole,
    quotes: `${whole.quotes} WHERE hash(quote_id) % ${PORTIONS.length} = ${rest}`,
  }))
  const histories: (readonly Row[])[] = []
  for (const source of sources) histories.push(await askHistory(ask, source))
  const sumsOf = async (candidate: CheckedPolicy): Promise<ReplaySums> => {
    const parts: Answers[] = []
    const touched = new Set<string>()
    for (const source of sources) {
      const { answers, sql } = await askAbout(ask, source, task, mergedHistory(histories), candidate)
      parts.push(answers)
      for (const slice of [0, 1]) {
        for (const row of await ask(clusterNamesQuestion(sql.compared, 'hash(cluster)', 2, slice))) {
          touched.add(String(row.cluster))
        }
      }
    }
    return assembleSums(mergedAnswers(parts as [Answers, ...Answers[]], touched.size))
  }
  const sums: ReplaySums[] = []
  for (const candidate of task.candidates) sums.push(await sumsOf(candidate))
  return sums
}

test(`R2 answers about parts of the quotes, put together, are those about all (seed ${SEED})`, async () => {
  using folder = scratchFolder()
  const file = join(folder.path, 'quotes.parquet')
  let moved = 0
  const named = [sharpTask(), wideTask(), oneTouchedTask()]
  for (const any of [...named, ...fc.sample(arbitraryTask(), { seed: SEED, numRuns: 2 })]) {
    const task = { ...any, candidates: any.candidates.slice(0, 1) }
    await writeParquet(file, task.columns.rows, snapshotColumns(task.columns))
    const found = await withDuckDB(connection =>
      inThirds(async question => (await connection.runAndReadAll(question)).getRowObjects(), file, task),
    )
    assert.deepEqual(found, await oracleEngine().evaluate(task))
    for (const { losing_rows, gaining_rows } of found) moved += losing_rows.length + gaining_rows.length
  }
  assert.ok(moved > 0, 'somebody loses or gains')
})
