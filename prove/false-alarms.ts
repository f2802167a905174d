import { DAYS, PROMISED_BPS, QUOTES_A_DAY, SHAPES, type Shape, watch } from '../test/support/drift-streams.ts'
import type { ProofOptions } from './main.ts'

const FALSE_ALARMS_MAX_SHARE = 0.05
const SHIFTS_BPS = [50, 100, 200]

/**
 * Streams whose mean is exactly what was promised, looked at every evening for a year: at most 5% ever raise an alarm. And how
 * long a true shift from the first day on takes to be seen.
 */
export async function prove(options: ProofOptions): Promise<boolean> {
  const streams = Number(options.streams ?? 1000)
  const firstSeed = Number(options.seed ?? 1)
  console.log(
    `${DAYS} days of ${QUOTES_A_DAY} closed quotes, promised ${PROMISED_BPS} bps, looked at every evening`,
  )
  let held = true
  for (const shape of SHAPES) held = falseAlarms(shape, streams, firstSeed) && held
  for (const shape of SHAPES) for (const shiftBps of SHIFTS_BPS) delays(shape, streams, firstSeed, shiftBps)
  return held
}

function falseAlarms(shape: Shape, streams: number, firstSeed: number): boolean {
  let [bySequence, byInterval] = [0, 0]
  for (let n = 0; n < streams; n += 1) {
    const seen = watch(shape, firstSeed + n, 0)
    if (seen.sequenceDay !== null) bySequence += 1
    if (seen.intervalDay !== null) byInterval += 1
  }
  const held = bySequence <= FALSE_ALARMS_MAX_SHARE * streams
  console.log(
    `${shape}: false alarms in ${bySequence} of ${streams} null streams (at most ${FALSE_ALARMS_MAX_SHARE * streams}); a daily 95% interval: ${byInterval}`,
  )
  return held
}

function delays(shape: Shape, streams: number, firstSeed: number, shiftBps: number): void {
  const days = Array.from(
    { length: streams },
    (_, n) => watch(shape, firstSeed + n, -shiftBps, true).sequenceDay,
  )
  const seen = days.filter(day => day !== null).sort((left, right) => left - right)
  const at = (share: number): string => {
    const day = seen[Math.ceil(share * streams) - 1]
    return day === undefined ? 'not within the year' : `${day} days (${day * QUOTES_A_DAY} quotes)`
  }
  console.log(
    `${shape}, true shift ${-shiftBps} bps: seen in ${seen.length} of ${streams}; half after ${at(0.5)}, nine in ten after ${at(0.9)}`,
  )
}
