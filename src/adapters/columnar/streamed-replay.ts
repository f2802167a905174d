import type { CheckedPolicy } from '../../domain/policy.ts'
import { attributesOf } from '../../domain/policy-cells.ts'
import type { ReplaySums, ReplayTask } from '../../domain/replay.ts'
import type { Progress, StoredReplay } from '../../loop/ports.ts'
import { type QuoteParts, quoteParts } from '../duckdb/quote-parts.ts'
import { withSpillingDuckDB } from '../duckdb/spill.ts'
import { latencyMeansOf } from './latency.ts'
import { PartSums, type PartsTask } from './part-sums.ts'
import type { PartitionSums } from './partition.ts'
import { replaySums } from './replay-sums.ts'
import { supportTablesOf } from './support-table.ts'

const PART_ROWS = 250_000
const SCATTERED_PART_ROWS = 150_000
/** Room for most of a part, so that DuckDB reads on while the part before is replayed. */
const READ_AHEAD_MEGABYTES = 16

export interface StreamOptions {
  readonly memoryMegabytes?: number
  /** Quotes in memory at a time, at most; default 250,000. */
  readonly partRows?: number
}

type Task = Omit<ReplayTask, 'columns'>

/**
 * The columnar engine over a snapshot that stays in its file: quotes are streamed through its loops part by part, whatever their number.
 * Scattered, every other quote comes before the rest, in smaller parts.
 */
export function streamedReplay(
  home: string,
  progress: Progress,
  { memoryMegabytes, partRows }: StreamOptions = {},
): StoredReplay {
  return {
    evaluate: (quotes, task, scattered) =>
      withSpillingDuckDB(
        home,
        async connection => {
          await connection.run('SET preserve_insertion_order = false')
          await connection.run(`SET streaming_buffer_size = '${READ_AHEAD_MEGABYTES}MB'`)
          const parts = await quoteParts(connection, quotes, namedBy(task))
          const of = await partsTask(parts, task, quotes.rows)
          const sums = new PartSums(of)
          let done = 0
          for (const half of scattered ? ([1, 0] as const) : [null]) {
            const rowsMax = partRows ?? (scattered ? SCATTERED_PART_ROWS : PART_ROWS)
            for await (const part of parts.read(task.scope, rowsMax, half)) {
              sums.add(part)
              done += part.rows
              progress(scattered ? 'checking' : 'replaying', done, quotes.rows)
            }
          }
          return withClusters(parts, of, sums.sums())
        },
        memoryMegabytes,
      ),
  }
}

/** What the rules and the model ask of quotes. */
function namedBy({ base, candidates, model }: Task): ReadonlySet<string> {
  const policies: readonly CheckedPolicy[] = [base, ...candidates]
  return new Set([
    ...policies.flatMap(({ rules }) => rules.flatMap(rule => attributesOf(rule.condition))),
    ...(model?.factors ?? []).map(factor => factor.column),
  ])
}

async function partsTask(
  parts: QuoteParts,
  { base, candidates, model }: Task,
  rows: number,
): Promise<PartsTask> {
  const codes = new Map(parts.segments.map((segment, code) => [segment, code]))
  const codeOf = (segment: string): number => codes.get(segment) as number
  const offers = (await parts.loggedOffers()).map(([segment, approval, grantedBps, quotes]) => ({
    segmentCode: codeOf(segment),
    approval,
    grantedBps,
    quotes,
  }))
  const latencies = parts.segments.map(() => ({ seconds: 0n, quotes: 0n }))
  for (const [segment, quotes, seconds] of await parts.latencies()) {
    latencies[codeOf(segment)] = { seconds, quotes }
  }
  return {
    task: { base, candidates, model },
    history: {
      support: supportTablesOf(parts.segments.length, offers),
      latency: latencyMeansOf(latencies),
    },
    rows,
  }
}

/** A customer may stand in several parts, so the database counts them, by the quotes that are impacted. */
async function withClusters(
  { segments, regions, clustersAt }: QuoteParts,
  { task, history }: PartsTask,
  found: PartitionSums,
): Promise<readonly ReplaySums[]> {
  const names = { segments, regions, latenciesKnown: history.latency !== null, rowOf: (row: number) => row }
  const counted: ReplaySums[] = []
  for (const [at, sums] of replaySums(task, names, found).entries()) {
    const places = found.candidates[at]?.clusters as Uint8Array
    counted.push({ ...sums, impacted_clusters: sums.impacted === 0 ? 0 : await clustersAt(places) })
  }
  return counted
}
