import { done, type Result, refuse } from '../domain/refusal.ts'
import type { Instant } from '../domain/units.ts'

/** An instant as people write it: with a time and an offset, so that nobody has to guess whose noon it is. */
export function readInstant(written: string): Result<Instant> {
  const known = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(written)
  const milliseconds = known ? Date.parse(written) : Number.NaN
  return Number.isNaN(milliseconds)
    ? refuse('bad_input', `\`${written}\` is no instant`, 'write it like `2027-01-31T00:00:00Z`')
    : done(new Date(milliseconds).toISOString())
}
