import { randomBytes } from 'node:crypto'
import type { Instant } from '../domain/units.ts'
import type { Clock, Randomness } from '../loop/ports.ts'

/** The system's clock, held still where the system sets it back. */
export function systemClock(): Clock {
  let newest = 0
  return {
    now: (): Instant => {
      newest = Math.max(newest, Date.now())
      return new Date(newest).toISOString()
    },
    monotonicMs: () => performance.now(),
  }
}

export const systemRandomness: Randomness = {
  id: prefix => `${prefix}_${randomBytes(12).toString('hex')}`,
  share: () => randomBytes(4).readUInt32BE() / 2 ** 32,
}
