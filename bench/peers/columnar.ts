import { columnarEngine } from '../../src/adapters/columnar/engine.ts'
import type { QuoteColumns } from '../../src/domain/quote.ts'
import { twelveRules } from '../twelve-rules.ts'
import type { Peer } from './peer.ts'

/** The product's default engine; threads 0 works in the calling thread. */
const columnarOf = async (columns: QuoteColumns, threads: number): Promise<Peer> => {
  const engine = columnarEngine({ threads })
  const policy = twelveRules()
  // Prepares the snapshot, as a database is filled before it is asked.
  await engine.tally(columns, policy)
  return { tally: () => engine.tally(columns, policy), close: () => engine.close() }
}

export const columnarAlone = (columns: QuoteColumns): Promise<Peer> => columnarOf(columns, 0)
export const columnarOnTwo = (columns: QuoteColumns): Promise<Peer> => columnarOf(columns, 2)
