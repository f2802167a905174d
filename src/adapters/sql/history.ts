import { divWide } from '../../domain/arithmetic.ts'
import { REWEIGHTED_QUOTES_MIN, REWEIGHTED_WINDOW_BPS } from '../../domain/support.ts'
import type { Row } from './assemble.ts'
import { anyOf, type Dialect } from './dialect.ts'

/** What all closed quotes of a snapshot say, in scope or not, as SQL over a candidate's decisions. */
export interface History {
  /** The mean latency of an approval in seconds: of the quote's segment, else over all segments; 0 where no quote tells. */
  readonly latencySecondsSql: string
  readonly latenciesKnown: boolean
  /** Whether enough closed quotes were logged near the candidate's offer. */
  readonly reweightedSql: string
}

/** How often was each grant logged, by segment and approval, and how long did approvals take? One pass over all quotes. */
export const historyQuestion = (quotes: string, dialect: Dialect): string => `
  SELECT
    segment,
    offer_known,
    offer_approval,
    offer_granted_bps,
    count(*) AS quotes,
    sum(latency_known) AS latencies,
    ${dialect.sumAs('latency_seconds', 'latency_seconds_sum')}
  FROM (
    SELECT
      segment,
      CASE WHEN closed AND logged_approval IS NOT NULL THEN 1 ELSE 0 END AS offer_known,
      CASE WHEN closed AND logged_approval IS NOT NULL THEN logged_approval ELSE 0 END AS offer_approval,
      CASE WHEN closed AND logged_approval IS NOT NULL THEN logged_discount_bps ELSE 0 END AS offer_granted_bps,
      CASE WHEN approval_outcome = 'approved' AND approval_latency_seconds IS NOT NULL THEN 1 ELSE 0 END AS latency_known,
      CASE WHEN approval_outcome = 'approved' THEN coalesce(approval_latency_seconds, 0) ELSE 0 END AS latency_seconds
    FROM (${quotes})
  )
  GROUP BY segment, offer_known, offer_approval, offer_granted_bps`

/** How many quotes a history's answer is about: all of the snapshot, when it is whole. */
export const quotesOfHistory = (rows: readonly Row[]): number =>
  rows.reduce((sum, row) => sum + Number(row.quotes), 0)

export function historyOf(rows: readonly Row[], dialect: Dialect): History {
  const bySegment = latencies(rows, row => String(row.segment))
  const [overall] = latencies(rows, () => '').values()
  return {
    latencySecondsSql:
      overall === undefined ? '0' : dialect.atText('segment', [...bySegment], String(overall)),
    latenciesKnown: overall !== undefined,
    reweightedSql: anyOf(nearOffers(rows).map(offers => offersSql(offers, dialect))),
  }
}

/** Mean latencies in seconds by key, rounded half away from zero. */
function latencies(rows: readonly Row[], keyOf: (row: Row) => string): ReadonlyMap<string, number> {
  const sums = new Map<string, { readonly seconds: bigint; readonly quotes: bigint }>()
  for (const row of rows) {
    if (Number(row.latencies) === 0) continue
    const before = sums.get(keyOf(row)) ?? { seconds: 0n, quotes: 0n }
    sums.set(keyOf(row), {
      seconds: before.seconds + BigInt(row.latency_seconds_sum as bigint),
      quotes: before.quotes + BigInt(row.latencies as bigint),
    })
  }
  return new Map([...sums].map(([key, { seconds, quotes }]) => [key, Number(divWide(seconds, quotes))]))
}

/** Grants of a segment with one approval, in bps, that lie near enough logged ones: [from, to], apart and in order. */
interface NearOffers {
  readonly segment: string
  readonly approval: number
  readonly ranges: readonly (readonly [number, number])[]
}

function nearOffers(rows: readonly Row[]): readonly NearOffers[] {
  const groups = Map.groupBy(
    rows.filter(row => Number(row.offer_known) === 1),
    row => `${Number(row.offer_approval)}${String(row.segment)}`,
  )
  return [...groups].flatMap(([key, logged]) => {
    const ranges = nearRanges(
      logged.map(row => ({ granted: Number(row.offer_granted_bps), quotes: Number(row.quotes) })),
    )
    return ranges.length === 0 ? [] : [{ segment: key.slice(1), approval: Number(key[0]), ranges }]
  })
}

/** Where enough quotes lie within the window around a grant. They change only where one of them enters or leaves it. */
function nearRanges(
  logged: readonly { readonly granted: number; readonly quotes: number }[],
): readonly (readonly [number, number])[] {
  const changes = logged
    .flatMap(({ granted, quotes }) => [
      { at: granted - REWEIGHTED_WINDOW_BPS, by: quotes },
      { at: granted + REWEIGHTED_WINDOW_BPS + 1, by: -quotes },
    ])
    .toSorted((left, right) => left.at - right.at || right.by - left.by)
  const ranges: [number, number][] = []
  let near = 0
  let from = 0
  for (const { at, by } of changes) {
    const before = near
    near += by
    if (before < REWEIGHTED_QUOTES_MIN && near >= REWEIGHTED_QUOTES_MIN) from = at
    if (before >= REWEIGHTED_QUOTES_MIN && near < REWEIGHTED_QUOTES_MIN) ranges.push([from, at - 1])
  }
  return ranges
}

const offersSql = ({ segment, approval, ranges }: NearOffers, dialect: Dialect): string =>
  `(segment = ${dialect.text(segment)} AND candidate_approval = ${approval} AND ${anyOf(
    ranges.map(([from, to]) => `candidate_granted BETWEEN ${from} AND ${to}`),
  )})`
