import { DatabaseSync } from 'node:sqlite'
import { CODE_COLUMNS } from './database-file.ts'
import { channelOf, type MakePeer, termOf } from './peer.ts'
import { rowTally } from './row-tally.ts'
import { twelveRulesSql } from './sql-text.ts'

const STATEMENT = twelveRulesSql({
  quotient: (dividend, divisor) => `((${dividend}) / (${divisor}))`,
  least: 'min',
  truth: comparison => `(${comparison})`,
  kept: 'MATERIALIZED',
})

/** A table of integer codes in SQLite's memory. */
export const sqlite: MakePeer = columns => {
  const database = new DatabaseSync(':memory:')
  const names = CODE_COLUMNS.map(([name]) => name)
  database.exec(`CREATE TABLE quotes (${names.map(name => `${name} INTEGER`).join(', ')})`)
  database.exec('BEGIN')
  const insert = database.prepare(`INSERT INTO quotes VALUES (${names.map(() => '?').join(', ')})`)
  const channels = channelOf(columns).codes
  const terms = termOf(columns).values
  for (let row = 0; row < columns.rows; row += 1) {
    const cost = columns.costCents[row] as number
    insert.run(
      columns.segment.codes[row] as number,
      columns.region.codes[row] as number,
      channels[row] as number,
      terms[row] as number,
      columns.listCents[row] as number,
      Number.isNaN(cost) ? null : cost,
      columns.requestedDiscountBps[row] as number,
    )
  }
  database.exec('COMMIT')
  const question = database.prepare(STATEMENT)
  return {
    tally: () => rowTally(question.get() as Record<string, unknown>),
    close: () => database.close(),
  }
}
