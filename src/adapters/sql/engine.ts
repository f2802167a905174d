import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReplayEngine, ReplaySums } from '../../domain/replay.ts'
import { snapshotColumns } from '../../domain/snapshot-columns.ts'
import { withDuckDB } from '../duckdb/connection.ts'
import { parquetQuotes } from '../duckdb/parquet-quotes.ts'
import { writeParquet } from '../duckdb/parquet-write.ts'
import { assembleSums } from './assemble.ts'
import { type Ask, askAbout, askHistory } from './questions.ts'

/**
 * The engine that asks a database: both policies become one SELECT over the snapshot as a Parquet file, evaluated by DuckDB,
 * and only sums come back. It shares no line of deciding or summing with the other engines. Holds nothing between tasks.
 */
export function sqlEngine(): ReplayEngine {
  return {
    name: 'sql',
    async evaluate(task, progress) {
      const folder = await mkdtemp(join(tmpdir(), `quotey-sql-${process.pid}-`))
      try {
        const path = join(folder, 'quotes.parquet')
        await writeParquet(path, task.columns.rows, snapshotColumns(task.columns))
        return await withDuckDB(async connection => {
          // It would compute every stage twice, once for the ten movers' numbers and once more for their rows.
          await connection.run("SET disabled_optimizers = 'late_materialization'")
          const ask: Ask = async question => (await connection.runAndReadAll(question)).getRowObjects()
          const source = parquetQuotes(path, task.columns)
          const history = await askHistory(ask, source)
          const sums: ReplaySums[] = []
          for (const candidate of task.candidates) {
            const { answers } = await askAbout(ask, source, task, history, candidate)
            sums.push(assembleSums(answers))
            progress?.(sums.length, task.candidates.length)
          }
          return sums
        })
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
    close: async () => undefined,
  }
}
