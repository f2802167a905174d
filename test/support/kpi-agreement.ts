import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { runKpiQuery } from '../../src/adapters/sqlite/kpi.ts'
import { fillPostgres, makeContractTables, postgresKpi } from './kpi-postgres.ts'
import { type KpiWorld, referenceDetail, referenceSummary } from './kpi-reference.ts'
import { referenceSummaryV2 } from './kpi-reference-v2.ts'
import { CONTRACT_TABLES, fill, kpiWorlds } from './kpi-world.ts'
import type { TestPostgres } from './postgres.ts'

export const START = '2026-10-23T14:00:00.000Z'
export const END = '2026-11-22T14:00:00.000Z'

export function databaseOf(world: KpiWorld, path = ':memory:'): DatabaseSync {
  const database = new DatabaseSync(path)
  database.exec(CONTRACT_TABLES)
  fill(database, world)
  return database
}

/** What the whole pack must say of a world, by the independent computation. */
export const referencePack = (world: KpiWorld, start: string, end: string) => ({
  clo_kpi_summary_v1: [referenceSummary(world, start, end)],
  clo_kpi_summary_v2: [referenceSummaryV2(world, start, end)],
  clo_kpi_projected_vs_realized_detail_v1: referenceDetail(world, start, end),
})

export const QUERIES = [
  'clo_kpi_summary_v1',
  'clo_kpi_summary_v2',
  'clo_kpi_projected_vs_realized_detail_v1',
] as const

export function agreesInSqlite(world: KpiWorld): void {
  const database = databaseOf(world)
  const expected = referencePack(world, START, END)
  for (const query of QUERIES) {
    assert.deepEqual(runKpiQuery(database, query, START, END), expected[query], query)
  }
  database.close()
}

/** Event sets on which both databases gave the independent figures; throws on the first that does not, with its seed. */
export async function agreeOnWorlds(postgres: TestPostgres, worlds: number, seed: number): Promise<number> {
  await makeContractTables(postgres)
  let agreed = 0
  await fc.assert(
    fc.asyncProperty(kpiWorlds(Date.parse(START), Date.parse(END)), async world => {
      agreesInSqlite(world)
      await fillPostgres(postgres, world)
      const expected = referencePack(world, START, END)
      for (const query of QUERIES) {
        assert.deepEqual(await postgresKpi(postgres, query, START, END), expected[query], query)
      }
      agreed += 1
    }),
    { numRuns: worlds, seed },
  )
  return agreed
}
