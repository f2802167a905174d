import type { ReplaySums } from '../../domain/replay.ts'
import type { Progress, StoredQuotes, StoredReplay } from '../../loop/ports.ts'
import { parquetQuotes } from '../duckdb/parquet-quotes.ts'
import { withSpillingDuckDB } from '../duckdb/spill.ts'
import { assembleSums } from './assemble.ts'
import { type Ask, askAbout, askHistory, type QuotesInSql } from './questions.ts'

/** Replays a snapshot where it lies, in DuckDB: quotes are streamed, only sums are kept, and what is counted by name may be spilled. */
export function storedReplay(home: string, progress: Progress, memoryMegabytes?: number): StoredReplay {
  return {
    evaluate: (quotes, task, scattered) =>
      withSpillingDuckDB(
        home,
        async connection => {
          await connection.run("SET disabled_optimizers = 'late_materialization'")
          await connection.run('SET preserve_insertion_order = false')
          let asked = 0
          const ask: Ask = async question => {
            const rows = (await connection.runAndReadAll(question)).getRowObjects()
            asked += 1
            progress(scattered ? 'checking' : 'replaying', asked, questions(task))
            return rows
          }
          const source = sourceOf(quotes, scattered)
          const history = await askHistory(ask, source)
          const sums: ReplaySums[] = []
          for (const candidate of task.candidates) {
            sums.push(assembleSums((await askAbout(ask, source, task, history, candidate)).answers))
          }
          return sums
        },
        memoryMegabytes,
      ),
  }
}

/** One about the history, and at most six or seven a candidate. */
const questions = (task: Parameters<StoredReplay['evaluate']>[1]): number =>
  1 + task.candidates.length * (task.model === null ? 6 : 7)

/** Scattered, half of the quotes by a hash of their ids comes before the other half. */
function sourceOf(stored: StoredQuotes, scattered: boolean): QuotesInSql {
  const source = parquetQuotes(stored.file, stored)
  if (!scattered) return source
  const half = (rest: number): string => `${source.quotes} WHERE hash(quote_id) % 2 = ${rest}`
  return { ...source, quotes: `${half(1)} UNION ALL ${half(0)}` }
}
