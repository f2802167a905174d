import { tallyOneByOne } from '../../src/domain/tally.ts'
import { twelveRules } from '../twelve-rules.ts'
import type { MakePeer } from './peer.ts'

/** The domain's own decision, quote by quote. */
export const oracle: MakePeer = columns => {
  const policy = twelveRules()
  return { tally: () => tallyOneByOne(columns, policy) }
}
