import { DuckDBInstance } from '@duckdb/node-api'
import { CODE_COLUMNS, withCodesFile } from './database-file.ts'
import type { MakePeer } from './peer.ts'
import { rowTally } from './row-tally.ts'
import { twelveRulesSql } from './sql-text.ts'

export const DUCKDB_TYPES = { 8: 'TINYINT', 32: 'INTEGER', 64: 'BIGINT' } as const

const STATEMENT = twelveRulesSql({
  quotient: (dividend, divisor) => `((${dividend}) // (${divisor}))`,
  least: 'least',
  truth: comparison => `CAST(${comparison} AS INTEGER)`,
})

/** A table of integer codes in DuckDB's memory, two threads. */
export const duckdb: MakePeer = async columns => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' })
  const connection = await instance.connect()
  const selected = CODE_COLUMNS.map(([name, bits]) => `CAST(${name} AS ${DUCKDB_TYPES[bits]}) AS ${name}`)
  await withCodesFile(columns, path =>
    connection.run(`CREATE TABLE quotes AS SELECT ${selected.join(', ')} FROM read_parquet('${path}')`),
  )
  return {
    tally: async () => {
      const reader = await connection.runAndReadAll(STATEMENT)
      return rowTally(reader.getRowObjects()[0] as Parameters<typeof rowTally>[0])
    },
    close: () => {
      connection.closeSync()
      instance.closeSync()
    },
  }
}
