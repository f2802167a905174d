import type { ReplaySums } from '../../domain/replay.ts'
import { assembleSums } from './assemble.ts'
import { effectIndexOf } from './effect-index.ts'
import { baseLayout, candidateLayout } from './layout.ts'
import type { PartitionSums } from './partition.ts'
import type { ColumnarTask } from './plan.ts'
import type { PreparedSnapshot } from './snapshot.ts'

/** What stands behind the numbers of a snapshot. */
export interface SnapshotNames {
  readonly segments: readonly string[]
  readonly regions: readonly string[]
  readonly latenciesKnown: boolean
  /** The row that a prepared one was. */
  readonly rowOf: (place: number) => number
}

export const namesIn = ({ segment, region, latency, order }: PreparedSnapshot): SnapshotNames => ({
  segments: segment.keys,
  regions: region.keys,
  latenciesKnown: latency !== null,
  rowOf: place => order[place] as number,
})

/** The sums of a task's candidates from what all partitions found together. */
export function replaySums(
  { base, candidates, model }: Omit<ColumnarTask, 'inScope'>,
  { segments, regions, latenciesKnown, rowOf }: SnapshotNames,
  sums: PartitionSums,
): readonly ReplaySums[] {
  const { ruleIds } = effectIndexOf([base, ...candidates])
  const fits = model?.fits.length ?? null
  const shape = { segments: segments.length, regions: regions.length, rules: ruleIds.length, fits: fits ?? 0 }
  const naming = {
    segments,
    regions,
    ruleIds,
    fits,
    latenciesKnown,
    baseLayout: baseLayout(segments.length, regions.length),
    layout: candidateLayout(shape),
  }
  return sums.candidates.map(candidate => {
    const assembled = assembleSums(naming, sums.base, candidate)
    const { losing_rows, gaining_rows } = assembled
    return { ...assembled, losing_rows: losing_rows.map(rowOf), gaining_rows: gaining_rows.map(rowOf) }
  })
}
