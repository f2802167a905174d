import { Session } from 'chdb'
import { CODE_COLUMNS, withCodesFile } from './database-file.ts'
import type { MakePeer } from './peer.ts'
import { rowTally } from './row-tally.ts'
import { twelveRulesSql } from './sql-text.ts'

const TYPES = { 8: 'Int8', 32: 'Int32', 64: 'Int64' } as const

const STATEMENT = twelveRulesSql({
  quotient: (dividend, divisor) => `intDiv(${dividend}, ${divisor})`,
  least: 'least',
  truth: comparison => `(${comparison})`,
})

/** A table of integer codes in the memory of ClickHouse in this process, two threads. */
export const chdb: MakePeer = async columns => {
  const session = new Session()
  const typed = CODE_COLUMNS.map(([name, bits]) =>
    name === 'cost_cents' ? `${name} Nullable(${TYPES[bits]})` : `${name} ${TYPES[bits]}`,
  )
  const selected = CODE_COLUMNS.map(([name, bits]) =>
    name === 'cost_cents' ? name : `CAST(assumeNotNull(${name}) AS ${TYPES[bits]})`,
  )
  session.query('SET max_threads = 2')
  // Otherwise `net_cents` within the other sums would mean the sum of that name.
  session.query('SET prefer_column_name_to_alias = 1')
  session.query('CREATE DATABASE bench')
  session.query(`CREATE TABLE bench.quotes (${typed.join(', ')}) ENGINE = Memory`)
  await withCodesFile(columns, path =>
    session.query(`INSERT INTO bench.quotes SELECT ${selected.join(', ')} FROM file('${path}', Parquet)`),
  )
  session.query('USE bench')
  return {
    tally: () => rowTally(JSON.parse(session.query(STATEMENT, 'JSONEachRow')) as Record<string, unknown>),
    close: () => session.close(),
  }
}
