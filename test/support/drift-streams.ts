import { driftAfter, type MarginDrift, type RealizedDelta } from '../../src/domain/margin-drift.ts'
import { RandomStream } from '../../src/domain/market-random.ts'
import { jackknifeEstimate } from '../../src/domain/statistics.ts'

/**
 * Streams of outcomes as a year of monitoring sees them: QUOTES_A_DAY closed quotes a day for DAYS days, looked at every evening.
 * Most quotes are decided alike by both policies (delta 0); where they differ the margin moves.
 */
export const DAYS = 365
export const QUOTES_A_DAY = 20

/** How the margin delta of one quote is drawn; its mean is exactly PROMISED_BPS plus the shift. */
export const SHAPES = ['few_change', 'wide', 'returning_customers'] as const
export type Shape = (typeof SHAPES)[number]

export const PROMISED_BPS = 30

/** One quote's delta, bps. few_change: one in ten moves, by ten times the mean on average · wide: standard deviation 400. */
function draw(
  shape: Shape,
  stream: RandomStream,
  meanBps: number,
  customers: readonly number[],
): RealizedDelta {
  switch (shape) {
    case 'few_change': {
      const moves = stream.choose([9, 1]) === 1
      return { cluster: '', deltaBps: moves ? Math.round(10 * meanBps + 150 * stream.normal()) : 0 }
    }
    case 'wide':
      return { cluster: '', deltaBps: Math.round(meanBps + 400 * stream.normal()) }
    case 'returning_customers': {
      const customer = stream.choose(customers.map(() => 1))
      const own = customers[customer] as number
      return { cluster: `customer ${customer}`, deltaBps: Math.round(meanBps + own + 150 * stream.normal()) }
    }
  }
}

const CUSTOMERS = 300

/** How far customers differ, standard deviation 150 bps; centred, so that the mean over customers is the mean meant. */
function customersOf(shape: Shape, stream: RandomStream): readonly number[] {
  if (shape !== 'returning_customers') return []
  const own = Array.from({ length: CUSTOMERS }, () => 150 * stream.normal())
  const mean = own.reduce((sum, value) => sum + value, 0) / CUSTOMERS
  return own.map(value => value - mean)
}

export interface Watched {
  /** Day of the first alarm, from 1; null without one. */
  readonly sequenceDay: number | null
  /** The same for a 95% interval computed afresh every evening from all quotes so far. */
  readonly intervalDay: number | null
}

/** One year: does the sequence, or the daily interval, ever lie wholly beside the promise? */
export function watch(shape: Shape, seed: number, shiftBps: number, untilSequence = false): Watched {
  const stream = new RandomStream(seed, 77, SHAPES.indexOf(shape))
  const customers = customersOf(shape, stream)
  const promised = { point: PROMISED_BPS, lower: PROMISED_BPS, upper: PROMISED_BPS }
  let drift: MarginDrift | null = null
  let [sequenceDay, intervalDay]: (number | null)[] = [null, null]
  const daily: { sum: bigint; quotes: bigint }[] = []
  for (let day = 1; day <= DAYS; day += 1) {
    const intake = Array.from({ length: QUOTES_A_DAY }, (_, n) => {
      const drawn = draw(shape, stream, PROMISED_BPS + shiftBps, customers)
      return drawn.cluster === '' ? { ...drawn, cluster: `quote ${n}` } : drawn
    })
    drift = driftAfter(drift, intake, promised)
    const isBeside = drift.verdict === 'below_promise' || drift.verdict === 'above_promise'
    if (isBeside) sequenceDay ??= day
    daily.push({
      sum: intake.reduce((sum, quote) => sum + BigInt(quote.deltaBps), 0n),
      quotes: BigInt(intake.length),
    })
    if (intervalDay === null && day >= 2 && isOutside(daily)) intervalDay = day
    if (sequenceDay !== null && (untilSequence || intervalDay !== null)) break
  }
  return { sequenceDay, intervalDay }
}

/** Whether the delete-a-group jackknife over up to 32 groups of days leaves the promise outside. */
function isOutside(daily: readonly { readonly sum: bigint; readonly quotes: bigint }[]): boolean {
  const groups = Math.min(32, daily.length)
  const sums = Array.from({ length: groups }, () => ({ n: 0n, d: 0n }))
  let [n, d] = [0n, 0n]
  daily.forEach(({ sum, quotes }, at) => {
    const group = sums[at % groups] as { n: bigint; d: bigint }
    group.n += sum
    group.d += quotes
    n += sum
    d += quotes
  })
  const { lower, upper } = jackknifeEstimate(
    { n, d },
    sums.map(group => ({ n: n - group.n, d: d - group.d })),
  )
  return (upper as number) < PROMISED_BPS || (lower as number) > PROMISED_BPS
}
