import { TopMovers } from './movers.ts'
import type { CandidatePartition, PartitionSums } from './partition.ts'

/** Adds up what the threads found. All cells are integers, so the order does not matter. */
export function mergePartitions(partitions: readonly PartitionSums[]): PartitionSums {
  const [first, ...rest] = partitions
  if (first === undefined) throw new RangeError('no partition to merge')
  return rest.reduce(
    (left, right) => ({
      base: added(left.base, right.base),
      candidates: left.candidates.map((candidate, at) =>
        mergeCandidate(candidate, right.candidates[at] as CandidatePartition),
      ),
    }),
    first,
  )
}

function mergeCandidate(left: CandidatePartition, right: CandidatePartition): CandidatePartition {
  const cohorts = new Map(left.cohorts)
  for (const [cohort, count] of right.cohorts) cohorts.set(cohort, (cohorts.get(cohort) ?? 0) + count)
  const losing = new TopMovers(-1)
  for (const mover of [...left.losing, ...right.losing]) losing.add(mover)
  const gaining = new TopMovers(1)
  for (const mover of [...left.gaining, ...right.gaining]) gaining.add(mover)
  return {
    cells: added(left.cells, right.cells),
    clusters: left.clusters.map((byte, at) => byte | (right.clusters[at] as number)),
    cohorts,
    losing: losing.kept,
    gaining: gaining.kept,
  }
}

const added = (left: Float64Array, right: Float64Array): Float64Array =>
  left.map((cell, at) => cell + (right[at] as number))
