import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { CheckedPolicy } from '../../domain/policy.ts'
import type { ReplayEngine, ReplaySums, ReplayTask } from '../../domain/replay.ts'
import { snapshotColumns } from '../../domain/snapshot-columns.ts'
import { withDuckDB } from '../duckdb/connection.ts'
import { writeParquet } from '../duckdb/parquet-write.ts'
import { assembleSums, type Row } from './assemble.ts'
import { decidedView, policyPair } from './decided.ts'
import { modelTables, SIGMOID } from './model.ts'
import {
  DIV_HALF_AWAY,
  OVERALL_LATENCY,
  quoteColumnOf,
  quotesView,
  REWEIGHTED_GRANTS,
  SEGMENT_LATENCIES,
  scopeSql,
} from './quotes.ts'
import { comparedView, scoredView } from './scored.ts'
import { CLUSTERS, COUNTS, movers, responseSums, SUMS_BY_DIMENSION, sumsByRule } from './sums.ts'

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
          await prepare(connection, path, task)
          const sums: ReplaySums[] = []
          for (const candidate of task.candidates) {
            sums.push(await sumsOf(connection, task, candidate))
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

/** What holds for all candidates: the quotes, what they say of grants and latencies, and the model. */
async function prepare(connection: DuckDBConnection, path: string, task: ReplayTask): Promise<void> {
  const statements = [
    DIV_HALF_AWAY,
    quotesView(path, task.columns),
    REWEIGHTED_GRANTS,
    SEGMENT_LATENCIES,
    OVERALL_LATENCY,
    ...(task.model === null ? [] : [...SIGMOID, ...modelTables(task.model)]),
  ]
  for (const statement of statements) await connection.run(statement)
}

async function sumsOf(
  connection: DuckDBConnection,
  { base, columns, model, scope }: ReplayTask,
  candidate: CheckedPolicy,
): Promise<ReplaySums> {
  const pair = policyPair(base, candidate)
  const columnOf = quoteColumnOf(columns)
  await connection.run(decidedView(pair, columnOf, scopeSql(scope)))
  await connection.run(comparedView(pair, model?.thin_segments ?? []))
  await connection.run(scoredView(model, columnOf))

  const rows = async (question: string): Promise<readonly Row[]> =>
    (await connection.runAndReadAll(question)).getRowObjects()
  const row = async (question: string): Promise<Row> => (await rows(question))[0] as Row
  return assembleSums({
    counts: await row(COUNTS),
    clusters: await row(CLUSTERS),
    byDimension: await rows(SUMS_BY_DIMENSION),
    byRule: await rows(sumsByRule(pair)),
    ruleIds: pair.ruleIds,
    response:
      model === null ? null : { fits: model.fits.length, rows: await rows(responseSums(model, columnOf)) },
    losing: await rows(movers('losing')),
    gaining: await rows(movers('gaining')),
  })
}
