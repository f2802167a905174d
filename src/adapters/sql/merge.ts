import { MOVERS_MAX } from '../../domain/replay.ts'
import { compareText } from '../../domain/text.ts'
import type { Answers, Row } from './assemble.ts'
import { DIMENSION_KEYS } from './slices.ts'
import { MOVER_SIGNS, type MoverSign } from './sums.ts'

/** Columns of a history that say what is counted; all others are sums. */
const HISTORY_KEYS = ['segment', 'offer_known', 'offer_approval', 'offer_granted_bps']

export const mergedHistory = (histories: readonly (readonly Row[])[]): readonly Row[] =>
  mergedRows(histories.flat(), HISTORY_KEYS)

/**
 * The answers about one candidate by parts of the quotes that share none, as if they were asked at once: every column that is no key is a
 * sum. How many customers are touched is no sum, so it is handed in.
 */
export function mergedAnswers(parts: readonly [Answers, ...Answers[]], impactedClusters: number): Answers {
  const [first] = parts
  const rows = (of: (part: Answers) => readonly Row[], keys: readonly string[]): readonly Row[] =>
    mergedRows(parts.flatMap(of), keys)
  const [losing, gaining] = MOVER_SIGNS.map(sign =>
    firstOf(
      parts.flatMap(part => part[sign]),
      sign,
    ),
  ) as [readonly Row[], readonly Row[]]
  return {
    counts: rows(part => [part.counts], [])[0] ?? {},
    latenciesKnown: first.latenciesKnown,
    clusters: {
      ...rows(part => [part.clusters], [])[0],
      impacted_clusters: impactedClusters,
    },
    byDimension: rows(part => part.byDimension, ['dimension', ...DIMENSION_KEYS]),
    byRule: rows(part => part.byRule, ['rule']),
    ruleIds: first.ruleIds,
    response:
      first.response === null
        ? null
        : { fits: first.response.fits, rows: rows(part => part.response?.rows ?? [], ['fit']) },
    losing,
    gaining,
  }
}

/** One row for each combination of the keys, with everything else added up; what was summed over no row stays NULL. */
function mergedRows(rows: readonly Row[], keys: readonly string[]): readonly Row[] {
  const merged = new Map<string, Record<string, unknown>>()
  for (const row of rows) {
    const name = JSON.stringify(keys.map(key => (row[key] === null ? null : String(row[key]))))
    const sums = merged.get(name)
    if (sums === undefined) {
      merged.set(name, { ...row })
      continue
    }
    for (const [column, value] of Object.entries(row)) {
      if (!keys.includes(column)) sums[column] = sumOf(sums[column], value)
    }
  }
  return [...merged.values()]
}

function sumOf(one: unknown, other: unknown): unknown {
  if (one === null) return other
  if (other === null) return one
  return BigInt(one as string) + BigInt(other as string)
}

/** Those who lose, or gain, most of all: by what the change is worth, then by id. */
const firstOf = (rows: readonly Row[], sign: MoverSign): readonly Row[] =>
  rows
    .map(row => {
      const delta = BigInt(row.mover_delta as string)
      return { row, quoteId: String(row.quote_id), rank: sign === 'losing' ? delta : -delta }
    })
    .toSorted((left, right) => {
      if (left.rank !== right.rank) return left.rank < right.rank ? -1 : 1
      return compareText(left.quoteId, right.quoteId)
    })
    .map(({ row }) => row)
    .slice(0, MOVERS_MAX)
