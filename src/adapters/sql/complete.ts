import { MOVERS_MAX } from '../../domain/replay.ts'
import type { Answers, Row } from './assemble.ts'
import { EVERY_RULE } from './scored.ts'

/** An answer that is about fewer, or more, quotes than another one says there are. */
export interface Contradiction {
  readonly question: string
  readonly expected: number
  readonly found: number
}

/**
 * The first answer that is not about all quotes it should be about; null when there is none. Every answer tells how many quotes it is about, so
 * that one which a part of a database kept out of is known by itself.
 */
export function contradiction(answers: Answers, snapshotRows: number): Contradiction | null {
  const { counts, clusters, byDimension, byRule, response } = answers
  const number = (row: Row | undefined, column: string): number => Number(row?.[column] ?? 0)
  const of = (dimension: string): readonly Row[] => byDimension.filter(row => row.dimension === dimension)
  const [all] = of('all')
  const impacted = number(all, 'impacted_quotes')
  const scored =
    number(counts, 'in_scope_quotes') -
    number(counts, 'open_quotes') -
    number(counts, 'attribute_absent') -
    number(counts, 'cost_absent')
  const fits = Array.from({ length: response?.fits ?? 0 }, (_, fit) => ({
    question: `fit ${fit}`,
    expected: number(all, 'reoffered_quotes'),
    found: number(
      response?.rows.find(row => Number(row.fit) === fit),
      'fit_quotes',
    ),
  }))
  const checks: readonly Contradiction[] = [
    { question: 'counts', expected: snapshotRows, found: number(counts, 'snapshot_rows') },
    { question: 'sums', expected: scored, found: number(all, 'scored') },
    ...['group', 'segment', 'region', 'cohort', 'margin_bin', 'support'].map(dimension => ({
      question: `sums by ${dimension}`,
      expected: scored,
      found: of(dimension).reduce((sum, row) => sum + number(row, 'scored'), 0),
    })),
    { question: 'clusters', expected: impacted, found: number(clusters, 'impacted_quotes') },
    {
      question: 'sums by rule',
      expected: impacted,
      found: number(
        byRule.find(row => Number(row.rule) === EVERY_RULE),
        'scored',
      ),
    },
    ...fits,
    ...(['losing', 'gaining'] as const).map(sign => ({
      question: `${sign} quotes`,
      expected: Math.min(MOVERS_MAX, number(all, sign)),
      found: answers[sign].length,
    })),
  ]
  return checks.find(({ expected, found }) => expected !== found) ?? null
}
